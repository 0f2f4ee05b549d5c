/** Appends a decided change to the journal. */

import type { Change } from "../../domain/transaction/decisions/transition";
import type { Result } from "../../domain/transaction/result";
import type { Journal, OwnedTransaction } from "../journal/journal";
import type { CommandBase } from "./context";
import { type CommandResult, refused, unchanged } from "./result";

export function applyChange(
  journal: Journal,
  merchantId: string,
  change: Change,
  { traceparent }: CommandBase,
): CommandResult & { kind: "done" } {
  const data = journal.append(merchantId, change, traceparent);
  const { status } = change.transaction;
  return { kind: "done", data, status, replayed: false, wrote: true };
}

/** Applies a decision that may move a transaction out of review, which closes the review.
 *  @param decided null when nothing changes */
export function applyDecision(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  decided: Result<Change | null>,
  command: CommandBase,
): CommandResult {
  if (!decided.ok) return refused(decided.refusal);
  if (!decided.value) return unchanged(transaction);
  if (transaction.status === "review") journal.reviews.close(transaction.id);
  return applyChange(journal, merchant_id, decided.value, command);
}

/** Applies the outcome of a charge, which closes the charge.
 *  @param decided null when nothing changes */
export function applyOutcome(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  decided: Result<Change | null>,
  command: CommandBase,
): CommandResult {
  if (!decided.ok) return refused(decided.refusal);
  if (!decided.value) return unchanged(transaction);
  journal.charges.close(transaction.id);
  return applyChange(journal, merchant_id, decided.value, command);
}
