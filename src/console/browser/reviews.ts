/** Decides reviews by keyboard, and confirms a decision in its place. Without this script the buttons of the queue lead to
 *  a page that asks. */

const KEYS_OFF = "console-review-keys-off";
const SELECTED = "console-review-selected";

const items = [...document.querySelectorAll<HTMLElement>(".queue > .queue-item")];
const dialog = document.querySelector<HTMLDialogElement>("#keys");
const isOn = document.querySelector<HTMLInputElement>("#keys-on");

if (dialog && isOn) offerKeys(dialog, isOn);
for (const item of items) confirmInPlace(item);
restoreSelection();

function offerKeys(dialog: HTMLDialogElement, isOn: HTMLInputElement): void {
  const button = document.querySelector<HTMLButtonElement>("#keys-button");
  if (button) button.hidden = false;
  button?.addEventListener("click", () => dialog.showModal());
  isOn.checked = localStorage.getItem(KEYS_OFF) === null;
  isOn.addEventListener("change", () => {
    if (isOn.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "");
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (dialog.open) return;
    if (event.key === "Escape") leave(event);
    else if (isOn.checked && !isTyping(event.target) && handleKey(event, dialog)) {
      event.preventDefault();
    }
  });
}

/** Whether keys are text there. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("input, textarea, select, summary");
}

/** @returns whether the key has an effect */
function handleKey({ key, target }: KeyboardEvent, dialog: HTMLDialogElement): boolean {
  const at = items.findIndex((item) => item.hasAttribute("aria-current"));
  const isInQueue = target instanceof Element && target.closest(".queue") !== null;
  if (key === "?") dialog.showModal();
  else if (key === "j" || (key === "ArrowDown" && isInQueue))
    select(Math.min(at + 1, items.length - 1));
  else if (key === "k" || (key === "ArrowUp" && isInQueue)) select(Math.max(at - 1, 0));
  else if (key === "n") items[at]?.querySelector<HTMLInputElement>("[name=note]")?.focus();
  else if (key === "a") press(at, "Approve");
  else if (key === "r") press(at, "Reject");
  else return false;
  return true;
}

function press(at: number, verb: string): void {
  items[at]?.querySelector<HTMLButtonElement>(`button[data-verb=${verb}]`)?.click();
}

function select(at: number): void {
  for (const [index, item] of items.entries()) {
    if (index === at) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  }
  items[at]?.focus();
}

/** Escape gives the focus back to the payment. */
function leave({ target }: KeyboardEvent): void {
  const item = target instanceof Element ? target.closest<HTMLElement>(".queue-item") : null;
  if (!item) return;
  closeConfirmation(item);
  item.focus();
}

/** Selects the item that has the focus, and shows a confirmation before a decision is sent. */
function confirmInPlace(item: HTMLElement): void {
  item.addEventListener("focusin", () => {
    if (!item.hasAttribute("aria-current")) {
      for (const other of items) other.toggleAttribute("aria-current", false);
      item.setAttribute("aria-current", "true");
    }
  });
  for (const button of item.querySelectorAll<HTMLButtonElement>("button[data-verb]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      openConfirmation(item, button);
    });
  }
}

function openConfirmation(item: HTMLElement, button: HTMLButtonElement): void {
  closeConfirmation(item);
  const { form } = button;
  const text = `${button.dataset.verb} ${item.dataset.amount}`;
  const confirm = document.createElement("button");
  Object.assign(confirm, { type: "submit", name: "confirm", value: "yes", textContent: text });
  confirm.formAction = button.formAction;
  confirm.className = button.classList.contains("danger") ? "danger" : "primary";
  confirm.addEventListener("click", () => {
    sessionStorage.setItem(SELECTED, String(items.indexOf(item)));
  });
  const abort = document.createElement("button");
  Object.assign(abort, { type: "button", textContent: "Do not decide" });
  abort.addEventListener("click", () => {
    closeConfirmation(item);
    item.focus();
  });
  const question = document.createElement("p");
  question.textContent = `${text}?`;
  const group = document.createElement("div");
  group.className = "confirmation";
  group.role = "group";
  group.ariaLabel = "Confirmation";
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(confirm, abort);
  group.append(question, actions);
  form?.append(group);
  const choices = form?.querySelector<HTMLElement>(":scope > .actions");
  if (choices) choices.hidden = true;
  confirm.focus();
}

function closeConfirmation(item: HTMLElement): void {
  item.querySelector(".confirmation")?.remove();
  const choices = item.querySelector<HTMLElement>(".decision > .actions");
  if (choices) choices.hidden = false;
}

/** After a decision the payment that took its place is selected. */
function restoreSelection(): void {
  const stored = sessionStorage.getItem(SELECTED);
  sessionStorage.removeItem(SELECTED);
  if (stored !== null && items.length > 0) select(Math.min(Number(stored), items.length - 1));
}
