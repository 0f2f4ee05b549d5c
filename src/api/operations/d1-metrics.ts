/** What the book says in `/metrics`: exact sums over all transactions there have ever been. */
import type { Total } from "../../d1/totals";
import { STATUSES, type Status } from "../../domain/transaction/status";
import { REVIEW_REJECTED, RISK_BLOCKED } from "../../domain/transaction/transaction";
import type { Family } from "../../observability/prometheus";

/** @param totals everything the book has counted */
export function d1Metrics(totals: Total[]): Family[] {
  const created = totals.filter(({ type }) => type === "transaction.created");
  const completed = totals.filter(({ type }) => type === "transaction.completed");
  return [
    {
      name: "payments_transaction_events_total",
      type: "counter",
      help: "Events in the book. code is why the transaction failed, or in_review if it was cancelled there.",
      samples: [...sums(totals, ({ type, currency, code }) => ({ type, currency, code }))],
    },
    {
      name: "payments_transactions",
      type: "gauge",
      help: "Transactions in the book by the status they are in.",
      samples: [...statuses(totals)].map(([status, value]) => ({ labels: { status }, value })),
    },
    {
      name: "payments_risk_decisions_total",
      type: "counter",
      help: "Transactions by what the fraud rules said of them.",
      samples: sums(created, ({ decision }) => ({ decision })),
    },
    {
      name: "payments_completed_amount_minor_total",
      type: "counter",
      help: "Amounts of completed transactions in minor units of their currency.",
      samples: sums(
        completed,
        ({ currency }) => ({ currency }),
        ({ amount_minor }) => amount_minor,
      ),
    },
  ];
}

function sums(
  totals: Total[],
  labelsOf: (total: Total) => Record<string, string>,
  worthOf = ({ count }: Total): number => count,
) {
  const groups = Map.groupBy(totals, (total) => JSON.stringify(labelsOf(total)));
  return [...groups].map(([labels, group]) => ({
    labels: JSON.parse(labels) as Record<string, string>, // The text above.
    value: group.reduce((sum, total) => sum + worthOf(total), 0),
  }));
}

/** What totals say instead of a failure's code of those that were cancelled before their review ended. */
const CANCELLED_IN_REVIEW = "in_review";

/** Who came into a status, without those who left it again. */
function statuses(totals: Total[]): Map<Status, number> {
  const came = (type: string, isMeant: (total: Total) => boolean = () => true): number =>
    totals
      .filter((total) => total.type === `transaction.${type}` && isMeant(total))
      .reduce((sum, { count }) => sum + count, 0);
  const [processing, completed] = [came("processing"), came("completed")];
  const [opened, approved] = [came("review_opened"), came("review_approved")];
  const cancelled = came("cancelled");
  const cancelledInReview = came("cancelled", ({ code }) => code === CANCELLED_IN_REVIEW);
  const failed = came("failed");
  const blocked = came("failed", ({ code }) => code === RISK_BLOCKED);
  const rejected = came("failed", ({ code }) => code === REVIEW_REJECTED);
  const leftPending = opened + processing + blocked + (cancelled - cancelledInReview);
  const now: Record<Status, number> = {
    pending: came("created") + approved - leftPending,
    review: opened - approved - rejected - cancelledInReview,
    processing: processing - completed - (failed - blocked - rejected),
    completed,
    failed,
    cancelled,
  };
  return new Map(STATUSES.map((status) => [status, now[status]]));
}
