/** Payments that are authorized, captured and refunded, by the domain's decisions. */
import { deriveRefundId } from "../../src/domain/identity/id";
import { decideCapture } from "../../src/domain/transaction/decisions/decide-capture";
import { decideCancel, decideProcess } from "../../src/domain/transaction/decisions/decide-charge";
import { decideOutcome } from "../../src/domain/transaction/decisions/decide-outcome";
import {
  decideRefund,
  decideRefundOutcome,
  type RequestedRefund,
} from "../../src/domain/transaction/decisions/decide-refund";
import type { CreateRequest } from "../../src/domain/transaction/idempotency";
import type { ReportedResult } from "../../src/domain/transaction/operation";
import type { RefundRequest } from "../../src/domain/transaction/refund";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { created, DECLINED, frozen, LIVE, NOW_MS, stepChange, taken } from "./examples";

export const DONE: ReportedResult = { kind: "done" };
export const DECLINE: ReportedResult = { kind: "declined", failure: DECLINED };

export const end = (
  transaction: Transaction,
  result: ReportedResult = DONE,
  nowMs = NOW_MS,
): Transaction => frozen(taken(decideOutcome(transaction, result, LIVE, nowMs)).transaction);

const process = (transaction: Transaction): Transaction =>
  stepChange(taken(decideProcess(transaction, LIVE, NOW_MS))).transaction;

export const authorizing = (fields: Partial<CreateRequest> = {}): Transaction =>
  frozen(process(created({ capture_method: "manual", ...fields }).transaction));

/** 100.50 dollars. */
export const authorized = (fields: Partial<CreateRequest> = {}): Transaction =>
  end(authorizing(fields));

export const capturing = (amount: string | null = null, transaction = authorized()): Transaction =>
  frozen(stepChange(taken(decideCapture(transaction, { amount }, LIVE, NOW_MS))).transaction);

export const captured = (amount: string | null = null, transaction = authorized()): Transaction =>
  end(capturing(amount, transaction));

export const voiding = (transaction = authorized()): Transaction =>
  frozen(stepChange(taken(decideCancel(transaction, LIVE, NOW_MS))).transaction);

export const charged = (fields: Partial<CreateRequest> = {}): Transaction =>
  end(process(created(fields).transaction));

export const refundRequest = (
  amount: string | null,
  key = "r",
  fields: Partial<RefundRequest> = {},
): RefundRequest => ({ idempotency_key: key, amount, reason: null, metadata: {}, ...fields });

/** What a request for a refund comes to. */
export const decide = (
  transaction: Transaction,
  request: RefundRequest,
  earlier: RequestedRefund[] = [],
  processor = LIVE,
) =>
  decideRefund(
    transaction,
    deriveRefundId(transaction.id, request.idempotency_key),
    request,
    earlier,
    processor,
    NOW_MS,
  );

/** A payment and its refunds after one more of an amount, which ends as said. */
export function refunded(
  transaction: Transaction,
  earlier: RequestedRefund[],
  amount: string | null,
  result?: ReportedResult,
): { transaction: Transaction; refunds: RequestedRefund[] } {
  const step = taken(decide(transaction, refundRequest(amount, `r${earlier.length}`), earlier));
  if (step.step !== "claim") throw new Error(`not claimed: ${step.step}`);
  const { change, refund, sent_minor } = step;
  if (!result)
    return { transaction: change.transaction, refunds: [{ refund, sent_minor }, ...earlier] };
  const all = [refund, ...earlier.map((one) => one.refund)];
  const ended = decideRefundOutcome(change.transaction, refund, all, result, NOW_MS);
  return {
    transaction: ended.change.transaction,
    refunds: [{ refund: ended.refund, sent_minor }, ...earlier],
  };
}
