/** Decides what a processor's report about a payment changes. A report may come late, twice and out of order: what is newer
 *  stays, and what cannot be true of the payment contradicts it. */
import { captureMethod } from "../idempotency";
import type { PaymentReport, ReportResult } from "../report";
import { type Transaction, UNCHARGED_CODES } from "../transaction";
import { decideActionRequired, decideOutcome, type Windows } from "./decide-outcome";
import { decideCharged, decideReleased } from "./decide-processed";
import type { Result } from "./result";
import type { Change } from "./transition";

/** `change`: of a report that is recorded. */
export type Reported =
  | { result: "recorded"; change: Change }
  | { result: Exclude<ReportResult, "recorded"> };

type State = PaymentReport["state"];
type Verdict = "record" | Exclude<ReportResult, "recorded">;

const CONTRADICTS: Reported = { result: "contradicts" };

/** What a report about a payment changes. */
export function decideReport(
  transaction: Transaction,
  report: PaymentReport,
  windows: Windows,
  nowMs: number,
): Reported {
  const { amount_minor, currency, processor_reference: known } = transaction;
  const { processor_reference: reference } = report;
  if (report.amount_minor !== amount_minor || report.currency !== currency) return CONTRADICTS;
  if (known !== undefined && known !== reference) return CONTRADICTS;
  const stage = stageOf(transaction);
  const verdict = VERDICTS[stage][report.state];
  if (verdict !== "record") {
    return isOtherCapture(transaction, report) ? CONTRADICTS : { result: verdict };
  }
  const decided = decideState(transaction, report, windows, nowMs);
  return decided?.ok ? { result: "recorded", change: decided.value } : CONTRADICTS;
}

/** @returns undefined for what cannot be true of the payment */
function decideState(
  transaction: Transaction,
  report: PaymentReport,
  windows: Windows,
  nowMs: number,
): Result<Change> | undefined {
  const { processor_reference } = report;
  switch (report.state) {
    case "succeeded":
      return decideCharged(transaction, report, windows, nowMs);
    case "authorized": {
      if (captureMethod(transaction) === "automatic") return undefined;
      return decideOutcome(transaction, { kind: "done", processor_reference }, windows, nowMs);
    }
    case "failed": {
      const { failure } = report;
      const declined = { kind: "declined" as const, failure, processor_reference };
      return decideOutcome(transaction, declined, windows, nowMs);
    }
    case "cancelled":
      return decideReleased(transaction, processor_reference, nowMs);
    case "action_required":
      return decideActionRequired(transaction, processor_reference, windows, nowMs);
  }
}

/** Whether another amount was captured than is recorded. */
function isOtherCapture(
  { status, amount_captured_minor, amount_minor }: Transaction,
  report: PaymentReport,
): boolean {
  const captured = amount_captured_minor ?? amount_minor;
  return (
    status === "completed" && report.state === "succeeded" && report.captured_minor !== captured
  );
}

/** What is done with a report of each state about a payment at a stage. `unclaimed`: the processor was never called for it.
 *  `processing`: the charge or the authorization has no outcome. `charged`, `declined` and `released` are final. */
const VERDICTS: Record<ReturnType<typeof stageOf>, Record<State, Verdict>> = {
  unclaimed: all("contradicts"),
  processing: all("record"),
  requires_action: { ...all("record"), action_required: "unchanged" },
  // A void has its own outcome: the money may be authorized, or declined, just before it is released.
  voiding: { ...all("unchanged"), succeeded: "record", cancelled: "record" },
  capturing: {
    ...all("unchanged"),
    succeeded: "record",
    cancelled: "record",
    failed: "contradicts",
  },
  authorized: {
    ...all("unchanged"),
    succeeded: "record",
    cancelled: "record",
    failed: "contradicts",
  },
  charged: { ...all("unchanged"), cancelled: "contradicts", failed: "contradicts" },
  declined: { ...all("unchanged"), succeeded: "contradicts", authorized: "contradicts" },
  released: { ...all("unchanged"), succeeded: "contradicts" },
};

function all(verdict: Verdict): Record<State, Verdict> {
  return {
    succeeded: verdict,
    authorized: verdict,
    cancelled: verdict,
    failed: verdict,
    action_required: verdict,
  };
}

function stageOf(transaction: Transaction) {
  const { status, pending_operation, failure, cancellation_reason } = transaction;
  switch (status) {
    case "pending":
    case "review":
      return "unclaimed";
    case "processing":
      if (pending_operation?.type === "void") return "voiding";
      return pending_operation ? "capturing" : "processing";
    case "completed":
      return "charged";
    case "failed":
      return UNCHARGED_CODES.includes(failure?.code ?? "") ? "unclaimed" : "declined";
    case "cancelled":
      return cancellation_reason === undefined ? "unclaimed" : "released";
    default:
      return status;
  }
}
