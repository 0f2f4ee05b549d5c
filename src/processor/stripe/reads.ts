/** Reads of Stripe's API that belong to no operation of ours. They change nothing, so a failed one is repeated by whatever
 *  asked for it. */
import type { Stripe } from "stripe";
import type { StripeProcessor } from "../../config";
import { connect } from "./client";
import { ApiError, PaymentIntent, Refund } from "./objects";

/** Below the time that Stripe waits for the response to an event. */
const READ_LIMIT_MS = 8_000;
const NOT_FOUND = 404;

/** Stripe did not answer a read, or refused it. The message has no data of Stripe. */
export class StripeUnavailable extends Error {
  override readonly name = "StripeUnavailable";
}

/** A client whose every request has a time limit. */
export function connectToRead(settings: StripeProcessor): Promise<Stripe> {
  return connect(settings, () => AbortSignal.timeout(READ_LIMIT_MS));
}

/** The response of a read; undefined when Stripe has no such object. @throws StripeUnavailable */
export async function readOrNone<Response>(
  send: () => Promise<Response>,
): Promise<Response | undefined> {
  try {
    return await send();
  } catch (fault) {
    const { data: error } = ApiError.safeParse(fault);
    const isMissing = error?.raw.statusCode === NOT_FOUND && error.raw.code === "resource_missing";
    if (isMissing) return undefined;
    throw new StripeUnavailable(
      error ? `Stripe responded with ${error.raw.statusCode}` : "Stripe does not respond",
    );
  }
}

/** A PaymentIntent as it is now; undefined when there is none. @throws StripeUnavailable */
export async function readPaymentIntent(
  stripe: Stripe,
  id: string,
): Promise<PaymentIntent | undefined> {
  return checked(PaymentIntent, await readOrNone(() => stripe.paymentIntents.retrieve(id)));
}

/** A refund as it is now; undefined when there is none. @throws StripeUnavailable */
export async function readRefund(stripe: Stripe, id: string): Promise<Refund | undefined> {
  return checked(Refund, await readOrNone(() => stripe.refunds.retrieve(id)));
}

function checked<Value>(
  schema: { safeParse(value: unknown): { data?: Value } },
  response: unknown,
): Value | undefined {
  if (response === undefined) return undefined;
  const { data } = schema.safeParse(response);
  if (data === undefined) throw new StripeUnavailable("Stripe's response is not readable");
  return data;
}
