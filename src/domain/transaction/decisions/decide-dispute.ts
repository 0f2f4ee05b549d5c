/** Decides what a processor's report about a dispute changes. A dispute is opened once and closed once, in whatever order
 *  that is reported. */
import type { Dispute } from "../dispute";
import type { DisputeReport, ReportResult } from "../report";
import type { Transaction } from "../transaction";
import { refuseUnfit } from "./decide-refund-report";
import { applyDispute, type Change } from "./transition";

/** `later`: the payment has no outcome yet, so that the dispute has to be reported again. */
export type ReportedDispute =
  | { result: "recorded"; change: Change }
  | { result: Exclude<ReportResult, "recorded"> | "later" };

export function decideDispute(
  transaction: Transaction,
  report: DisputeReport,
  nowMs: number,
): ReportedDispute {
  const { dispute } = report;
  const unfit = refuseUnfit(transaction, report);
  if (unfit) return { result: unfit };
  const { dispute: known } = transaction;
  if (known?.id === dispute.id) {
    if (dispute.status === known.status || dispute.status === "open")
      return { result: "unchanged" };
    if (known.status !== "open") return { result: "contradicts" };
    return { result: "recorded", change: close(transaction, dispute, nowMs) };
  }
  // Only the newest dispute is part of the transaction.
  if (known && Date.parse(known.opened_at) >= Date.parse(dispute.opened_at)) {
    return { result: "unchanged" };
  }
  const opened = applyDispute(transaction, { ...dispute, status: "open" }, "dispute.opened", nowMs);
  if (dispute.status === "open") return { result: "recorded", change: opened };
  const closed = close(opened.transaction, dispute, nowMs);
  const events = [...opened.events, ...closed.events];
  return { result: "recorded", change: { ...closed, events } };
}

function close(transaction: Transaction, dispute: Dispute, nowMs: number): Change {
  return applyDispute(transaction, dispute, "dispute.closed", nowMs);
}
