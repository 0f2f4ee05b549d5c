/** Events as Stripe sends them to our endpoint. */
import { createHmac } from "node:crypto";
import { ask, type Bindings } from "./contract";

export const STRIPE_EVENTS = "/api/v1/processors/stripe/events";
export const STRIPE_SECRET = "whsec_for_tests";
/** Settings of a deployment with Stripe in test mode. */
export const STRIPE_BINDINGS: Bindings = {
  PROCESSOR: "stripe",
  STRIPE_SECRET_KEY: "sk_test_for_tests",
  STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
  STRIPE_API_URL: "http://127.0.0.1:9",
};

let events = 0;
/** An event of test mode. @param object what it is about */
export function stripeEvent(type: string, object: object, more: object = {}) {
  events += 1;
  return {
    id: `evt_${events}`,
    object: "event",
    api_version: "2026-10-28.endive",
    created: Math.floor(Date.now() / 1_000),
    livemode: false,
    type,
    data: { object },
    ...more,
  };
}

/** The signature of a body, made as Stripe describes it. @param atMs when it is made */
export function stripeSignature(
  body: string | Uint8Array,
  secret = STRIPE_SECRET,
  atMs = Date.now(),
): string {
  const seconds = Math.floor(atMs / 1_000);
  const hmac = createHmac("sha256", secret).update(`${seconds}.`).update(body);
  return `t=${seconds},v1=${hmac.digest("hex")}`;
}

/** Delivers a body with a signature: a valid one, unless another is given. */
export function deliver(
  body: string | Uint8Array,
  { signature = stripeSignature(body), env = {} as Bindings, headers = {} } = {},
): Promise<Response> {
  return ask(STRIPE_EVENTS, {
    method: "POST",
    body,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Stripe-Signature": signature,
      ...headers,
    },
    env: { ...STRIPE_BINDINGS, ...env },
  });
}

export const deliverEvent = (event: object, given: Parameters<typeof deliver>[1] = {}) =>
  deliver(JSON.stringify(event), given);
