/** What an event of Stripe reports about a payment, a refund or a dispute. The event's signature is checked before. */
import { isRefundId, isTransactionId } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import type { DisputeStatus } from "../../domain/transaction/dispute";
import type {
  DisputeReport,
  PaymentReport,
  RefundReport,
  Report,
} from "../../domain/transaction/report";
import { fromStripeAmount } from "./amounts";
import { cleanCode, toFailure } from "./decline-codes";
import { readNextAction } from "./next-action";
import { Dispute, Event, PaymentIntent, Refund } from "./objects";

/** A report, and what leads to its transaction. Disputes, and refunds that were made at Stripe, have no id of ours: the
 *  metadata of their PaymentIntent has it. */
export type AddressedReport = {
  report: Report;
  /** From the metadata: ours only if there is such a transaction. */
  transaction_id: string | null;
  /** The id of the PaymentIntent. */
  payment_reference: string | null;
};

/** The types of events that are read. An endpoint at Stripe has to send these. */
export const EVENT_TYPES: readonly string[] = [
  "payment_intent.succeeded",
  "payment_intent.amount_capturable_updated",
  "payment_intent.requires_action",
  "payment_intent.payment_failed",
  "payment_intent.canceled",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.closed",
];

/** What an event reports; `ignored` when it is about nothing that is kept here, and `unreadable` when it may be, but has
 *  another form than that of the API version that is read.
 *  @param event as it was parsed from the verified body */
export function toReport(event: unknown): AddressedReport | "ignored" | "unreadable" {
  const parsed = Event.safeParse(event);
  if (!parsed.success || !EVENT_TYPES.includes(parsed.data.type)) return "ignored";
  const { object } = parsed.data.data;
  const report = paymentReport(object) ?? refundReport(object) ?? disputeReport(object);
  return report ?? (isReadable(object) ? "ignored" : "unreadable");
}

function isReadable(object: unknown): boolean {
  return [PaymentIntent, Refund, Dispute].some((schema) => {
    const { data } = schema.safeParse(object);
    return data !== undefined && fromStripeAmount(data.amount, data.currency) !== undefined;
  });
}

function paymentReport(object: unknown): AddressedReport | undefined {
  const { data: intent } = PaymentIntent.safeParse(object);
  const amount_minor = intent && fromStripeAmount(intent.amount, intent.currency);
  if (!intent || amount_minor === undefined) return undefined;
  const about = {
    kind: "payment",
    processor_reference: intent.id,
    amount_minor,
    currency: intent.currency.toUpperCase(),
  } as const;
  const report = withPaymentState(intent, about);
  return report && { report, transaction_id: ownId(intent.metadata), payment_reference: intent.id };
}

type About = Pick<PaymentReport, "kind" | "processor_reference" | "amount_minor" | "currency">;

function withPaymentState(intent: PaymentIntent, about: About): PaymentReport | undefined {
  switch (intent.status) {
    case "succeeded": {
      const captured_minor = fromStripeAmount(intent.amount_received ?? -1, intent.currency);
      return captured_minor === undefined
        ? undefined
        : { ...about, state: "succeeded", captured_minor };
    }
    case "requires_capture":
      return { ...about, state: "authorized" };
    case "canceled":
      // One that was declined is closed here.
      if (intent.last_payment_error) return declined(intent, about);
      return { ...about, state: "cancelled" };
    case "requires_payment_method":
      return declined(intent, about);
    case "requires_action": {
      const next_action = readNextAction(intent);
      return next_action && { ...about, state: "action_required", next_action };
    }
    default:
      return undefined;
  }
}

function declined({ last_payment_error }: PaymentIntent, about: About): PaymentReport {
  const { decline_code, code } = last_payment_error ?? {};
  return { ...about, state: "failed", failure: toFailure([decline_code, code], "card_declined") };
}

function refundReport(object: unknown): AddressedReport | undefined {
  const { data: refund } = Refund.safeParse(object);
  const amount_minor = refund && fromStripeAmount(refund.amount, refund.currency);
  if (!refund || amount_minor === undefined) return undefined;
  const { metadata, payment_intent, failure_reason } = refund;
  const refund_id = metadata?.refund_id;
  // Not a refund that was made at the dashboard: what a capture or a cancellation has released.
  if (!refund_id && !refund.balance_transaction) return undefined;
  const about = {
    kind: "refund",
    processor_reference: refund.id,
    refund_id: refund_id && isRefundId(refund_id) ? refund_id : null,
    amount_minor,
    currency: refund.currency.toUpperCase(),
    ...(payment_intent && { payment_reference: payment_intent }),
  } as const;
  const report = withRefundState(refund.status, about, failure_reason);
  const payment_reference = payment_intent ?? null;
  return report && { report, transaction_id: ownId(metadata), payment_reference };
}

function withRefundState(
  status: string | null | undefined,
  about: Pick<
    RefundReport,
    "kind" | "processor_reference" | "refund_id" | "amount_minor" | "currency" | "payment_reference"
  >,
  failureReason: string | null | undefined,
): RefundReport | undefined {
  switch (status) {
    case "succeeded":
      return { ...about, state: "succeeded" };
    case "pending":
    case "requires_action":
      return { ...about, state: "pending" };
    case "failed":
    case "canceled":
      return { ...about, state: "failed", failure: toFailure([failureReason], "refund_failed") };
    default:
      return undefined;
  }
}

/** Every other status, those of an appeal among them, is `open`: nothing is decided yet. */
const DISPUTE_ENDS: Record<string, DisputeStatus> = {
  won: "won",
  lost: "lost",
  warning_closed: "closed",
  prevented: "closed",
};
const MS_PER_SECOND = 1_000;
const toTimestamp = (seconds: number) => formatTime(seconds * MS_PER_SECOND);

function disputeReport(object: unknown): AddressedReport | undefined {
  const { data: dispute } = Dispute.safeParse(object);
  const amount_minor = dispute && fromStripeAmount(dispute.amount, dispute.currency);
  if (!dispute || amount_minor === undefined || !dispute.payment_intent) return undefined;
  const { id, status, reason, created, currency, payment_intent, evidence_details } = dispute;
  const due = evidence_details?.due_by;
  const report: DisputeReport = {
    kind: "dispute",
    dispute: {
      id,
      status: Object.hasOwn(DISPUTE_ENDS, status) ? (DISPUTE_ENDS[status] ?? "open") : "open",
      reason: cleanCode(reason) || "general",
      amount_minor,
      currency: currency.toUpperCase(),
      evidence_due_by: due ? toTimestamp(due) : null,
      opened_at: toTimestamp(created),
    },
    payment_reference: payment_intent,
  };
  return { report, transaction_id: null, payment_reference: payment_intent };
}

/** The transaction that metadata names, if it is an id of ours. */
function ownId(metadata: PaymentIntent["metadata"]): string | null {
  const named = metadata?.transaction_id;
  return named && isTransactionId(named) ? named : null;
}
