/** Decides what a payment becomes of which the processor says what it is now, whatever was asked of it: charged, captured
 *  or released. A payment that was authorized, captured or voided at the processor without us has the same events as one
 *  that we have processed. */
import { captureMethod } from "../idempotency";
import type { Transaction } from "../transaction";
import {
  decideAuthorized,
  decideCaptured,
  decideResume,
  toNamed,
  toReleased,
  type Windows,
} from "./decide-outcome";
import type { Result } from "./result";
import { type Change, decideMove, followedBy, wasAuthorized } from "./transition";

/** What a processor says of a payment that was charged or captured.
 *  `processor_reference`: the processor's own id of the payment */
export type Charged = { captured_minor: number; processor_reference?: string | undefined };

/** The payment was charged, or captured. @returns undefined when it cannot be: an automatic charge is of the whole amount,
 *  and a capture of a part of it at most */
export function decideCharged(
  transaction: Transaction,
  { captured_minor, processor_reference: reference }: Charged,
  windows: Windows,
  nowMs: number,
): Result<Change> | undefined {
  const { status, amount_minor, pending_operation } = transaction;
  const isWhole = captured_minor === amount_minor;
  if (!isWhole && captureMethod(transaction) === "automatic") return undefined;
  if (!Number.isSafeInteger(captured_minor) || captured_minor <= 0) return undefined;
  if (captured_minor > amount_minor) return undefined;
  if (status === "requires_action") {
    return followedBy(decideResume(transaction, nowMs), (resumed) =>
      settle(resumed, captured_minor, reference, windows, nowMs),
    );
  }
  if (status === "authorized") return captureNow(transaction, captured_minor, nowMs);
  if (status !== "processing") return undefined;
  if (pending_operation && wasAuthorized(transaction)) {
    return decideCaptured(transaction, captured_minor, nowMs);
  }
  return settle(transaction, captured_minor, reference, windows, nowMs);
}

/** Of a payment that was not authorized yet. */
function settle(
  transaction: Transaction,
  capturedMinor: number,
  reference: string | undefined,
  windows: Windows,
  nowMs: number,
): Result<Change> {
  if (captureMethod(transaction) === "automatic") {
    const captured = { amount_captured_minor: capturedMinor, ...toNamed(reference) };
    return decideMove(transaction, "settle", nowMs, captured);
  }
  return followedBy(decideAuthorized(transaction, reference, windows, nowMs), (authorized) =>
    captureNow(authorized, capturedMinor, nowMs),
  );
}

function captureNow(
  { resolution: _, ...transaction }: Transaction,
  capturedMinor: number,
  nowMs: number,
): Result<Change> {
  const pending = { type: "capture" as const, amount_minor: capturedMinor };
  const changed = { failure: null, pending_operation: pending };
  return followedBy(decideMove(transaction, "capture", nowMs, changed), (claimed) =>
    decideCaptured(claimed, capturedMinor, nowMs),
  );
}

/** The payment was released. */
export function decideReleased(
  transaction: Transaction,
  reference: string | undefined,
  nowMs: number,
): Result<Change> {
  if (transaction.status === "processing") {
    const changed = { ...toReleased(transaction), ...toNamed(reference) };
    return decideMove(transaction, "release", nowMs, changed);
  }
  const { resolution: _, ...open } = transaction;
  const pending = { type: "void" as const, reason: "processor" as const };
  const changed = { failure: null, pending_operation: pending };
  return followedBy(decideMove(open, "void", nowMs, changed), (claimed) =>
    decideMove(claimed, "release", nowMs, toReleased(claimed)),
  );
}

/** A void came too late: the payment was charged or authorized before.
 *  @param done what had been done; without an amount all of it was charged
 *  @returns undefined when that cannot be, or does not say enough: the outcome of the void stays unknown */
export function decideTooLate(
  transaction: Transaction,
  done: { done: "charge" | "authorize"; captured_minor?: number | undefined },
  windows: Windows,
  nowMs: number,
): Result<Change> | undefined {
  const isManual = captureMethod(transaction) === "manual";
  if (transaction.pending_operation?.type !== "void") return undefined;
  if (done.done === "authorize") {
    const wasHeld = !isManual || wasAuthorized(transaction);
    return wasHeld ? undefined : decideAuthorized(transaction, undefined, windows, nowMs);
  }
  const { captured_minor = isManual ? undefined : transaction.amount_minor } = done;
  if (captured_minor === undefined) return undefined;
  return decideCharged(transaction, { captured_minor }, windows, nowMs);
}
