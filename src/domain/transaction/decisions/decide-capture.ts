/** Decides what is done with an authorized payment: to capture it, or to void it when that was not done in time. Voids a
 *  payment, too, whose customer did not act in time. */
import { currencyDecimals } from "../../money/currency";
import { parseAmount } from "../../money/money";
import type { CaptureRequest } from "../capture";
import { captureMethod } from "../idempotency";
import { type ProcessorTerms, refusedOperation } from "../livemode";
import type { Transaction } from "../transaction";
import { accept, type Result, refuse } from "./result";
import { decideClaim, type Step } from "./transition";

/** Claims a capture of all or part of what is authorized. A transaction is captured once: the same amount again repeats
 *  the answer or waits for the capture under way, and another one is refused. After a declined capture it can be made
 *  again, of any amount. */
export function decideCapture(
  transaction: Transaction,
  { amount }: CaptureRequest,
  processor: ProcessorTerms,
  nowMs: number,
): Result<Step> {
  const { status, amount_minor, currency, pending_operation } = transaction;
  const illegal = refuse({ code: "illegal_transition", status, action: "capture" });
  if (captureMethod(transaction) !== "manual") return illegal;
  const asked = readAmount(amount, currency);
  if (!asked.ok) return asked;
  const wanted = asked.value ?? amount_minor;

  const first = firstCapture(transaction);
  if (first !== undefined && first !== wanted) {
    return refuse({
      code: "capture_amount_differs",
      first_minor: first,
      amount_minor: wanted,
      currency,
    });
  }
  if (status === "completed") return accept({ step: "answer" });
  const isCaptured = pending_operation?.type === "capture";
  if (status !== "authorized" && !isCaptured) return illegal;

  const { amount_capturable_minor: capturable } = transaction;
  if (capturable === undefined) throw new Error("an authorized transaction without its amount");
  if (wanted > capturable) {
    return refuse({
      code: "amount_exceeds_capturable",
      amount_minor: wanted,
      capturable_minor: capturable,
      currency,
    });
  }
  const refused = refusedOperation("capture", transaction, processor);
  if (refused) return refuse(refused);
  if (isCaptured) return accept({ step: "wait" });
  const unsupported = processor.refusedAmount(wanted, currency);
  if (unsupported) return refuse(unsupported);
  return decideClaim(transaction, { type: "capture", amount_minor: wanted }, nowMs);
}

/** Voids an authorization that was not captured in time. Before that, and when it is no longer authorized, nothing
 *  changes. Done even if the processor cannot void now: the void stays open until it can.
 *  @param expiresAtMs `capture_before`, unless a clock that was wrong then has been corrected since */
export function decideCaptureExpiry(
  transaction: Transaction,
  expiresAtMs: number,
  nowMs: number,
): Result<Step> {
  if (transaction.status !== "authorized" || nowMs < expiresAtMs) return accept({ step: "answer" });
  return decideClaim(transaction, { type: "void", reason: "capture_expired" }, nowMs);
}

/** Voids a payment whose customer did not act in time, unless the processor charges it first. Before that, and when it does
 *  not wait any more, nothing changes.
 *  @param expiresAtMs `action_expires_at`, unless a clock that was wrong then has been corrected since */
export function decideActionExpiry(
  transaction: Transaction,
  expiresAtMs: number,
  nowMs: number,
): Result<Step> {
  const isWaiting = transaction.status === "requires_action";
  if (!isWaiting || nowMs < expiresAtMs) return accept({ step: "answer" });
  return decideClaim(transaction, { type: "void", reason: "action_expired" }, nowMs);
}

/** The amount of the capture that was made or is being made, in minor units. */
function firstCapture(transaction: Transaction): number | undefined {
  const { status, pending_operation, amount_captured_minor } = transaction;
  if (status === "completed") return amount_captured_minor;
  return pending_operation?.type === "capture" ? pending_operation.amount_minor : undefined;
}

/** An amount that a request names, in minor units; null when it names none. */
export function readAmount(text: string | null, currency: string): Result<number | null> {
  if (text === null) return accept(null);
  const parsed = parseAmount(text, currencyDecimals(currency));
  if (parsed.ok) return accept(parsed.amount_minor);
  return refuse({ code: "invalid_amount", fault: parsed.fault, currency });
}
