/** The live tail: polls for later events and puts them on top of the page's table. It waits while the tab is hidden or
 *  the visitor has paused it, slows down while it is refused, and stops when the session has ended. */
import { localizeTimes } from "./times";

/** Of a quota that is used up, or a dependency that fails; doubled with each refusal in a row. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;
/** A response that takes longer is given up. */
const RESPONSE_LIMIT_MS = 15_000;
const SIGN_IN = "/console/sign-in?ended=1&next=%2Fconsole%2Fwebhooks%2Flive";

function requireElement<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${id}.`);
}

const rows = requireElement("events", HTMLTableSectionElement);
const state = requireElement("state", HTMLParagraphElement);
const pause = requireElement("pause", HTMLButtonElement);
const newer = requireElement("newer", HTMLAnchorElement);
const intervalMs = Number(rows.dataset.intervalMs);
const maxRows = Number(rows.dataset.maxRows);

let timer: number | undefined;
let isPaused = false;
let isPolling = false;
let hasEnded = false;
let refusals = 0;
/** What the last updates brought, for the live region. */
let news = "";

pause.hidden = false;
newer.hidden = true;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Continue" : "Pause";
  schedule(0);
});
document.addEventListener("visibilitychange", () => schedule(0));
schedule(intervalMs);

/** Plans the next poll, if there is to be one, and says what the page does. */
function schedule(waitMs: number): void {
  window.clearTimeout(timer);
  if (hasEnded || document.hidden) return;
  if (isPaused) {
    say("Paused. No request is sent.");
    return;
  }
  if (refusals === 0) say(`Live: updated every ${intervalMs / 1_000} seconds.${news}`);
  timer = window.setTimeout(poll, waitMs);
}

async function poll(): Promise<void> {
  if (isPolling) return;
  isPolling = true;
  const waitMs = await readRows().catch(() => refuse("The server could not be reached."));
  isPolling = false;
  if (waitMs !== undefined) schedule(waitMs);
}

/** @returns how long to wait for the next poll; undefined for no other one */
async function readRows(): Promise<number | undefined> {
  const query = new URLSearchParams({ cursor: rows.dataset.cursor ?? "" });
  const response = await fetch(`${rows.dataset.source}?${query}`, {
    redirect: "manual",
    signal: AbortSignal.timeout(RESPONSE_LIMIT_MS),
  });
  if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) return end();
  if (response.status === 429) return refuse("The merchant's quota of list requests is used up.");
  if (!response.ok) return refuse(`A part of the service does not respond (${response.status}).`);
  refusals = 0;
  add(new DOMParser().parseFromString(await response.text(), "text/html"));
  return intervalMs;
}

function add(page: Document): void {
  const found = page.querySelector("tbody");
  if (!found) return;
  localizeTimes(found);
  const known = new Set([...rows.rows].map((row) => row.dataset.id));
  const added = [...found.rows].filter((row) => !known.has(row.dataset.id));
  for (const row of added) row.classList.add("new");
  rows.prepend(...added);
  for (const row of [...rows.rows].slice(maxRows)) row.remove();
  if (added.length > 0) news = ` ${added.length} new ${added.length === 1 ? "event" : "events"}.`;
  if (found.dataset.stale) news = " A part of the service does not respond: events may be missing.";
  rows.dataset.cursor = found.dataset.cursor ?? "";
  const isEmpty = rows.rows.length === 0;
  requireElement("none", HTMLDivElement).hidden = !isEmpty;
  requireElement("feed", HTMLDivElement).hidden = isEmpty;
}

function refuse(reason: string): number {
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** refusals);
  refusals += 1;
  say(`${reason} The next attempt is in ${waitMs / 1_000} seconds.`);
  return waitMs;
}

function end(): undefined {
  hasEnded = true;
  pause.hidden = true;
  const link = document.createElement("a");
  link.href = SIGN_IN;
  link.textContent = "Sign in again";
  state.replaceChildren("Stopped: the session has ended. ", link, ".");
}

/** The paragraph is a live region: an unchanged text is not set again, so it is not read out again. */
function say(text: string): void {
  if (state.textContent !== text) state.textContent = text;
}
