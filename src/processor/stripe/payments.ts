/** Charges, authorizations, captures and voids: each payment is one PaymentIntent. */
import type { Stripe } from "stripe";
import type { Answer, FindAnswer, OperationRequest } from "../processor";
import { toStripeAmount } from "./amounts";
import type { Fault, Refused } from "./errors";
import { PaymentIntent } from "./objects";
import { aboutAnother, declinedAs, type PaymentOutcome, paymentOutcome } from "./payment-outcome";
import {
  type Context,
  isKeyKept,
  paymentId,
  searchPayment,
  toUnknown,
  tryRequest,
  unknown,
} from "./requests";

/** Creates and confirms the PaymentIntent. */
export async function beginPayment(context: Context): Promise<Answer> {
  const { stripe, request } = context;
  const params = createParams(request);
  if (!params) return declinedAs("invalid_amount");
  if (!params.payment_method) return declinedAs("invalid_payment_method");
  if (!isKeyKept(request)) {
    const found = await searchPayment(context);
    if (found.kind === "found") return toAnswer(await retrieve(context, found.id));
    if (found.kind === "unknown") return found;
  }
  const idempotencyKey = request.idempotency_key;
  const sent = await tryRequest(() => stripe.paymentIntents.create(params, { idempotencyKey }));
  if ("fault" in sent) return afterFault(context, sent.fault);
  const { data: intent } = PaymentIntent.safeParse(sent.response);
  if (!intent) return unknown("a response that is no PaymentIntent");
  // The response to a repeated request is that of the first one, however old.
  const outcome =
    request.attempt > 1 ? await retrieve(context, intent.id) : await conclude(context, intent);
  return toAnswer(outcome);
}

function createParams(request: OperationRequest): Stripe.PaymentIntentCreateParams | undefined {
  const { amount_minor, currency, operation, transaction_id, details } = request;
  const amount = toStripeAmount(amount_minor, currency);
  if (amount === undefined) return undefined;
  const { payment_method, customer, return_url } = details ?? {};
  const redirects: Partial<Stripe.PaymentIntentCreateParams> = return_url
    ? { return_url, automatic_payment_methods: { enabled: true } }
    : {
        automatic_payment_methods: { enabled: true, allow_redirects: "never" },
        error_on_requires_action: true,
      };
  return {
    amount,
    currency: currency.toLowerCase(),
    confirm: true,
    capture_method: operation === "authorize" ? "manual" : "automatic",
    metadata: { transaction_id },
    ...(payment_method && { payment_method }),
    ...(customer && { customer }),
    ...redirects,
  };
}

async function afterFault(context: Context, fault: Fault): Promise<Answer> {
  if (fault.kind === "refused") {
    const { failure, intent } = fault;
    return intent
      ? toAnswer(await conclude(context, intent, fault))
      : { kind: "declined", failure };
  }
  const { isReplayed, ...answer } = fault;
  // Under this key Stripe repeats its error for a day, also when the payment was made.
  if (!isReplayed || context.request.attempt === 1) return answer;
  const found = await searchPayment(context);
  return found.kind === "found" ? toAnswer(await retrieve(context, found.id)) : answer;
}

/** Takes all or a part of an authorization. */
export async function capture(context: Context): Promise<Answer> {
  const { amount_minor, currency } = context.request;
  const idempotencyKey = keyOfAttempt(context.request);
  const amount_to_capture = toStripeAmount(amount_minor, currency);
  if (amount_to_capture === undefined) return declinedAs("invalid_amount");
  return change(context, (id) =>
    context.stripe.paymentIntents.capture(id, { amount_to_capture }, { idempotencyKey }),
  );
}

/** Cancels the PaymentIntent, which releases what is held. */
export async function voidPayment(context: Context): Promise<Answer> {
  const { reason } = context.request;
  const idempotencyKey = keyOfAttempt(context.request);
  const params: Stripe.PaymentIntentCancelParams =
    reason === "action_expired" ? { cancellation_reason: "abandoned" } : {};
  return change(context, (id) =>
    context.stripe.paymentIntents.cancel(id, params, { idempotencyKey }),
  );
}

/** Stripe captures and cancels a PaymentIntent once, whatever the key. Under the key of the first attempt it would repeat a
 *  500 for a day. */
function keyOfAttempt({ idempotency_key, attempt }: OperationRequest): string {
  return attempt === 1 ? idempotency_key : `${idempotency_key}:${attempt}`;
}

/** Sends a change of a PaymentIntent. A refusal is compared with its state: the change may be made already. */
async function change(context: Context, send: (id: string) => Promise<unknown>): Promise<Answer> {
  const payment = await paymentId(context);
  if (payment.kind === "unknown") return payment;
  const sent = await tryRequest(() => send(payment.id));
  if ("response" in sent) {
    const { data: intent } = PaymentIntent.safeParse(sent.response);
    if (!intent) return unknown("a response that is no PaymentIntent");
    return toAnswer(await conclude(context, intent));
  }
  const { fault } = sent;
  if (fault.kind !== "refused") return fault;
  const now = await retrieve(context, payment.id);
  return now.kind === "not_yet" ? { kind: "declined", failure: fault.failure } : toAnswer(now);
}

/** What became of an operation on a payment. */
export async function findPayment(context: Context): Promise<FindAnswer> {
  const { operation, processor_reference } = context.request;
  const begins = operation === "charge" || operation === "authorize";
  // The repeated request looks for what became of the first one.
  if (begins && processor_reference === undefined) return { kind: "not_found" };
  const payment = await paymentId(context);
  return payment.kind === "found" ? toFindAnswer(await retrieve(context, payment.id)) : payment;
}

async function retrieve(context: Context, id: string): Promise<PaymentOutcome> {
  const sent = await tryRequest(() => context.stripe.paymentIntents.retrieve(id));
  if ("fault" in sent) return toUnknown(sent.fault);
  const { data: intent } = PaymentIntent.safeParse(sent.response);
  return intent ? conclude(context, intent) : unknown("a response that is no PaymentIntent");
}

/** @param refused why Stripe has refused the request that this PaymentIntent comes with */
async function conclude(
  context: Context,
  intent: PaymentIntent,
  refused?: Refused,
): Promise<PaymentOutcome> {
  const { request, is_live } = context;
  const another = aboutAnother(intent, request, is_live);
  if (another) return another;
  const outcome = paymentOutcome(intent, request);
  const isDeclined = outcome.kind === "declined" || intent.status === "requires_confirmation";
  if (refused && isDeclined) {
    return { kind: "declined", failure: refused.failure, processor_reference: intent.id };
  }
  if (outcome.kind === "needs_other_action") return abandon(context, intent);
  const wasRedirected = request.processor_reference !== undefined;
  if (outcome.kind === "declined" && intent.status === "requires_payment_method" && wasRedirected) {
    const status = await closeDeclined(context.stripe, intent.id);
    if (status !== "canceled") return unknown("a declined PaymentIntent that is still open");
  }
  return outcome;
}

/** Cancels a PaymentIntent whose authentication was declined. The customer has its secret, from the redirect, and could
 *  pay it later.
 *  @returns its status after that; undefined when that is not known */
export async function closeDeclined(stripe: Stripe, id: string): Promise<string | undefined> {
  const sent = await tryRequest(() => stripe.paymentIntents.cancel(id));
  const isRefused = "fault" in sent && sent.fault.kind === "refused"; // Cancelled already, for one.
  const seen = isRefused ? await tryRequest(() => stripe.paymentIntents.retrieve(id)) : sent;
  return "response" in seen ? PaymentIntent.safeParse(seen.response).data?.status : undefined;
}

/** Cancels a PaymentIntent that waits for something that no redirect can do, so that the customer cannot end it later. */
async function abandon({ stripe, request }: Context, { id }: PaymentIntent): Promise<Answer> {
  const idempotencyKey = `${request.idempotency_key}:unsupported_action`;
  const sent = await tryRequest(() => stripe.paymentIntents.cancel(id, {}, { idempotencyKey }));
  if ("fault" in sent) return toUnknown(sent.fault);
  return sent.response.status === "canceled"
    ? { ...declinedAs("unsupported_action"), processor_reference: id }
    : unknown("an action that is not supported");
}

/** What the state of a payment leaves open is unknown. */
function toAnswer(outcome: PaymentOutcome): Answer {
  const isOpen = outcome.kind === "not_yet" || outcome.kind === "needs_other_action";
  return isOpen ? unknown("the payment has not changed yet") : outcome;
}

function toFindAnswer(outcome: PaymentOutcome): FindAnswer {
  return outcome.kind === "not_yet" ? { kind: "not_found" } : toAnswer(outcome);
}
