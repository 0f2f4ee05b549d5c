/** `erase`: replaces the customer's data in every version of a transaction, and deletes what is stored beside it. */
import { decideErasure, eraseRefund, eraseTexts } from "../../domain/erasure/erase-texts";
import type { EventRecord } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { applyChange } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import { type CommandResult, refused, unchanged } from "./result";

export type EraseTransaction = MerchantCommand & {
  /** The customer. A transaction of another one is left as it is. */
  user_id: string;
};

/** Has to wait while an operation is open: a call that is repeated must have the parameters of the first one. The result is
 *  `unchanged` for a transaction that was erased before. */
export function erase(
  { journal, now_ms }: CommandContext,
  { merchant_id, transaction }: OwnedTransaction,
  command: EraseTransaction,
): CommandResult {
  const { id, erased_at, user_id } = transaction;
  if (erased_at !== undefined || user_id !== command.user_id) return unchanged(transaction);
  // Rows of earlier releases are moved by the alarm.
  if (!journal.events.earlier.isEmpty) return refused({ code: "unavailable" });
  if (hasOpenOperation(journal, transaction)) {
    return { ...unchanged(transaction), is_waiting: true };
  }
  const refunds = journal.refunds.of(id);
  journal.rewrite(id, rewriteEvent);
  for (const { refund } of refunds) journal.refunds.save(eraseRefund(refund));
  journal.details.delete(id);
  const change = decideErasure(transaction, now_ms);
  return applyChange(journal, merchant_id, transaction, change, command);
}

function hasOpenOperation(journal: Journal, { id, status }: Transaction): boolean {
  const isClaimed = status === "processing" || status === "requires_action";
  if (isClaimed || journal.charges.find(id)) return true;
  return journal.refunds.of(id).some(({ refund }) => refund.status === "pending");
}

function rewriteEvent(event: EventRecord): Transaction {
  Object.assign(event, eraseTexts(event));
  return JSON.parse(event.data) as Transaction; // Written by eraseTexts().
}
