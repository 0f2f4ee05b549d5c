/** Decides what a processor's report about a refund changes: of one of ours, or of one that was made at the processor
 *  without us. */
import { deriveRefundId } from "../../identity/id";
import { currencyDecimals } from "../../money/currency";
import { formatAmount } from "../../money/money";
import { MAX_REFUNDS, type Refund } from "../refund";
import type { DisputeReport, RefundReport, ReportResult } from "../report";
import type { Transaction } from "../transaction";
import { capturedMinor, decideRefundOutcome, sumRefunds } from "./decide-refund";
import { applyRefund, type Change } from "./transition";

/** `later`: what the report is about is not recorded yet, so that it has to be reported again.
 *  `is_new`: the refund was made without us */
export type ReportedRefund =
  | { result: "recorded"; change: Change; refund: Refund; is_new: boolean }
  | { result: Exclude<ReportResult, "recorded"> | "later" };

const UNCHANGED: ReportedRefund = { result: "unchanged" };
const CONTRADICTS: ReportedRefund = { result: "contradicts" };

/** @param refunds all refunds of the transaction */
export function decideRefundReport(
  transaction: Transaction,
  report: RefundReport,
  refunds: Refund[],
  nowMs: number,
): ReportedRefund {
  const unfit = refuseUnfit(transaction, report);
  if (unfit) return { result: unfit };
  const refund = findReported(report, refunds);
  if (!refund) {
    return report.refund_id === null
      ? decideForeign(transaction, report, refunds, nowMs)
      : CONTRADICTS;
  }
  const { processor_reference: reference, amount_minor, currency } = report;
  if (refund.amount_minor !== amount_minor || refund.currency !== currency) return CONTRADICTS;
  const known = refund.processor_reference;
  if (known !== undefined && known !== reference) return CONTRADICTS;
  switch (refund.status) {
    case "pending":
      return decidePending(transaction, refund, report, refunds, nowMs);
    case "succeeded":
      return report.state === "failed"
        ? decideReversed(transaction, refund, report, refunds, nowMs)
        : UNCHANGED;
    case "failed":
      // A refund may succeed and fail later, but not the other way: then the report is an old one.
      return report.state === "succeeded" && known !== reference ? CONTRADICTS : UNCHANGED;
  }
}

/** What becomes of a report about another payment, or about money that was not charged yet, or never. A second payment at the
 *  processor may name the same transaction. */
export function refuseUnfit(
  { status, processor_reference: known }: Transaction,
  { payment_reference: reported }: Pick<RefundReport | DisputeReport, "payment_reference">,
): "contradicts" | "later" | undefined {
  if (known !== undefined && reported !== undefined && known !== reported) return "contradicts";
  if (status === "completed") return undefined;
  const isOpen = ["processing", "requires_action", "authorized"].includes(status);
  return isOpen ? "later" : "contradicts";
}

function findReported({ refund_id, processor_reference }: RefundReport, refunds: Refund[]) {
  if (refund_id !== null) return refunds.find(({ id }) => id === refund_id);
  return refunds.find((refund) => refund.processor_reference === processor_reference);
}

function decidePending(
  transaction: Transaction,
  refund: Refund,
  report: RefundReport,
  refunds: Refund[],
  nowMs: number,
): ReportedRefund {
  if (report.state === "pending") return UNCHANGED;
  const { processor_reference } = report;
  const outcome =
    report.state === "failed"
      ? { kind: "declined" as const, failure: report.failure, processor_reference }
      : { kind: "done" as const, processor_reference };
  const decided = decideRefundOutcome(transaction, refund, refunds, outcome, nowMs);
  return { result: "recorded", ...decided, is_new: false };
}

/** The money of a refund that had succeeded came back. */
function decideReversed(
  transaction: Transaction,
  refund: Refund,
  { failure, processor_reference }: RefundReport & { state: "failed" },
  refunds: Refund[],
  nowMs: number,
): ReportedRefund {
  const left = sumRefunds(refunds, ["succeeded"]) - refund.amount_minor;
  const decided = applyRefund(
    transaction,
    "refund.failed",
    nowMs,
    (now) => ({
      ...refund,
      status: "failed",
      failure,
      processor_reference,
      reversed_at: now,
      updated_at: now,
    }),
    { amount_refunded_minor: left },
  );
  return { result: "recorded", ...decided, is_new: false };
}

/** A refund that was made at the processor without us. It is recorded when it has an outcome: a pending one of ours would be
 *  made at the processor again. Its id is derived from the processor's, so that it is recorded once. */
function decideForeign(
  transaction: Transaction,
  report: RefundReport,
  refunds: Refund[],
  nowMs: number,
): ReportedRefund {
  const { processor_reference, amount_minor, currency } = report;
  if (currency !== transaction.currency || refunds.length >= MAX_REFUNDS) return CONTRADICTS;
  if (!Number.isSafeInteger(amount_minor) || amount_minor <= 0) return CONTRADICTS;
  const captured = capturedMinor(transaction);
  if (amount_minor > captured) return CONTRADICTS;
  if (report.state === "pending") return UNCHANGED;
  // A pending refund of ours that leaves too little will be declined, or is the same money. One that has succeeded has
  // failed since, which is not reported yet: the processor does not refund more than was captured.
  if (amount_minor > captured - sumRefunds(refunds, ["pending", "succeeded"])) {
    return { result: "later" };
  }
  const key = `processor:${processor_reference}`;
  const created = applyRefund(transaction, "refund.created", nowMs, (now) => ({
    // A client's key has no space, so that it leads to no such id.
    id: deriveRefundId(transaction.id, ` ${key}`),
    transaction_id: transaction.id,
    idempotency_key: key,
    amount: Number(formatAmount(amount_minor, currencyDecimals(currency))),
    amount_minor,
    currency,
    status: "pending",
    reason: null,
    metadata: {},
    livemode: transaction.livemode ?? true,
    failure: null,
    processor_reference,
    created_at: now,
    updated_at: now,
  }));
  const ended = decidePending(created.change.transaction, created.refund, report, refunds, nowMs);
  if (ended.result !== "recorded") return ended;
  const events = [...created.change.events, ...ended.change.events];
  return { ...ended, change: { ...ended.change, events }, is_new: true };
}
