/** Captures and voids, against a scripted API. */
import { describe, expect, it } from "vitest";
import {
  errorOf,
  INTENT_ID,
  intentOf,
  scriptedStripe,
  searchOf,
  stripeRequest,
} from "../../../support/stripe-api";

const stripe = scriptedStripe();
const DONE = { kind: "done", processor_reference: INTENT_ID };
const RETRIEVE = `GET /v1/payment_intents/${INTENT_ID}`;
const SEARCH = "GET /v1/payment_intents/search";
const held = (fields = {}) =>
  intentOf({ status: "requires_capture", amount_received: 0, ...fields });
const unexpected = errorOf(400, { code: "payment_intent_unexpected_state" });

describe("A capture", () => {
  const KEY = "txn_abcdefghijklmnopqrstuvwxyz:capture:4";
  const CAPTURE = `POST /v1/payment_intents/${INTENT_ID}/capture`;
  const request = (fields = {}) =>
    stripeRequest({
      operation: "capture",
      idempotency_key: KEY,
      amount_minor: 7_000,
      authorized_amount_minor: 10_050,
      processor_reference: INTENT_ID,
      ...fields,
    });
  const captured = (amount_received = 7_000) => intentOf({ amount_received });

  it("It takes the amount under a key of its own", async () => {
    stripe.answers({ body: captured() });
    expect(await stripe.call(request())).toEqual(DONE);
    const [first] = stripe.sent;
    expect(first?.line).toBe(CAPTURE);
    expect(first?.form).toEqual({ amount_to_capture: "7000" });
    expect(first?.headers).toMatchObject({ "idempotency-key": KEY });
  });

  it("Without a reference the payment is searched", async () => {
    const { processor_reference: _, ...without } = request();
    stripe.answers(searchOf([held()]), { body: captured() });
    expect(await stripe.call(without)).toEqual(DONE);
    expect(stripe.lines()).toEqual([SEARCH, CAPTURE]);
    stripe.answers(searchOf([]));
    expect(await stripe.call(without)).toMatchObject({ kind: "unknown" });
  });

  it.each([
    ["is captured with the same amount", captured(), DONE],
    ["is captured otherwise", captured(7_001), { kind: "captured", captured_minor: 7_001 }],
    ["is captured with too much", captured(10_051), { differs: ["amount_minor"] }],
    ["is captured with nothing", captured(0), { differs: ["amount_minor"] }],
    [
      "has another id",
      intentOf({ id: "pi_other", amount_received: 7_000 }),
      { differs: ["payment"] },
    ],
    ["is cancelled", intentOf({ status: "canceled" }), { kind: "released" }],
    ["is processing", intentOf({ status: "processing" }), { kind: "unknown" }],
    ["is of another transaction", intentOf({ metadata: {} }), { differs: ["payment"] }],
  ])("A refused one is compared with the payment, which %s", async (_, now, expected) => {
    stripe.answers(unexpected, { body: now });
    expect(await stripe.call(request())).toMatchObject(expected);
    expect(stripe.lines()).toEqual([CAPTURE, RETRIEVE]);
  });

  it("An expired authorization is a decline, because nothing was taken", async () => {
    stripe.answers(errorOf(402, { type: "card_error", code: "charge_expired_for_capture" }), {
      body: held(),
    });
    const failure = {
      code: "authorization_expired",
      message: "The authorization has expired",
      processor_code: "charge_expired_for_capture",
    };
    expect(await stripe.call(request())).toEqual({ kind: "declined", failure });
  });

  it.each([
    ["the response is cut", "cut" as const],
    ["Stripe fails", errorOf(500, { type: "api_error" })],
    ["nothing has changed", { body: held() }],
  ])("It is unknown when %s", async (_, reply) => {
    stripe.answers(reply);
    expect(await stripe.call(request())).toMatchObject({ kind: "unknown" });
  });

  it("A repeated one has a key of its own, because Stripe repeats a 500 under the first", async () => {
    stripe.answers({ body: captured() });
    expect(await stripe.call(request({ attempt: 2 }))).toEqual(DONE);
    expect(stripe.sent[0]?.headers).toMatchObject({ "idempotency-key": `${KEY}:2` });
  });

  it.each([
    ["done", captured(), DONE],
    ["done otherwise", captured(500), { kind: "captured", captured_minor: 500 }],
    ["not done yet", held(), { kind: "not_found" }],
    ["impossible", intentOf({ status: "canceled" }), { kind: "released" }],
  ])("A repeated one that is %s is found by the payment's state", async (_, now, expected) => {
    stripe.answers({ body: now });
    expect(await stripe.find(request({ attempt: 2 }))).toMatchObject(expected);
    expect(stripe.lines()).toEqual([RETRIEVE]);
  });
});

describe("A void", () => {
  const CANCEL = `POST /v1/payment_intents/${INTENT_ID}/cancel`;
  const request = (fields = {}) =>
    stripeRequest({
      operation: "void",
      idempotency_key: "txn_abcdefghijklmnopqrstuvwxyz:void:4",
      processor_reference: INTENT_ID,
      reason: "requested",
      ...fields,
    });

  it("It cancels the PaymentIntent", async () => {
    stripe.answers({ body: intentOf({ status: "canceled", amount_received: 0 }) });
    expect(await stripe.call(request())).toEqual(DONE);
    expect(stripe.lines()).toEqual([CANCEL]);
    expect(stripe.sent[0]?.form).toEqual({});
  });

  it("One of a customer who did not authenticate in time says so", async () => {
    stripe.answers({ body: intentOf({ status: "canceled", amount_received: 0 }) });
    expect(await stripe.call(request({ reason: "action_expired" }))).toEqual(DONE);
    expect(stripe.sent[0]?.form).toEqual({ cancellation_reason: "abandoned" });
  });

  it.each([
    [
      "is charged",
      intentOf(),
      {
        kind: "too_late",
        done: "charge",
        captured_minor: intentOf().amount_received,
        processor_reference: INTENT_ID,
      },
    ],
    ["is cancelled", intentOf({ status: "canceled" }), DONE],
    ["is processing", intentOf({ status: "processing" }), { kind: "unknown" }],
    ["is still held", held(), { kind: "declined", failure: { code: "processor_declined" } }],
  ])("A refused one is compared with the payment, which %s", async (_, now, expected) => {
    stripe.answers(unexpected, { body: now });
    expect(await stripe.call(request())).toMatchObject(expected);
  });

  it("A refused one is unknown when the payment cannot be read", async () => {
    stripe.answers(unexpected, "cut");
    expect(await stripe.call(request())).toMatchObject({ kind: "unknown" });
  });

  it.each([
    ["canceled", DONE],
    ["succeeded", { kind: "too_late", done: "charge" }],
    ["requires_action", { kind: "not_found" }],
    ["requires_payment_method", { kind: "not_found" }],
    ["requires_capture", { kind: "not_found" }],
    ["processing", { kind: "unknown" }],
  ])("A repeated one of a payment that is %s is found by that", async (status, expected) => {
    stripe.answers({ body: intentOf({ status }) });
    expect(await stripe.find(request({ attempt: 2 }))).toMatchObject(expected);
  });
});
