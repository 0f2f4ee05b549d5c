/** Metrics from D1: exact sums over all transactions. */
import {
  CANCELLED_IN_REVIEW,
  CLAIMS_OF_AUTHORIZED,
  RESUMED,
  REVERSED,
  type Total,
  VOID_OF_WAITING,
} from "../../d1/totals";
import type { EventType } from "../../domain/transaction/event";
import type { RefundStatus } from "../../domain/transaction/refund";
import type { Status } from "../../domain/transaction/status";
import { REVIEW_REJECTED, RISK_BLOCKED } from "../../domain/transaction/transaction";
import type { Family } from "../../observability/prometheus";

const CAPTURING_TYPES: readonly string[] = ["transaction.completed", "transaction.captured"];

/** @param totals all totals in D1 */
export function d1Metrics(totals: Total[]): Family[] {
  const created = totals.filter(({ type }) => type === "transaction.created");
  return [
    {
      name: "payments_transaction_events_total",
      type: "counter",
      help: "Events in D1. code is the reason of a failure, in_review for a cancellation during review, capture, void, void_waiting or resumed for claims, reversed for a refund that had succeeded, or the status of a dispute.",
      samples: [...sumBy(totals, ({ type, currency, code }) => ({ type, currency, code }))],
    },
    {
      name: "payments_transactions",
      type: "gauge",
      help: "Transactions in D1 by status.",
      samples: toStatusSamples(countByStatus(totals)),
    },
    {
      name: "payments_refunds",
      type: "gauge",
      help: "Refunds in D1 by status.",
      samples: toStatusSamples(countRefunds(totals)),
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
      help: "Charged and captured amounts in minor units of their currency.",
      samples: sumAmounts(totals, CAPTURING_TYPES),
    },
    {
      name: "payments_refunded_amount_minor_total",
      type: "counter",
      help: "Amounts of succeeded refunds in minor units of their currency.",
      samples: sumAmounts(totals, ["refund.succeeded"]),
    },
  ];
}

const sumAmounts = (totals: Total[], types: readonly string[]) =>
  sumBy(
    totals.filter(({ type }) => types.includes(type)),
    ({ currency }) => ({ currency }),
    ({ amount_minor }) => amount_minor,
  );

const toStatusSamples = (counts: Record<string, number>) =>
  Object.entries(counts).map(([status, value]) => ({ labels: { status }, value }));

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

/** How many events of a type there are. */
const countEvents = (
  totals: Total[],
  eventType: EventType,
  matches: (total: Total) => boolean = () => true,
): number =>
  totals
    .filter((total) => total.type === eventType && matches(total))
    .reduce((sum, { count }) => sum + count, 0);

/** For each status, the transactions that entered it minus those that left it. */
function countByStatus(totals: Total[]): Record<Status, number> {
  const count = (type: EventType, matches?: (total: Total) => boolean) =>
    countEvents(totals, type, matches);
  const opened = count("transaction.review_opened");
  const approved = count("transaction.review_approved");
  const cancelled = count("transaction.cancelled");
  const cancelledInReview = count(
    "transaction.cancelled",
    ({ code }) => code === CANCELLED_IN_REVIEW,
  );
  const failed = count("transaction.failed");
  const blocked = count("transaction.failed", ({ code }) => code === RISK_BLOCKED);
  const rejected = count("transaction.failed", ({ code }) => code === REVIEW_REJECTED);
  const claimed = count("transaction.processing");
  const claimedAuthorized = count("transaction.processing", ({ code }) =>
    CLAIMS_OF_AUTHORIZED.includes(code),
  );
  const requiredAction = count("transaction.requires_action");
  const leftAction = count("transaction.processing", ({ code }) =>
    [RESUMED, VOID_OF_WAITING].includes(code),
  );
  const authorized =
    count("transaction.authorized") +
    count("transaction.capture_failed") +
    count("transaction.void_failed");
  const completed = count("transaction.completed") + count("transaction.captured");
  const released =
    count("transaction.voided") +
    count("transaction.capture_expired") +
    count("transaction.action_expired");
  const leftPending =
    opened + (claimed - claimedAuthorized - leftAction) + blocked + (cancelled - cancelledInReview);
  const leftProcessing =
    completed + (failed - blocked - rejected) + requiredAction + authorized + released;
  return {
    pending: count("transaction.created") + approved - leftPending,
    review: opened - approved - rejected - cancelledInReview,
    processing: claimed - leftProcessing,
    requires_action: requiredAction - leftAction,
    authorized: authorized - claimedAuthorized,
    completed,
    failed,
    cancelled: cancelled + released,
  };
}

function countRefunds(totals: Total[]): Record<RefundStatus, number> {
  const succeeded = countEvents(totals, "refund.succeeded");
  const failed = countEvents(totals, "refund.failed");
  const reversed = countEvents(totals, "refund.failed", ({ code }) => code === REVERSED);
  return {
    pending: countEvents(totals, "refund.created") - succeeded - (failed - reversed),
    succeeded: succeeded - reversed,
    failed,
  };
}
