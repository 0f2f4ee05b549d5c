/** Metrics from D1: exact sums over all transactions. */
import { CANCELLED_IN_REVIEW, type Total } from "../../d1/totals";
import { STATUSES, type Status } from "../../domain/transaction/status";
import { REVIEW_REJECTED, RISK_BLOCKED } from "../../domain/transaction/transaction";
import type { Family } from "../../observability/prometheus";

/** @param totals all totals in D1 */
export function d1Metrics(totals: Total[]): Family[] {
  const created = totals.filter(({ type }) => type === "transaction.created");
  const completed = totals.filter(({ type }) => type === "transaction.completed");
  return [
    {
      name: "payments_transaction_events_total",
      type: "counter",
      help: "Events in D1. code is the reason of a failure, or in_review for a cancellation during review.",
      samples: [...sumBy(totals, ({ type, currency, code }) => ({ type, currency, code }))],
    },
    {
      name: "payments_transactions",
      type: "gauge",
      help: "Transactions in D1 by status.",
      samples: [...countByStatus(totals)].map(([status, value]) => ({ labels: { status }, value })),
    },
    {
      name: "payments_risk_decisions_total",
      type: "counter",
      help: "Transactions by decision of the fraud rules.",
      samples: sumBy(created, ({ decision }) => ({ decision })),
    },
    {
      name: "payments_completed_amount_minor_total",
      type: "counter",
      help: "Amounts of completed transactions in minor units of their currency.",
      samples: sumBy(
        completed,
        ({ currency }) => ({ currency }),
        ({ amount_minor }) => amount_minor,
      ),
    },
  ];
}

function sumBy(
  totals: Total[],
  toLabels: (total: Total) => Record<string, string>,
  toValue = ({ count }: Total): number => count,
) {
  const groups = Map.groupBy(totals, (total) => JSON.stringify(toLabels(total)));
  return [...groups].map(([labels, group]) => ({
    labels: JSON.parse(labels) as Record<string, string>, // Serialized above.
    value: group.reduce((sum, total) => sum + toValue(total), 0),
  }));
}

/** For each status, the transactions that entered it minus those that left it. */
function countByStatus(totals: Total[]): Map<Status, number> {
  const countEntered = (type: string, matches: (total: Total) => boolean = () => true): number =>
    totals
      .filter((total) => total.type === `transaction.${type}` && matches(total))
      .reduce((sum, { count }) => sum + count, 0);
  const [processing, completed] = [countEntered("processing"), countEntered("completed")];
  const [opened, approved] = [countEntered("review_opened"), countEntered("review_approved")];
  const cancelled = countEntered("cancelled");
  const cancelledInReview = countEntered("cancelled", ({ code }) => code === CANCELLED_IN_REVIEW);
  const failed = countEntered("failed");
  const blocked = countEntered("failed", ({ code }) => code === RISK_BLOCKED);
  const rejected = countEntered("failed", ({ code }) => code === REVIEW_REJECTED);
  const authorized = countEntered("authorized");
  const captured = countEntered("captured");
  const released = countEntered("voided") + countEntered("capture_expired");
  const refusedAfter = countEntered("capture_failed") + countEntered("void_failed");
  const leftPending = opened + processing + blocked + (cancelled - cancelledInReview);
  const now: Record<Status, number> = {
    pending: countEntered("created") + approved - leftPending,
    review: opened - approved - rejected - cancelledInReview,
    processing:
      processing -
      completed -
      (failed - blocked - rejected) -
      authorized -
      captured -
      released -
      refusedAfter,
    authorized: authorized - captured - released,
    completed: completed + captured,
    failed,
    cancelled: cancelled + released,
  };
  return new Map(STATUSES.map((status) => [status, now[status]]));
}
