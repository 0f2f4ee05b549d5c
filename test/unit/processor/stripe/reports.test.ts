/** What events of Stripe report. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENT_TYPES, toReport } from "../../../../src/processor/stripe/reports";
import {
  CLIENT_SECRET,
  INTENT_ID,
  intentOf,
  REFUND_ID,
  refundOf,
} from "../../../support/stripe-api";

const TRANSACTION_ID = "txn_abcdefghijklmnopqrstuvwxyz";
const eventOf = (type: string, object: unknown) => ({
  id: "evt_1QWERTY",
  object: "event",
  type,
  livemode: false,
  data: { object },
});
const disputeOf = (fields: object = {}) => ({
  id: "dp_1QWERTY",
  object: "dispute",
  amount: 10_050,
  charge: "ch_3QWERTY0000000000000001",
  created: 1_795_000_000,
  currency: "usd",
  evidence_details: { due_by: 1_795_600_000, has_evidence: false },
  metadata: {},
  payment_intent: INTENT_ID,
  reason: "fraudulent",
  status: "needs_response",
  ...fields,
});

describe("An event of a payment", () => {
  const about = {
    kind: "payment",
    processor_reference: INTENT_ID,
    amount_minor: 10_050,
    currency: "USD",
  };
  const redirect = {
    type: "redirect_to_url",
    redirect_to_url: { url: "https://hooks.stripe.example/3ds", return_url: null },
  };
  const last_payment_error = { code: "card_declined", decline_code: "insufficient_funds" };

  it.each([
    ["payment_intent.succeeded", {}, { state: "succeeded", captured_minor: 10_050 }],
    [
      "payment_intent.succeeded",
      { amount_received: 7_000 },
      { state: "succeeded", captured_minor: 7_000 },
    ],
    [
      "payment_intent.amount_capturable_updated",
      { status: "requires_capture", amount_received: 0 },
      { state: "authorized" },
    ],
    ["payment_intent.canceled", { status: "canceled" }, { state: "cancelled" }],
    [
      "payment_intent.canceled",
      { status: "canceled", last_payment_error },
      {
        state: "failed",
        failure: { code: "insufficient_funds", message: "The account has insufficient funds" },
      },
    ],
    [
      "payment_intent.payment_failed",
      { status: "requires_payment_method", last_payment_error },
      {
        state: "failed",
        failure: { code: "insufficient_funds", message: "The account has insufficient funds" },
      },
    ],
    [
      "payment_intent.requires_action",
      { status: "requires_action", next_action: redirect },
      { state: "action_required", next_action: redirect },
    ],
  ])("%s with %j reports %j", (type, fields, state) => {
    const read = toReport(eventOf(type, intentOf(fields)));
    expect(read).toEqual({
      report: { ...about, ...state },
      transaction_id: TRANSACTION_ID,
      payment_reference: INTENT_ID,
    });
    expect(JSON.stringify(read)).not.toContain(CLIENT_SECRET);
  });

  it.each([
    ["no metadata", null],
    ["an id of another system", { transaction_id: "order-1" }],
    ["an id that is no text", { transaction_id: 7 }],
  ])("One with %s names no transaction of ours", (_, metadata) => {
    const read = toReport(eventOf("payment_intent.succeeded", intentOf({ metadata })));
    expect(read).toMatchObject({ transaction_id: null, payment_reference: INTENT_ID });
  });

  it("An amount of Stripe's is one of ISO 4217 here", () => {
    const object = intentOf({ amount: 50_000, amount_received: 50_000, currency: "isk" });
    expect(toReport(eventOf("payment_intent.succeeded", object))).toMatchObject({
      report: { amount_minor: 500, captured_minor: 500, currency: "ISK" },
    });
  });
});

describe("An event of a refund", () => {
  const about = {
    kind: "refund",
    processor_reference: "re_3QWERTY0000000000000002",
    refund_id: REFUND_ID,
    amount_minor: 500,
    currency: "USD",
    payment_reference: INTENT_ID,
  };
  const failure = { code: "refund_failed", message: "The money could not be returned to the card" };

  it.each([
    ["refund.created", "succeeded", { state: "succeeded" }],
    ["refund.created", "pending", { state: "pending" }],
    ["refund.updated", "requires_action", { state: "pending" }],
    ["refund.failed", "failed", { state: "failed", failure }],
    ["refund.updated", "canceled", { state: "failed", failure }],
  ])("%s with the status %s reports %j", (type, status, state) => {
    expect(toReport(eventOf(type, refundOf({ status })))).toEqual({
      report: { ...about, ...state },
      transaction_id: TRANSACTION_ID,
      payment_reference: INTENT_ID,
    });
  });

  it("One that was made at Stripe has no id of ours, and leads to the payment", () => {
    const object = refundOf({
      ...{ metadata: {}, payment_intent: { id: INTENT_ID } },
      balance_transaction: "txn_3QWERTY",
    });
    expect(toReport(eventOf("refund.created", object))).toMatchObject({
      report: { refund_id: null, payment_reference: INTENT_ID },
      transaction_id: null,
      payment_reference: INTENT_ID,
    });
  });

  it("The release of an authorization, which moves no money, is no refund", () => {
    for (const balance_transaction of [null, undefined]) {
      const object = refundOf({ metadata: {}, balance_transaction });
      expect(toReport(eventOf("refund.created", object))).toBe("ignored");
    }
    // One of ours has no balance transaction either until it has succeeded.
    const ours = refundOf({ status: "pending", balance_transaction: null });
    expect(toReport(eventOf("refund.created", ours))).toMatchObject({
      report: { state: "pending" },
    });
  });
});

describe("An event of a dispute", () => {
  it("It reports the dispute, and leads to the payment", () => {
    expect(toReport(eventOf("charge.dispute.created", disputeOf()))).toEqual({
      report: {
        kind: "dispute",
        dispute: {
          id: "dp_1QWERTY",
          status: "open",
          reason: "fraudulent",
          amount_minor: 10_050,
          currency: "USD",
          evidence_due_by: "2026-11-25T09:46:40.000Z",
          opened_at: "2026-11-18T11:06:40.000Z",
        },
        payment_reference: INTENT_ID,
      },
      transaction_id: null,
      payment_reference: INTENT_ID,
    });
  });

  it.each([
    ["needs_response", "open"],
    ["under_review", "open"],
    ["warning_needs_response", "open"],
    ["appeal_under_review", "open"],
    ["toString", "open"],
    ["won", "won"],
    ["lost", "lost"],
    ["warning_closed", "closed"],
    ["prevented", "closed"],
  ])("The status %s is %s", (status, expected) => {
    const read = toReport(eventOf("charge.dispute.closed", disputeOf({ status })));
    expect(read).toMatchObject({ report: { dispute: { status: expected } } });
  });

  it("A reason that is no code, and a missing date, are left out", () => {
    const object = disputeOf({ reason: "<b>x</b>", evidence_details: { due_by: null } });
    expect(toReport(eventOf("charge.dispute.created", object))).toMatchObject({
      report: { dispute: { reason: "general", evidence_due_by: null } },
    });
  });
});

describe("An event that is ignored", () => {
  it.each([
    ["another type", eventOf("customer.created", { object: "customer", id: "cus_1" })],
    ["another type with a payment", eventOf("payment_intent.created", intentOf())],
    [
      "a payment that is processing",
      eventOf("payment_intent.succeeded", intentOf({ status: "processing" })),
    ],
    [
      "a dispute without a payment",
      eventOf("charge.dispute.created", disputeOf({ payment_intent: null })),
    ],
    ["nothing", null],
    ["text", "payment_intent.succeeded"],
    ["a list", [eventOf("payment_intent.succeeded", intentOf())]],
  ])("One with %s is", (_, event) => {
    expect(toReport(event)).toBe("ignored");
  });

  it.each([
    ["an unknown currency", eventOf("payment_intent.succeeded", intentOf({ currency: "xxx" }))],
    ["an amount that is no integer", eventOf("refund.created", refundOf({ amount: 1.5 }))],
    [
      "a part of a krona",
      eventOf("charge.dispute.created", disputeOf({ currency: "isk", amount: 5 })),
    ],
    ["a date beyond all dates", eventOf("charge.dispute.created", disputeOf({ created: 1e15 }))],
    ["no object", eventOf("payment_intent.succeeded", undefined)],
  ])("One of a type that is read with %s is unreadable, which is not silent", (_, event) => {
    expect(toReport(event)).toBe("unreadable");
  });

  it("Whatever it holds, reading it fails in no other way", () => {
    const anything = fc.object({ maxDepth: 3 });
    const mutated = fc
      .tuple(fc.constantFrom(...EVENT_TYPES), anything, fc.nat(2))
      .map(([type, fields, kind]) =>
        eventOf(type, [intentOf(fields), refundOf(fields), disputeOf(fields)][kind]),
      );
    const members = fc.constantFrom(
      ...Object.keys({ ...intentOf(), ...refundOf(), ...disputeOf() }),
    );
    const values = fc.jsonValue();
    fc.assert(
      fc.property(mutated, members, values, (event, member, value) => {
        const object = { ...(event.data.object as object), [member]: value };
        const read = toReport({ ...event, data: { object } });
        const kind = typeof read === "string" ? read : read.report.kind;
        expect(["ignored", "unreadable", "payment", "refund", "dispute"]).toContain(kind);
      }),
    );
  });
});
