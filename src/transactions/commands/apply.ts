/** Appends decided changes to the journal, and keeps the deadline and the open operation of the transaction with them. */

import type { Change, Step } from "../../domain/transaction/decisions/transition";
import type { Refund } from "../../domain/transaction/refund";
import type { Result } from "../../domain/transaction/result";
import type { Transaction } from "../../domain/transaction/transaction";
import { attemptDueAtMs } from "../charging/open-charges";
import type { Journal, OwnedTransaction } from "../journal/journal";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, pending, refused, unchanged } from "./result";

/** @param before the transaction before the change; undefined for a new one */
export function applyChange(
  journal: Journal,
  merchantId: string,
  before: Transaction | undefined,
  change: Change,
  command: CommandBase,
): CommandResult & { kind: "done" } {
  const data = append(journal, merchantId, before, change, command);
  const { status } = change.transaction;
  return { kind: "done", data, status, replayed: false, wrote: true };
}

/** Applies a decision for which the processor is not called.
 *  @param decided null when nothing changes */
export function applyDecision(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  decided: Result<Change | null>,
  command: CommandBase,
): CommandResult {
  if (!decided.ok) return refused(decided.refusal);
  if (!decided.value) return unchanged(transaction);
  return applyChange(journal, merchant_id, transaction, decided.value, command);
}

/** Applies a decision that may claim an operation. The processor is called after the commit. */
export function applyStep(
  context: CommandContext,
  owned: OwnedTransaction,
  decided: Result<Step>,
  command: CommandBase,
): CommandResult {
  if (!decided.ok) return refused(decided.refusal);
  const { merchant_id, transaction } = owned;
  switch (decided.value.step) {
    case "answer":
      return unchanged(transaction);
    case "wait":
      return awaited(context, transaction);
    case "change":
      return applyChange(context.journal, merchant_id, transaction, decided.value.change, command);
    case "claim":
      return claim(context, merchant_id, transaction, decided.value.change, command);
  }
}

/** Appends a change that claims an operation of the transaction. */
export function claim(
  { journal, now_ms }: CommandContext,
  merchantId: string,
  before: Transaction | undefined,
  change: Change,
  command: CommandBase,
): CommandResult & { kind: "pending" } {
  const data = append(journal, merchantId, before, change, command);
  journal.charges.open(change.transaction.id, journal.lastPosition, now_ms);
  return { ...pending({ transaction: change.transaction }, data, 0, now_ms), wrote: true };
}

/** The open operation of a transaction, or one of its refunds: its call is joined, or made when the next one is due.
 *  @throws Error when it is not open */
export function awaited(
  { journal, now_ms }: CommandContext,
  transaction: Transaction,
  refund?: Refund,
): CommandResult & { kind: "pending" } {
  const open = journal.charges.find(refund?.id ?? transaction.id);
  if (!open) throw new Error("a payment is processing without an open operation");
  const retryAtMs = attemptDueAtMs(open.next_attempt_at_ms, now_ms);
  const data = JSON.stringify(refund ?? transaction);
  return pending({ transaction, ...(refund && { refund }) }, data, open.attempts, retryAtMs);
}

/** Applies the outcome of the open operation, which closes it.
 *  @param decided null when nothing changes */
export function applyOutcome(
  journal: Journal,
  owned: OwnedTransaction,
  decided: Result<Change | null>,
  command: CommandBase,
): CommandResult {
  const applied = applyDecision(journal, owned, decided, command);
  if (applied.kind === "done" && applied.wrote) journal.charges.close(owned.transaction.id);
  return applied;
}

/** Applies what a refund has become, which closes it. */
export function applyRefundOutcome(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  { change, refund }: { change: Change; refund: Refund },
  command: CommandBase,
): CommandResult {
  append(journal, merchant_id, transaction, change, command);
  journal.refunds.save(refund);
  journal.charges.close(refund.id);
  const { status } = change.transaction;
  const data = JSON.stringify(refund);
  return { kind: "done", data, status, replayed: false, wrote: true };
}

/** @returns the JSON text of the transaction after the change */
function append(
  journal: Journal,
  merchantId: string,
  before: Transaction | undefined,
  change: Change,
  { traceparent }: CommandBase,
): string {
  const [had, has] = [before && deadlineOf(before), deadlineOf(change.transaction)];
  const { id } = change.transaction;
  if (had !== undefined && had !== has) journal.deadlines.close(id);
  if (has !== undefined && had !== has) journal.deadlines.open(id, Date.parse(has));
  return journal.append(merchantId, change, traceparent);
}

/** When a transaction changes without a request, RFC 3339; undefined when it does not. */
function deadlineOf({ status, review, capture_before }: Transaction): string | undefined {
  if (status === "review") return review?.expires_at;
  return status === "authorized" ? capture_before : undefined;
}
