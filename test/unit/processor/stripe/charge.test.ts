/** Charges and authorizations, against a scripted API. */
import { describe, expect, it } from "vitest";
import {
  declinedBy,
  errorOf,
  INTENT_ID,
  intentOf,
  scriptedStripe,
  searchOf,
  stripeRequest,
} from "../../../support/stripe-api";

const stripe = scriptedStripe();
const HOUR_MS = 3_600_000;
const KEY = "txn_abcdefghijklmnopqrstuvwxyz";
const DONE = { kind: "done", processor_reference: INTENT_ID };
const CREATE = "POST /v1/payment_intents";
const RETRIEVE = `GET /v1/payment_intents/${INTENT_ID}`;
const SEARCH = "GET /v1/payment_intents/search";
const unknown = (reason: string) => ({ kind: "unknown", reason });
const repeated = (fields = {}) => stripeRequest({ attempt: 2, ...fields });
const old = (fields = {}) => stripeRequest({ claimed_at_ms: Date.now() - 30 * HOUR_MS, ...fields });

describe("The request of a charge", () => {
  it("A charge is one PaymentIntent that is confirmed at once, under our key", async () => {
    stripe.answers({ body: intentOf() });
    expect(await stripe.call(stripeRequest())).toEqual(DONE);
    const [{ line, form, headers } = { line: "", form: {}, headers: {} }] = stripe.sent;
    expect(line).toBe(CREATE);
    expect(form).toEqual({
      amount: "10050",
      currency: "usd",
      confirm: "true",
      capture_method: "automatic",
      payment_method: "pm_card_visa",
      "metadata[transaction_id]": KEY,
      "automatic_payment_methods[enabled]": "true",
      "automatic_payment_methods[allow_redirects]": "never",
      error_on_requires_action: "true",
    });
    expect(headers).toMatchObject({
      "idempotency-key": KEY,
      "stripe-version": "2026-10-28.endive",
      authorization: "Bearer sk_test_never_shown",
    });
    expect(headers).not.toHaveProperty("x-stripe-client-telemetry");
  });

  it("An authorization with a customer and a return URL names both and may redirect", async () => {
    stripe.answers({ body: intentOf({ status: "requires_capture", amount_received: 0 }) });
    const details = {
      payment_method: "pm_1",
      customer: "cus_1",
      return_url: "https://shop.example/back",
    };
    expect(await stripe.call(stripeRequest({ operation: "authorize", details }))).toEqual(DONE);
    const form = stripe.sent[0]?.form;
    expect(form).toMatchObject({ capture_method: "manual", customer: "cus_1" });
    expect(form).toMatchObject({ return_url: "https://shop.example/back" });
    expect(form).not.toHaveProperty("error_on_requires_action");
    expect(form).not.toHaveProperty("automatic_payment_methods[allow_redirects]");
  });

  it.each([
    [
      "an amount that Stripe cannot take",
      { amount_minor: 5_124, currency: "KWD" },
      "invalid_amount",
    ],
    [
      "no payment method",
      { details: { payment_method: null, customer: null, return_url: null } },
      "invalid_payment_method",
    ],
  ])("With %s nothing is sent", async (_, fields, code) => {
    const answer = await stripe.call(stripeRequest(fields));
    expect(answer).toMatchObject({ kind: "declined", failure: { code } });
    expect(stripe.sent).toEqual([]);
  });
});

describe("The status of the PaymentIntent", () => {
  const url = "https://hooks.stripe.example/3ds?client_secret=x";
  const redirect = {
    type: "redirect_to_url",
    redirect_to_url: { url, return_url: "https://shop.example/back" },
  };
  const requires = (next_action: unknown) =>
    intentOf({ status: "requires_action", amount_received: 0, next_action });

  it("A redirect that the customer has to follow is passed on", async () => {
    stripe.answers({ body: requires(redirect) });
    expect(await stripe.call(stripeRequest())).toEqual({
      kind: "action_required",
      next_action: redirect,
      processor_reference: INTENT_ID,
    });
  });

  it.each([
    ["another action", { type: "use_stripe_sdk", use_stripe_sdk: {} }],
    [
      "a URL that is no link",
      { type: "redirect_to_url", redirect_to_url: { url: "javascript:x" } },
    ],
    [
      "a URL with a password",
      { type: "redirect_to_url", redirect_to_url: { url: "https://user:secret@evil.example/" } },
    ],
    ["no action", null],
  ])("With %s the PaymentIntent is cancelled and the payment declined", async (_, action) => {
    stripe.answers({ body: requires(action) }, { body: intentOf({ status: "canceled" }) });
    const answer = await stripe.call(stripeRequest());
    expect(answer).toMatchObject({ kind: "declined", failure: { code: "unsupported_action" } });
    expect(stripe.lines()).toEqual([CREATE, `POST /v1/payment_intents/${INTENT_ID}/cancel`]);
  });

  it("An unsupported action that cannot be cancelled is unknown", async () => {
    stripe.answers({ body: requires(null) }, "cut");
    expect(await stripe.call(stripeRequest())).toMatchObject({ kind: "unknown" });
  });

  it.each([
    ["processing", "charge", "Stripe is processing the payment"],
    ["requires_confirmation", "charge", "a PaymentIntent without outcome"],
    ["toString", "charge", "a PaymentIntent without outcome"],
    ["requires_capture", "charge", "a charge that is only authorized"],
  ] as const)("The status %s of a %s is unknown", async (status, operation, reason) => {
    stripe.answers({ body: intentOf({ status }) });
    expect(await stripe.call(stripeRequest({ operation }))).toEqual(unknown(reason));
  });

  it("An authorization that was captured at Stripe already is recorded as what was captured", async () => {
    stripe.answers({ body: intentOf({ amount_received: 500 }) });
    const answer = await stripe.call(stripeRequest({ operation: "authorize" }));
    expect(answer).toMatchObject({ kind: "captured", captured_minor: 500 });
  });

  it("A cancelled PaymentIntent was released without us", async () => {
    stripe.answers({ body: intentOf({ status: "canceled" }) });
    const answer = await stripe.call(stripeRequest());
    expect(answer).toMatchObject({ kind: "released" });
  });
});

describe("A PaymentIntent of another payment", () => {
  it.each([
    ["another transaction", { metadata: { transaction_id: "txn_other" } }, ["reference"]],
    ["no transaction", { metadata: {} }, ["reference"]],
    ["another amount", { amount: 10_051 }, ["amount_minor"]],
    ["a larger amount received", { amount_received: 10_051 }, ["amount_minor"]],
    ["another currency", { currency: "eur" }, ["currency"]],
  ])("With %s the outcome is unknown and says what differs", async (_, fields, differs) => {
    stripe.answers({ body: intentOf(fields) });
    expect(await stripe.call(stripeRequest())).toMatchObject({ kind: "unknown", differs });
  });

  it("One of live mode under a test key is unknown, and the other way round", async () => {
    stripe.answers({ body: intentOf({ livemode: true }) }, { body: intentOf() });
    const reason = "the payment is of the other mode of Stripe";
    expect(await stripe.call(stripeRequest())).toEqual(unknown(reason));
    expect(await stripe.call(stripeRequest(), "sk_live_never_shown")).toEqual(unknown(reason));
  });
});

describe("A refusal of a charge", () => {
  it("A declined card has our code, our message and Stripe's code", async () => {
    stripe.answers(declinedBy("stolen_card"));
    expect(await stripe.call(stripeRequest())).toEqual({
      kind: "declined",
      failure: {
        code: "card_declined",
        message: "The card was declined",
        processor_code: "stolen_card",
      },
      processor_reference: INTENT_ID,
    });
  });

  it("A declined card of another payment is unknown", async () => {
    stripe.answers(declinedBy("stolen_card", { payment_intent: intentOf({ amount: 1 }) }));
    expect(await stripe.call(stripeRequest())).toMatchObject({ differs: ["amount_minor"] });
  });

  it.each([
    [400, { code: "resource_missing", param: "payment_method" }, "invalid_payment_method"],
    [404, { code: "resource_missing", param: "customer" }, "invalid_payment_method"],
    [400, { code: "amount_too_small" }, "invalid_amount"],
    [400, { code: "parameter_unknown" }, "processor_declined"],
    [400, {}, "processor_declined"],
    [402, { type: "card_error", code: "expired_card" }, "expired_card"],
    [402, { type: "card_error", code: "a_new_code" }, "card_declined"],
    [402, { type: "card_error", code: "\u202e<script>" }, "card_declined"],
  ])("HTTP %d with %j is a decline", async (status, error, code) => {
    stripe.answers(errorOf(status, error));
    const answer = await stripe.call(stripeRequest());
    expect(answer).toMatchObject({ kind: "declined", failure: { code } });
    expect(JSON.stringify(answer)).not.toContain("never_shown");
    expect(JSON.stringify(answer)).not.toContain("script");
  });

  it.each([
    [400, { type: "idempotency_error" }, "another request was made under this key"],
    [409, { code: "idempotency_key_in_use", type: "idempotency_error" }, "key"],
    [409, { code: "idempotency_key_in_use" }, "HTTP 409"],
    [429, { code: "rate_limit" }, "HTTP 429"],
    [429, { code: "lock_timeout" }, "HTTP 429"],
    [400, { code: "lock_timeout" }, "HTTP 400"],
    [401, {}, "STRIPE_SECRET_KEY"],
    [403, {}, "STRIPE_SECRET_KEY"],
    [400, { code: "testmode_charges_only" }, "STRIPE_SECRET_KEY"],
    [404, {}, "HTTP 404"],
    [402, { type: "api_error" }, "HTTP 402"],
    [500, { type: "api_error" }, "HTTP 500"],
    [418, {}, "HTTP 418"],
  ])("HTTP %d with %j is unknown", async (status, error, reason) => {
    stripe.answers(errorOf(status, error));
    const answer = await stripe.call(stripeRequest());
    expect(answer).toMatchObject({ kind: "unknown", reason: expect.stringContaining(reason) });
    expect(JSON.stringify(answer)).not.toContain("never_shown");
    expect(stripe.lines()).toEqual([CREATE]);
  });
});

describe("A repeated charge", () => {
  it("It is the same request, whose old response is followed by a look at the present", async () => {
    const authenticated = { body: intentOf({ status: "requires_action", next_action: null }) };
    stripe.answers(authenticated, { body: intentOf() });
    expect(await stripe.find(repeated())).toEqual({ kind: "not_found" });
    expect(await stripe.call(repeated())).toEqual(DONE);
    expect(stripe.lines()).toEqual([CREATE, RETRIEVE]);
    expect(stripe.sent[0]?.headers).toMatchObject({ "idempotency-key": KEY });
  });

  it("An error that Stripe repeats does not hide a payment that was made", async () => {
    stripe.answers(
      errorOf(500, { type: "api_error" }),
      searchOf([intentOf({ status: "processing" })]),
      { body: intentOf() },
    );
    expect(await stripe.call(repeated())).toEqual(DONE);
    expect(stripe.lines()).toEqual([CREATE, SEARCH, RETRIEVE]);
    expect(stripe.sent[1]?.form).toEqual({
      query: `metadata['transaction_id']:'${KEY}'`,
      limit: "2",
    });
  });

  it("A payment that the search does not have stays unknown", async () => {
    stripe.answers(errorOf(500, { type: "api_error" }), searchOf([]));
    expect(await stripe.call(repeated())).toEqual(unknown("Stripe: HTTP 500"));
  });

  it("With a reference the PaymentIntent is read, and nothing is sent", async () => {
    stripe.answers({ body: intentOf({ status: "processing" }) });
    const request = repeated({ processor_reference: INTENT_ID });
    expect(await stripe.find(request)).toEqual(unknown("Stripe is processing the payment"));
    expect(stripe.lines()).toEqual([RETRIEVE]);
  });

  const last_payment_error = { code: "payment_intent_authentication_failure" };
  const failed = { body: intentOf({ status: "requires_payment_method", last_payment_error }) };
  const closed = { body: intentOf({ status: "canceled", last_payment_error }) };
  const CANCEL = `POST /v1/payment_intents/${INTENT_ID}/cancel`;
  const DECLINED = { kind: "declined", failure: { code: "authentication_failed" } };

  it("A payment whose customer failed to authenticate is declined, and its PaymentIntent is closed", async () => {
    stripe.answers(failed, closed);
    const answer = await stripe.find(repeated({ processor_reference: INTENT_ID }));
    expect(answer).toMatchObject(DECLINED);
    expect(stripe.lines()).toEqual([RETRIEVE, CANCEL]);
  });

  it("A declined PaymentIntent that was closed already is declined", async () => {
    stripe.answers(closed);
    const answer = await stripe.find(repeated({ processor_reference: INTENT_ID }));
    expect(answer).toMatchObject(DECLINED);
    stripe.answers(failed, errorOf(400, { code: "payment_intent_unexpected_state" }), closed);
    expect(await stripe.find(repeated({ processor_reference: INTENT_ID }))).toMatchObject(DECLINED);
  });

  it("A declined PaymentIntent that cannot be closed, or was paid meanwhile, is unknown", async () => {
    const open = unknown("a declined PaymentIntent that is still open");
    stripe.answers(failed, errorOf(500, { type: "api_error" }));
    expect(await stripe.find(repeated({ processor_reference: INTENT_ID }))).toEqual(open);
    const paid = { body: intentOf({}) };
    stripe.answers(failed, errorOf(400, { code: "payment_intent_unexpected_state" }), paid);
    expect(await stripe.find(repeated({ processor_reference: INTENT_ID }))).toEqual(open);
  });

  it("A PaymentIntent that the account does not have is unknown", async () => {
    stripe.answers(errorOf(404, { code: "resource_missing", param: "intent" }));
    const answer = await stripe.find(repeated({ processor_reference: INTENT_ID }));
    expect(answer).toEqual(unknown("the account of STRIPE_SECRET_KEY does not have this payment"));
  });
});

describe("A charge whose key Stripe may have forgotten", () => {
  it.each([1, 2])("Attempt %d is searched before it is sent", async (attempt) => {
    stripe.answers(searchOf([intentOf()]), { body: intentOf() });
    expect(await stripe.call(old({ attempt }))).toEqual(DONE);
    expect(stripe.lines()).toEqual([SEARCH, RETRIEVE]);
  });

  it("It is sent when the search has nothing", async () => {
    stripe.answers(searchOf([]), { body: intentOf() });
    expect(await stripe.call(old())).toEqual(DONE);
    expect(stripe.lines()).toEqual([SEARCH, CREATE]);
  });

  it.each([
    ["fails", errorOf(500, { type: "api_error" })],
    ["is cut", "cut" as const],
    ["is refused", errorOf(400, { code: "parameter_unknown" })],
    ["has no list", { body: { object: "search_result" } }],
    ["finds two", searchOf([intentOf(), intentOf()])],
  ])("It is not sent when the search %s", async (_, reply) => {
    stripe.answers(reply);
    expect(await stripe.call(old())).toMatchObject({ kind: "unknown" });
    expect(stripe.lines()).toEqual([SEARCH]);
  });
});
