/** Adds what the customer has to do to the replies that a merchant gets about a transaction. It is not part of the stored
 *  text, because its URL may hold a secret. */
import type { Status } from "../domain/transaction/status";
import type { Journal } from "./journal/journal";

const STATUS = '"status":"';
const WAITING = `${STATUS}${"requires_action" satisfies Status}"`;
const ID = '{"id":"';

/** @param text the JSON text of a transaction or a refund
 *  @returns the same text, with `next_action` while the transaction waits for the customer */
export function withNextAction(journal: Journal, text: string): string {
  if (!journal.details.mayHaveActions || !isWaiting(text)) return text;
  const id = text.slice(ID.length, text.indexOf('"', ID.length));
  const action = journal.details.nextActionOf(id);
  return action === undefined ? text : `${text.slice(0, -"}".length)},"next_action":${action}}`;
}

/** Before the status a transaction's text has texts and numbers alone, and the quotes of a text are escaped: the first such
 *  member is the status. */
function isWaiting(text: string): boolean {
  return text.startsWith(WAITING, text.indexOf(STATUS));
}
