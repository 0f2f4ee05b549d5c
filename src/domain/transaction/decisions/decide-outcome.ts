/** Decides what the outcome of an operation changes. */
import { formatTime } from "../../time/format-time";
import type { ProcessorTerms } from "../livemode";
import { type OperationName, openOperation, type ReportedResult } from "../operation";
import type { Transaction } from "../transaction";
import { type Result, refuse } from "./result";
import { type Change, decideMove, followedBy, wasAuthorized } from "./transition";

/** How long a payment can be captured that is authorized now, and how long a customer has to act. */
export type Windows = Pick<ProcessorTerms, "capture_window_ms" | "action_window_ms">;

/** A void that the processor refuses after the customer's time is repeated after so long: until then the charge is looked
 *  up more often than that. */
const VOID_AGAIN_MS = 86_400_000;

/** Records the outcome of the open operation of a transaction. */
export function decideOutcome(
  transaction: Transaction,
  result: ReportedResult,
  windows: Windows,
  nowMs: number,
): Result<Change> {
  const { status } = transaction;
  if (status === "requires_action") {
    return followedBy(decideResume(transaction, nowMs), (resumed) =>
      decideOutcome(resumed, result, windows, nowMs),
    );
  }
  if (status !== "processing") {
    const action = result.kind === "done" ? "settle" : "decline";
    return refuse({ code: "illegal_transition", status, action });
  }
  if (result.kind === "declined") return decideDeclined(transaction, result, windows, nowMs);
  const operation = openOperation(transaction);
  return decideDone(transaction, operation, result.processor_reference, windows, nowMs);
}

/** Ends the wait for the customer, because the processor has an outcome. What an earlier void has left ends with it. */
export function decideResume(
  { resolution: _, ...transaction }: Transaction,
  nowMs: number,
): Result<Change> {
  return decideMove(transaction, "resume", nowMs, { failure: null });
}

/** Records that the customer has to act before the charge or the authorization can go on.
 *  @param reference the processor's own id of the payment */
export function decideActionRequired(
  transaction: Transaction,
  reference: string | undefined,
  { action_window_ms }: Windows,
  nowMs: number,
): Result<Change> {
  return decideMove(transaction, "require_action", nowMs, {
    action_expires_at: formatTime(nowMs + action_window_ms),
    ...toNamed(reference),
  });
}

function decideDeclined(
  transaction: Transaction,
  { failure, processor_reference }: ReportedResult & { kind: "declined" },
  { action_window_ms }: Windows,
  nowMs: number,
): Result<Change> {
  const { pending_operation } = transaction;
  if (!pending_operation) {
    return decideMove(transaction, "decline", nowMs, { failure, ...toNamed(processor_reference) });
  }
  const reason = pending_operation.type === "void" ? pending_operation.reason : undefined;
  // The authorization is released by the card's issuer in any case.
  if (reason === "capture_expired") {
    return decideMove(transaction, "release", nowMs, { ...toReleased(transaction), failure });
  }
  if (wasAuthorized(transaction)) return decideMove(transaction, "restore", nowMs, { failure });
  const again = formatTime(nowMs + Math.max(action_window_ms, VOID_AGAIN_MS));
  const deadline = reason === "action_expired" ? { action_expires_at: again } : {};
  return decideMove(transaction, "require_action", nowMs, { failure, ...deadline });
}

/** @param reference the processor's own id, which is the payment's if it was charged or authorized */
function decideDone(
  transaction: Transaction,
  operation: Exclude<OperationName, "refund">,
  reference: string | undefined,
  windows: Windows,
  nowMs: number,
): Result<Change> {
  const { amount_minor, pending_operation } = transaction;
  switch (operation) {
    case "charge":
      return decideMove(transaction, "settle", nowMs, {
        amount_captured_minor: amount_minor,
        ...toNamed(reference),
      });
    case "authorize":
      return decideAuthorized(transaction, reference, windows, nowMs);
    case "capture": {
      if (pending_operation?.type !== "capture") throw new Error("a capture without its amount");
      return decideCaptured(transaction, pending_operation.amount_minor, nowMs);
    }
    case "void":
      return decideMove(transaction, "release", nowMs, toReleased(transaction));
  }
}

/** @param reference the processor's own id of the payment */
export function decideAuthorized(
  transaction: Transaction,
  reference: string | undefined,
  { capture_window_ms }: Windows,
  nowMs: number,
): Result<Change> {
  return decideMove(transaction, "authorize", nowMs, {
    amount_capturable_minor: transaction.amount_minor,
    capture_before: formatTime(nowMs + capture_window_ms),
    ...toNamed(reference),
  });
}

/** @param capturedMinor of what was authorized; the rest is released */
export function decideCaptured(
  transaction: Transaction,
  capturedMinor: number,
  nowMs: number,
): Result<Change> {
  return decideMove(transaction, "settle", nowMs, {
    amount_capturable_minor: 0,
    amount_captured_minor: capturedMinor,
  });
}

/** What else changes when a payment is released. */
export function toReleased({ pending_operation, amount_capturable_minor }: Transaction) {
  const reason = pending_operation?.type === "void" ? pending_operation.reason : "processor";
  const nothingHeld = amount_capturable_minor === undefined ? {} : { amount_capturable_minor: 0 };
  return { ...nothingHeld, cancellation_reason: reason } as const;
}

/** The processor's own id of the payment, if it has named one. */
export function toNamed(reference: string | undefined) {
  return reference === undefined ? {} : { processor_reference: reference };
}
