/** Decides about refunds: what a request for one means, and what its outcome changes. */
import { currencyDecimals } from "../../money/currency";
import { formatAmount } from "../../money/money";
import { isSameMap } from "../idempotency";
import { type ProcessorTerms, refusedOperation, toLivemode } from "../livemode";
import type { ReportedResult } from "../operation";
import { MAX_REFUNDS, type Refund, type RefundRequest } from "../refund";
import type { Transaction } from "../transaction";
import { readAmount } from "./decide-capture";
import { accept, type Result, refuse } from "./result";
import { applyRefund, type Change } from "./transition";

/** A refund, and the amount in minor units that its request named; null when it named none. */
export type RequestedRefund = { refund: Refund; sent_minor: number | null };

/** What a request for a refund means: a new refund, or the one under its key. */
export type RefundStep =
  | ({ step: "claim"; change: Change } & RequestedRefund)
  | { step: "wait" | "answer"; refund: Refund };

/** A refund of all or part of what is left of the captured amount. Refunds whose outcome is not known count as made.
 *  @param refundId the id under the request's key
 *  @param earlier all refunds of the transaction */
export function decideRefund(
  transaction: Transaction,
  refundId: string,
  request: RefundRequest,
  earlier: RequestedRefund[],
  processor: ProcessorTerms,
  nowMs: number,
): Result<RefundStep> {
  const { status, currency, livemode } = transaction;
  const sent = readAmount(request.amount, currency);
  if (!sent.ok) return sent;
  const refused = refusedOperation("refund", transaction, processor);
  const existing = earlier.find(({ refund }) => refund.id === refundId);
  if (existing) {
    const fields = differingFields(transaction, existing, request, sent.value);
    if (fields.length > 0) return refuse({ code: "idempotency_key_reused", fields });
    const { refund } = existing;
    if (refund.status !== "pending") return accept({ step: "answer", refund });
    return refused ? refuse(refused) : accept({ step: "wait", refund });
  }
  if (status !== "completed")
    return refuse({ code: "illegal_transition", status, action: "refund" });
  if (refused) return refuse(refused);
  if (earlier.length >= MAX_REFUNDS) return refuse({ code: "too_many_refunds" });

  const refunds = earlier.map(({ refund }) => refund);
  const remaining = capturedMinor(transaction) - sumRefunds(refunds, ["pending", "succeeded"]);
  const amount = sent.value ?? remaining;
  if (amount > remaining || remaining === 0) {
    return refuse({
      code: "refund_exceeds_remaining",
      amount_minor: sent.value,
      remaining_minor: remaining,
      currency,
    });
  }
  const unsupported = processor.refusedAmount(amount, currency);
  if (unsupported) return refuse(unsupported);
  const created = applyRefund(transaction, "refund.created", nowMs, (now) => ({
    id: refundId,
    transaction_id: transaction.id,
    idempotency_key: request.idempotency_key,
    amount: Number(formatAmount(amount, currencyDecimals(currency))),
    amount_minor: amount,
    currency,
    status: "pending",
    reason: request.reason,
    metadata: request.metadata,
    livemode: livemode ?? toLivemode(processor.mode),
    failure: null,
    created_at: now,
    updated_at: now,
  }));
  return accept({ step: "claim", ...created, sent_minor: sent.value });
}

/** Records the outcome of a pending refund.
 *  @param refunds all refunds of the transaction
 *  @param changed what else changes on the refund */
export function decideRefundOutcome(
  transaction: Transaction,
  refund: Refund,
  refunds: Refund[],
  result: ReportedResult,
  nowMs: number,
  changed: Pick<Refund, "resolution"> = {},
): { change: Change; refund: Refund } {
  const { processor_reference } = result;
  const named = processor_reference === undefined ? {} : { processor_reference };
  if (result.kind === "declined") {
    const { failure } = result;
    return applyRefund(transaction, "refund.failed", nowMs, (updated_at) => {
      return { ...refund, status: "failed", failure, ...named, ...changed, updated_at };
    });
  }
  const refunded = sumRefunds(refunds, ["succeeded"]) + refund.amount_minor;
  return applyRefund(
    transaction,
    "refund.succeeded",
    nowMs,
    (updated_at) => ({ ...refund, status: "succeeded", ...named, ...changed, updated_at }),
    { amount_refunded_minor: refunded },
  );
}

/** What was captured of a completed transaction. One of before there were captures was charged in full. */
export function capturedMinor({ amount_captured_minor, amount_minor }: Transaction): number {
  return amount_captured_minor ?? amount_minor;
}

/** The sum of the refunds with one of these statuses, in minor units. */
export function sumRefunds(refunds: Refund[], statuses: Refund["status"][]): number {
  return refunds
    .filter(({ status }) => statuses.includes(status))
    .reduce((total, { amount_minor }) => total + amount_minor, 0);
}

/** The fields in which a repeated request differs from the first one. An amount that was not named is not the same as the
 *  one that it came to. What was erased is not compared. */
function differingFields(
  { erased_at = "" }: Transaction,
  { refund, sent_minor }: RequestedRefund,
  request: RefundRequest,
  sentMinor: number | null,
): string[] {
  const ofAmount = sent_minor === sentMinor ? [] : ["amount"];
  if (refund.created_at <= erased_at) return ofAmount;
  return [
    ...ofAmount,
    ...(refund.reason === request.reason ? [] : ["reason"]),
    ...(isSameMap(refund.metadata, request.metadata) ? [] : ["metadata"]),
  ];
}
