/** Appends decided changes to the journal, and keeps the deadline and the open operation of the transaction with them. */

import { type Precondition, refusedVersion } from "../../domain/transaction/decisions/precondition";
import type { Result } from "../../domain/transaction/decisions/result";
import type { Change, Step } from "../../domain/transaction/decisions/transition";
import type { Refund } from "../../domain/transaction/refund";
import type { Transaction } from "../../domain/transaction/transaction";
import { attemptDueAtMs, earliestAttemptAtMs, nextAttemptAtMs } from "../charging/open-charges";
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
  const data = appendChange(journal, merchantId, before, change, command);
  const { status } = change.transaction;
  return { kind: "done", data, status, replayed: false, wrote: true };
}

/** Applies a decision for which the processor is not called.
 *  @param decided null when nothing changes */
export function applyDecision(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  decided: Result<Change | null>,
  command: CommandBase & Precondition,
): CommandResult {
  if (!decided.ok) return refused(decided.refusal);
  if (!decided.value) return unchanged(transaction);
  const mismatch = refusedVersion(transaction, command);
  if (mismatch) return refused(mismatch);
  return applyChange(journal, merchant_id, transaction, decided.value, command);
}

/** Applies a decision that may claim an operation. The processor is called after the commit. */
export function applyStep(
  context: CommandContext,
  owned: OwnedTransaction,
  decided: Result<Step>,
  command: CommandBase & Precondition,
): CommandResult {
  if (!decided.ok) return refused(decided.refusal);
  const { merchant_id, transaction } = owned;
  const { value } = decided;
  if (value.step === "answer") return unchanged(transaction);
  if (value.step === "wait") return awaited(context, transaction);
  const mismatch = refusedVersion(transaction, command);
  if (mismatch) return refused(mismatch);
  return value.step === "claim"
    ? claim(context, merchant_id, transaction, value.change, command)
    : applyChange(context.journal, merchant_id, transaction, value.change, command);
}

/** Appends a change that claims an operation of the transaction. */
export function claim(
  { journal, now_ms }: CommandContext,
  merchantId: string,
  before: Transaction | undefined,
  change: Change,
  command: CommandBase,
): CommandResult & { kind: "pending" } {
  const data = appendChange(journal, merchantId, before, change, command);
  const { transaction } = change;
  // The charge whose customer does not act any more has a row, which ends with the claim of the void.
  if (before?.status === "requires_action") journal.charges.close(transaction.id);
  journal.charges.open(transaction.id, journal.lastPosition, now_ms);
  const first = { attempts: 0, claimed_at_ms: now_ms };
  return { ...pending({ transaction }, data, first, now_ms), wrote: true };
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
  const isWaiting = transaction.status === "requires_action";
  // The customer may have acted: the first retry's delay after an attempt is enough to limit how often that is asked.
  const askAtMs = isWaiting ? Math.min(retryAtMs, earliestAttemptAtMs(open)) : retryAtMs;
  const data = JSON.stringify(refund ?? transaction);
  return pending({ transaction, ...(refund && { refund }) }, data, open, askAtMs);
}

/** Schedules the next attempt of an operation without a known outcome. */
export function defer(
  { journal, now_ms }: CommandContext,
  transaction: Transaction,
  refund?: Refund,
): CommandResult {
  const open = journal.charges.find(refund?.id ?? transaction.id);
  if (!open) return unchanged(transaction);
  const attempts = open.attempts + 1;
  const retryAtMs = nextAttemptAtMs(attempts, now_ms);
  const awaits_action = transaction.status === "requires_action" ? 1 : 0;
  const deferred = { ...open, attempts, next_attempt_at_ms: retryAtMs, awaits_action } as const;
  journal.charges.defer(deferred);
  const data = JSON.stringify(refund ?? transaction);
  const order = { transaction, ...(refund && { refund }) };
  return { ...pending(order, data, deferred, retryAtMs), wrote: true };
}

/** Applies the outcome of the open operation, which closes it. A void that was refused leaves the charge open.
 *  @param decided null when nothing changes */
export function applyOutcome(
  context: CommandContext,
  owned: OwnedTransaction,
  decided: Result<Change | null>,
  command: CommandBase,
): CommandResult {
  const { journal } = context;
  const applied = applyDecision(journal, owned, decided, command);
  if (applied.kind !== "done" || !applied.wrote) return applied;
  if (applied.status === "requires_action") keepWaiting(context, owned.transaction);
  else journal.charges.close(owned.transaction.id);
  return applied;
}

/** Applies that the customer has to act. The charge stays open. */
export function applyWaiting(
  context: CommandContext,
  owned: OwnedTransaction,
  decided: Result<Change>,
  command: CommandBase,
): CommandResult {
  const applied = applyOutcome(context, owned, decided, command);
  if (applied.kind === "refused" || !decided.ok) return applied;
  return { ...awaited(context, decided.value.transaction), wrote: true };
}

/** Schedules when the processor is asked again for the charge of a transaction that waits for the customer.
 *  @param before the transaction before it did: after a void it is the charge again that is open */
function keepWaiting({ journal, now_ms }: CommandContext, before: Transaction): void {
  const { id, pending_operation, created_at } = before;
  const charge = pending_operation ? undefined : journal.charges.find(id);
  const attempts = (charge?.attempts ?? 0) + 1;
  const claimed_at_ms = charge?.claimed_at_ms ?? Date.parse(created_at);
  const next_attempt_at_ms = nextAttemptAtMs(attempts, now_ms);
  journal.charges.defer({ id, attempts, next_attempt_at_ms, claimed_at_ms, awaits_action: 1 });
}

/** Applies what a refund has become, which closes it. */
export function applyRefundOutcome(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  { change, refund }: { change: Change; refund: Refund },
  command: CommandBase,
): CommandResult {
  appendChange(journal, merchant_id, transaction, change, command);
  journal.refunds.save(refund);
  journal.charges.close(refund.id);
  const { status } = change.transaction;
  const data = JSON.stringify(refund);
  return { kind: "done", data, status, replayed: false, wrote: true };
}

/** @returns the JSON text of the transaction after the change */
export function appendChange(
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
  const wasOpen = before?.action_expires_at !== undefined && isUnsettled(before);
  if (wasOpen && !isUnsettled(change.transaction)) journal.details.deleteNextAction(id);
  return journal.append(merchantId, change, traceparent);
}

/** When a transaction changes without a request, RFC 3339; undefined when it does not. */
function deadlineOf(transaction: Transaction): string | undefined {
  const { status, review, capture_before, action_expires_at } = transaction;
  if (status === "review") return review?.expires_at;
  if (status === "requires_action") return action_expires_at;
  return status === "authorized" ? capture_before : undefined;
}

/** Whether the customer may still have to act. */
function isUnsettled({ status }: Transaction): boolean {
  return status === "requires_action" || status === "processing";
}
