/** The editor of the rules: line numbers, marked lines, and links that lead to a place in the text. */

const area = document.querySelector<HTMLTextAreaElement>("#text");
const links = [...document.querySelectorAll<HTMLAnchorElement>("a[data-offset]")];

if (area) {
  const gutter = addGutter(area);
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(area, Number(link.dataset.offset), Number(link.dataset.length));
    });
  }
  // What is marked is where it was before the text was changed.
  area.addEventListener("input", () => {
    for (const line of gutter.querySelectorAll(".bad")) line.className = "";
  });
}

function addGutter(area: HTMLTextAreaElement): HTMLElement {
  const gutter = document.createElement("div");
  gutter.className = "gutter";
  gutter.ariaHidden = "true";
  area.before(gutter);
  const marked = new Set(links.map(({ dataset }) => Number(dataset.line)));
  let shown = 0;
  const update = () => {
    const lines = area.value.split("\n").length;
    for (; shown < lines; shown += 1) {
      const line = document.createElement("div");
      line.textContent = String(shown + 1);
      if (marked.has(shown + 1)) line.className = "bad";
      gutter.append(line);
    }
    for (; shown > lines; shown -= 1) gutter.lastElementChild?.remove();
    gutter.scrollTop = area.scrollTop;
  };
  area.addEventListener("input", update);
  area.addEventListener("scroll", () => {
    gutter.scrollTop = area.scrollTop;
  });
  update();
  return gutter;
}

/** Selects the place and scrolls it into the middle. */
function goTo(area: HTMLTextAreaElement, offset: number, length: number): void {
  const line = area.value.slice(0, offset).split("\n").length;
  const lineHeight = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.focus();
  area.setSelectionRange(offset, offset + length);
  area.scrollTop = Math.max(0, line * lineHeight - area.clientHeight / 2);
}
