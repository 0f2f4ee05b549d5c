/** Refunds of a PaymentIntent. */
import type { Stripe } from "stripe";
import type { Answer, EchoMember, FindAnswer, OperationRequest } from "../processor";
import { fromStripeAmount, toStripeAmount } from "./amounts";
import { toFailure } from "./decline-codes";
import { Refund } from "./objects";
import { declinedAs } from "./payment-outcome";
import { type Context, isKeyKept, paymentId, toUnknown, tryRequest, unknown } from "./requests";

/** The most that Stripe lists at once, and more than a transaction may have here. */
const MAX_LISTED = 100;
/** The reasons that Stripe takes. Others stay here. */
const REASONS = ["duplicate", "fraudulent", "requested_by_customer"] as const;

/** Returns money of a payment. */
export async function refundPayment(context: Context): Promise<Answer> {
  const { stripe, request } = context;
  const { idempotency_key, transaction_id, amount_minor, currency } = request;
  const amount = toStripeAmount(amount_minor, currency);
  if (amount === undefined) return declinedAs("invalid_amount");
  const payment = await paymentId(context);
  if (payment.kind === "unknown") return payment;
  if (!isKeyKept(request)) {
    const earlier = await findAmong(context, payment.id);
    if (earlier.kind !== "not_found") return earlier;
  }
  const reason = REASONS.find((name) => name === request.reason);
  const params: Stripe.RefundCreateParams = {
    payment_intent: payment.id,
    amount,
    metadata: { transaction_id, refund_id: idempotency_key },
    ...(reason && { reason }),
  };
  const sent = await tryRequest(() =>
    stripe.refunds.create(params, { idempotencyKey: idempotency_key }),
  );
  if ("response" in sent) return readRefund(sent.response, request, payment.id);
  const { fault } = sent;
  if (fault.kind !== "refused") return fault;
  // A refund of an earlier request may be what leaves nothing to refund.
  const found = await findAmong(context, payment.id);
  return found.kind === "not_found" ? { kind: "declined", failure: fault.failure } : found;
}

/** What became of a refund. */
export async function findRefund(context: Context): Promise<FindAnswer> {
  const payment = await paymentId(context);
  return payment.kind === "found" ? findAmong(context, payment.id) : payment;
}

/** The newest refunds are listed. This list is not an index: it has a refund as soon as that is made. */
async function findAmong({ stripe, request }: Context, payment: string): Promise<FindAnswer> {
  const sent = await tryRequest(() =>
    stripe.refunds.list({ payment_intent: payment, limit: MAX_LISTED }),
  );
  if ("fault" in sent) return toUnknown(sent.fault);
  const { data, has_more } = sent.response;
  if (!Array.isArray(data)) return unknown("a response that is no list");
  const ours = data.find((refund) => refund?.metadata?.refund_id === request.idempotency_key);
  if (ours) return readRefund(ours, request, payment);
  return has_more === false ? { kind: "not_found" } : unknown("more refunds than are listed");
}

function readRefund(object: unknown, request: OperationRequest, payment: string): Answer {
  const { data: refund } = Refund.safeParse(object);
  if (!refund) return unknown("a response that is no refund");
  const differs = differing(refund, request, payment);
  if (differs.length > 0) return { ...unknown("a refund that differs"), differs };
  const processor_reference = refund.id;
  switch (refund.status) {
    case "succeeded":
      return { kind: "done", processor_reference };
    case "failed":
    case "canceled": {
      const failure = toFailure([refund.failure_reason], "refund_failed");
      return { kind: "declined", failure, processor_reference };
    }
    default:
      return unknown("the refund is pending at Stripe");
  }
}

function differing(refund: Refund, request: OperationRequest, payment: string): EchoMember[] {
  const same: Partial<Record<EchoMember, boolean>> = {
    reference: refund.metadata?.refund_id === request.idempotency_key,
    payment: refund.payment_intent === payment,
    amount_minor: fromStripeAmount(refund.amount, refund.currency) === request.amount_minor,
    currency: refund.currency === request.currency.toLowerCase(),
  };
  // The record's own keys.
  return (Object.keys(same) as EchoMember[]).filter((name) => !same[name]);
}
