/** What every page of the console does with JavaScript. Without it everything works as well. */
import { localizeTimes } from "./times";

localizeTimes(document);
sendFormsOnce();
closePanelsByEscape();

/** Longer than a double click, and than the wait until a page that was stopped is tried again. */
const SENT_MS = 3_000;

/** A second click while a form is on its way does nothing. The server would refuse or recognise it anyway, so a form can be
 *  sent again after a while: the browser does not report that its visitor has stopped loading. */
function sendFormsOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    form.setAttribute("aria-busy", "true");
    window.setTimeout(release, SENT_MS, form);
  });
  // A page that the browser shows again from its memory has its forms as they were sent.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) release(form);
  });
}

function release(form: HTMLFormElement): void {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
}

/** Escape closes the open panel and gives the focus back to what had opened it; a click beside it closes it too. */
function closePanelsByEscape(): void {
  const panels = () => document.querySelectorAll<HTMLDetailsElement>("details.account[open]");
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const panel of panels()) {
      panel.open = false;
      panel.querySelector("summary")?.focus();
    }
  });
  document.addEventListener("click", ({ target }) => {
    for (const panel of panels()) if (!panel.contains(target as Node | null)) panel.open = false;
  });
}
