/** Moves a transaction to another status: the only place where one changes. */
import { type Event, type EventType, toEvent } from "../event";
import { accept, type Result, refuse } from "../result";
import { type Action, nextStatus } from "../status";
import type { Transaction } from "../transaction";

/** Everything that one decision changes: the transaction as it is now and what happened on the way. */
export type Change = { transaction: Transaction; events: Event[] };

/** What a move changes beside the status. */
type Changed = Partial<
  Omit<Transaction, "id" | "idempotency_key" | "status" | "version" | "created_at" | "updated_at">
>;

/** The type of the event of each action. */
const TYPE_OF: Record<Exclude<Action, "refund">, (before: Transaction) => EventType> = {
  submit: () => "transaction.processing",
  block: () => "transaction.failed",
  hold: () => "transaction.review_opened",
  approve: () => "transaction.review_approved",
  reject: () => "transaction.failed",
  cancel: () => "transaction.cancelled",
  settle: ({ pending_operation }) =>
    pending_operation ? "transaction.captured" : "transaction.completed",
  decline: () => "transaction.failed",
  authorize: () => "transaction.authorized",
  capture: () => "transaction.processing",
  void: () => "transaction.processing",
  release: ({ pending_operation }) =>
    pending_operation?.type === "void" && pending_operation.reason === "capture_expired"
      ? "transaction.capture_expired"
      : "transaction.voided",
  restore: ({ pending_operation }) =>
    pending_operation?.type === "capture"
      ? "transaction.capture_failed"
      : "transaction.void_failed",
};

/** Makes a move, or refuses it when the table has none such. */
export function decideMove(
  transaction: Transaction,
  action: Exclude<Action, "refund">,
  nowMs: number,
  changed: Changed = {},
): Result<Change> {
  const { status } = transaction;
  if (!nextStatus(status, action)) return refuse({ code: "illegal_transition", status, action });
  const next = applyTransition(transaction, action, nowMs, changed);
  return accept({ transaction: next, events: [toEvent(next, TYPE_OF[action](transaction))] });
}

export function applyTransition(
  transaction: Transaction,
  action: Action,
  nowMs: number,
  changed: Changed,
): Transaction {
  const status = nextStatus(transaction.status, action);
  if (!status) throw new Error(`no move ${action} from ${transaction.status}`);
  const updatedAt = timeOfChange(transaction, nowMs);
  const version = transaction.version + 1;
  return { ...transaction, status, ...changed, version, updated_at: updatedAt };
}

/** When a change happens. A clock that steps back must not make it older than the change before it. */
export function timeOfChange({ updated_at }: Transaction, nowMs: number): string {
  const now = new Date(nowMs).toISOString();
  return updated_at > now ? updated_at : now;
}
