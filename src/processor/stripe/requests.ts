/** One request to Stripe's API, and how the PaymentIntent of a payment is found. */
import type { Stripe } from "stripe";
import type { OperationRequest, Unknown } from "../processor";
import { type Fault, readFault } from "./errors";
import { PaymentIntent } from "./objects";

/** What a call works with. `is_live`: whether the key is one of live mode. */
export type Context = { stripe: Stripe; request: OperationRequest; is_live: boolean };

/** Stripe keeps a key for at least 24 hours; the hour is for our clock and for a request on its way. */
const KEY_IS_KEPT_MS = 23 * 3_600_000;

/** Whether a repeated request is still answered as the first one. Later Stripe has to be searched before it: then the key is
 *  either still there, or what was made under it is a day old, and no index is a day behind. */
export function isKeyKept({ claimed_at_ms }: OperationRequest): boolean {
  return Date.now() - claimed_at_ms < KEY_IS_KEPT_MS;
}

/** The response of a request, or what went wrong. */
export async function tryRequest<Response>(
  send: () => Promise<Response>,
): Promise<{ response: Response } | { fault: Fault }> {
  try {
    return { response: await send() };
  } catch (fault) {
    return { fault: readFault(fault) };
  }
}

/** What went wrong with a request that only reads: when it is refused, that says nothing about the operation. */
export function toUnknown(fault: Fault): Unknown {
  return fault.kind === "refused" ? unknown("Stripe refused to show the payment") : fault;
}

export const unknown = (reason: string): Unknown => ({ kind: "unknown", reason });

/** The id of the request's PaymentIntent: the reference, or else what the search has. */
export async function paymentId(
  context: Context,
): Promise<{ kind: "found"; id: string } | Unknown> {
  const { processor_reference: id } = context.request;
  if (id !== undefined) return { kind: "found", id };
  const found = await searchPayment(context);
  return found.kind === "none" ? unknown("the payment is not found at Stripe") : found;
}

/** The PaymentIntent with the transaction's id in its metadata. The index of the search is minutes behind, or an hour at
 *  most: `none` says nothing about a younger one. */
export async function searchPayment({
  stripe,
  request,
}: Context): Promise<{ kind: "found"; id: string } | { kind: "none" } | Unknown> {
  const query = `metadata['transaction_id']:'${request.transaction_id}'`;
  const sent = await tryRequest(() => stripe.paymentIntents.search({ query, limit: 2 }));
  if ("fault" in sent) return toUnknown(sent.fault);
  const { data } = sent.response;
  if (!Array.isArray(data)) return unknown("a response that is no list");
  if (data.length === 0) return { kind: "none" };
  if (data.length > 1) return { ...unknown("two PaymentIntents"), differs: ["reference"] };
  const { data: intent } = PaymentIntent.safeParse(data[0]);
  return intent ? { kind: "found", id: intent.id } : unknown("a response that is no PaymentIntent");
}
