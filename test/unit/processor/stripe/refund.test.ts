/** Refunds, against a scripted API. */
import { describe, expect, it } from "vitest";
import {
  errorOf,
  INTENT_ID,
  intentOf,
  listOf,
  REFUND_ID,
  refundOf,
  scriptedStripe,
  searchOf,
  stripeRequest,
} from "../../../support/stripe-api";

const stripe = scriptedStripe();
const CREATE = "POST /v1/refunds";
const LIST = "GET /v1/refunds";
const DONE = { kind: "done", processor_reference: "re_3QWERTY0000000000000002" };
const request = (fields = {}) =>
  stripeRequest({
    operation: "refund",
    idempotency_key: REFUND_ID,
    amount_minor: 500,
    processor_reference: INTENT_ID,
    ...fields,
  });
const other = refundOf({ id: "re_other", metadata: { refund_id: "re_other" } });

describe("A refund", () => {
  it("It returns the amount under its own id, which its metadata has too", async () => {
    stripe.answers({ body: refundOf() });
    expect(await stripe.call(request({ reason: "duplicate" }))).toEqual(DONE);
    const [first] = stripe.sent;
    expect(first?.line).toBe(CREATE);
    expect(first?.form).toEqual({
      payment_intent: INTENT_ID,
      amount: "500",
      "metadata[transaction_id]": "txn_abcdefghijklmnopqrstuvwxyz",
      "metadata[refund_id]": REFUND_ID,
      reason: "duplicate",
    });
    expect(first?.headers).toMatchObject({ "idempotency-key": REFUND_ID });
  });

  it("A reason that Stripe does not take stays here", async () => {
    stripe.answers({ body: refundOf() });
    await stripe.call(request({ reason: "The customer of 1 Main Street asked for it" }));
    expect(stripe.sent[0]?.form).not.toHaveProperty("reason");
  });

  it.each([
    ["pending", { kind: "unknown" }],
    ["requires_action", { kind: "unknown" }],
    [null, { kind: "unknown" }],
    ["canceled", { kind: "declined", failure: { code: "refund_failed" } }],
  ])("The status %s is %j", async (status, expected) => {
    stripe.answers({ body: refundOf({ status }) });
    expect(await stripe.call(request())).toMatchObject(expected);
  });

  it("A failed one has the reason in our words and in Stripe's", async () => {
    const failure_reason = "expired_or_canceled_card";
    stripe.answers({ body: refundOf({ status: "failed", failure_reason }) });
    expect(await stripe.call(request())).toEqual({
      kind: "declined",
      failure: {
        code: "expired_card",
        message: "The card has expired",
        processor_code: failure_reason,
      },
      processor_reference: "re_3QWERTY0000000000000002",
    });
  });

  it.each([
    ["another amount", { amount: 501 }, ["amount_minor"]],
    ["another currency", { currency: "eur" }, ["currency"]],
    ["another payment", { payment_intent: "pi_other" }, ["payment"]],
    ["another refund's id", { metadata: { refund_id: "re_other" } }, ["reference"]],
  ])("A response about %s is unknown", async (_, fields, differs) => {
    stripe.answers({ body: refundOf(fields) });
    expect(await stripe.call(request())).toMatchObject({ kind: "unknown", differs });
  });

  it.each(["charge_already_refunded", ""])(
    "A refusal (%s) is done when it is our own refund that used up the payment",
    async (code) => {
      stripe.answers(errorOf(400, { code }), listOf([other, refundOf()]));
      expect(await stripe.call(request())).toEqual(DONE);
      expect(stripe.lines()).toEqual([CREATE, LIST]);
    },
  );

  it("A refusal of what was refunded by others is a decline", async () => {
    stripe.answers(errorOf(400, { code: "charge_already_refunded" }), listOf([other]));
    const answer = await stripe.call(request());
    expect(answer).toMatchObject({ kind: "declined", failure: { code: "already_refunded" } });
  });

  it("A refusal is unknown while the refunds cannot be listed", async () => {
    stripe.answers(errorOf(400, { code: "charge_already_refunded" }), "cut");
    expect(await stripe.call(request())).toMatchObject({ kind: "unknown" });
  });

  it("Without a reference the payment is searched first", async () => {
    const { processor_reference: _, ...without } = request();
    stripe.answers(searchOf([intentOf()]), { body: refundOf() });
    expect(await stripe.call(without)).toEqual(DONE);
    stripe.answers(searchOf([]));
    expect(await stripe.call(without)).toMatchObject({ kind: "unknown" });
    expect(stripe.lines().filter((line) => line === CREATE)).toHaveLength(1);
  });
});

describe("A repeated refund", () => {
  it.each([
    ["made", listOf([other, refundOf()]), DONE],
    ["not made", listOf([other]), { kind: "not_found" }],
    ["among more than are listed", listOf([other], true), { kind: "unknown" }],
    ["not listed", errorOf(500, { type: "api_error" }), { kind: "unknown" }],
    ["in a list that is none", { body: { object: "list" } }, { kind: "unknown" }],
  ])("One that is %s is found by its id", async (_, reply, expected) => {
    stripe.answers(reply);
    expect(await stripe.find(request({ attempt: 2 }))).toMatchObject(expected);
    expect(stripe.lines()).toEqual([LIST]);
    expect(stripe.sent[0]?.form).toEqual({ payment_intent: INTENT_ID, limit: "100" });
  });

  it("One whose key Stripe may have forgotten is never sent before a look", async () => {
    const claimed_at_ms = Date.now() - 30 * 3_600_000;
    stripe.answers(listOf([refundOf()]));
    expect(await stripe.call(request({ claimed_at_ms }))).toEqual(DONE);
    expect(stripe.lines()).toEqual([LIST]);
    stripe.answers(listOf([]), { body: refundOf() });
    expect(await stripe.call(request({ claimed_at_ms }))).toEqual(DONE);
    expect(stripe.lines()).toEqual([LIST, LIST, CREATE]);
  });
});
