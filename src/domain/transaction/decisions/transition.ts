/** Moves a transaction to another status: the only place where one changes. */
import { formatTime } from "../../time/format-time";
import { MAX_DECLINED, type VoidReason } from "../capture";
import type { Dispute } from "../dispute";
import { type Event, type EventType, toEvent } from "../event";
import type { Refund } from "../refund";
import { type Action, nextStatus } from "../status";
import type { Transaction } from "../transaction";
import { accept, type Result, refuse } from "./result";

/** Everything that one decision changes: the transaction as it is now and what happened on the way. */
export type Change = { transaction: Transaction; events: Event[] };

/** What a request for an operation means: to claim it, to wait for the one under way, to change the transaction without
 *  the processor, or just to answer. */
export type Step =
  | { step: "claim" | "change"; change: Change }
  | { step: "wait" }
  | { step: "answer" };

/** What a move changes beside the status. */
type Changed = Partial<
  Omit<Transaction, "id" | "idempotency_key" | "status" | "version" | "created_at" | "updated_at">
>;

type Move = Exclude<Action, "refund" | "dispute">;

/** The type of the event of each move. */
const TYPE_OF: Record<Move, EventType | ((before: Transaction) => EventType)> = {
  submit: "transaction.processing",
  block: "transaction.failed",
  hold: "transaction.review_opened",
  approve: "transaction.review_approved",
  reject: "transaction.failed",
  cancel: "transaction.cancelled",
  settle: (before) => (wasAuthorized(before) ? "transaction.captured" : "transaction.completed"),
  decline: "transaction.failed",
  authorize: "transaction.authorized",
  capture: "transaction.processing",
  void: "transaction.processing",
  release: ({ pending_operation }) =>
    RELEASE_TYPES[pending_operation?.type === "void" ? pending_operation.reason : "processor"],
  restore: ({ pending_operation }) =>
    pending_operation?.type === "capture"
      ? "transaction.capture_failed"
      : "transaction.void_failed",
  require_action: "transaction.requires_action",
  resume: "transaction.processing",
};

const RELEASE_TYPES: Record<VoidReason, EventType> = {
  requested: "transaction.voided",
  capture_expired: "transaction.capture_expired",
  action_expired: "transaction.action_expired",
  processor: "transaction.voided",
};

/** Whether money is held on the customer's account, also while a capture or a void of it has no outcome. */
export function wasAuthorized({ amount_capturable_minor = 0 }: Transaction): boolean {
  return amount_capturable_minor > 0;
}

/** Makes a move, or refuses it when the table has none such. */
export function decideMove(
  transaction: Transaction,
  action: Move,
  nowMs: number,
  changed: Changed = {},
): Result<Change> {
  const { status } = transaction;
  if (!nextStatus(status, action)) return refuse({ code: "illegal_transition", status, action });
  const type = TYPE_OF[action];
  const next = applyTransition(transaction, action, nowMs, changed);
  return accept({
    transaction: next,
    events: [toEvent(next, typeof type === "string" ? type : type(transaction))],
  });
}

/** Makes one move after another, as one change.
 *  @param first what was decided
 *  @param next decides about the transaction after that */
export function followedBy(
  first: Result<Change>,
  next: (transaction: Transaction) => Result<Change>,
): Result<Change> {
  if (!first.ok) return first;
  const second = next(first.value.transaction);
  if (!second.ok) return second;
  return accept({ ...second.value, events: [...first.value.events, ...second.value.events] });
}

/** Claims a capture or void, which ends what an earlier operation has left on the transaction. After too many declined ones
 *  only the expiry does. */
export function decideClaim(
  { resolution: _, ...transaction }: Transaction,
  pending: NonNullable<Transaction["pending_operation"]>,
  nowMs: number,
): Result<Step> {
  const isExpiry = pending.type === "void" && pending.reason !== "requested";
  if (!isExpiry && countDeclined(transaction) >= MAX_DECLINED) {
    return refuse({ code: "too_many_attempts" });
  }
  const changed = { failure: null, pending_operation: pending };
  const claimed = decideMove(transaction, pending.type, nowMs, changed);
  return claimed.ok ? accept({ step: "claim", change: claimed.value }) : claimed;
}

/** How many captures and voids were declined: each has two events, after the first three or, with a review, five. A payment
 *  that waited for the customer has two more. */
function countDeclined({ version, review, action_expires_at }: Transaction): number {
  const first = 3 + (review ? 2 : 0) + (action_expires_at === undefined ? 0 : 2);
  return Math.floor((version - first) / 2);
}

/** The change of a completed transaction by one of its refunds.
 *  @param toRefund the refund as it is then, given the time of the change */
export function applyRefund(
  transaction: Transaction,
  type: EventType & `refund.${string}`,
  nowMs: number,
  toRefund: (changedAt: string) => Refund,
  changed: Changed = {},
): { change: Change; refund: Refund } {
  const next = applyTransition(transaction, "refund", nowMs, changed);
  const refund = toRefund(next.updated_at);
  return { change: { transaction: next, events: [toEvent(next, type, refund)] }, refund };
}

/** The change of a completed transaction by its dispute. */
export function applyDispute(
  transaction: Transaction,
  dispute: Dispute,
  type: EventType & `dispute.${string}`,
  nowMs: number,
): Change {
  const next = applyTransition(transaction, "dispute", nowMs, { dispute });
  return { transaction: next, events: [toEvent(next, type)] };
}

/** A pending operation ends with the next move, or is what that claims. */
function applyTransition(
  { pending_operation: _, ...transaction }: Transaction,
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
  const now = formatTime(nowMs);
  return updated_at > now ? updated_at : now;
}
