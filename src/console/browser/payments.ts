/** The page of a payment whose outcome is not known: it is loaded again when the outcome is there. */

/** Processors answer late within seconds; a longer interval would be noticed. */
const INTERVAL_MS = 3_000;
/** Two minutes. After that the button on the page is left. */
const MAX_LOOKS = 40;

let looks = 0;

if (isWaiting(document)) {
  schedule();
  document.addEventListener("visibilitychange", schedule);
}

function isWaiting(page: ParentNode): boolean {
  return page.querySelector("[data-waiting]") !== null;
}

let timer: number | undefined;

/** Nothing is sent while the tab is hidden. */
function schedule(): void {
  window.clearTimeout(timer);
  if (document.hidden || looks >= MAX_LOOKS) return;
  timer = window.setTimeout(look, INTERVAL_MS);
}

/** Looks in the background, so that what the visitor does on the page is disturbed at most once. */
async function look(): Promise<void> {
  looks += 1;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(
    () => undefined,
  );
  if (!response?.ok) return schedule();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (isWaiting(page)) schedule();
  else location.reload();
}
