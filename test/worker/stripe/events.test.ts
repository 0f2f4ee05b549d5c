/** What Stripe's events do to transactions: real objects, and the stand-in for Stripe over HTTP. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, newClient } from "../../support/api";
import { eventually } from "../../support/eventually";
import {
  atStripe,
  eventAbout,
  pay,
  refund,
  refundsOf,
  report,
  reportAbout,
  steer,
  typesOf,
} from "../../support/stripe-shop";

let shop: Client;
beforeAll(async () => {
  await steer("settings", { later_ms: null });
  shop = await newClient();
});

const referenceOf = (payment: { processor_reference?: string }) =>
  payment.processor_reference ?? "";

describe("an event of a payment", () => {
  it("An event about what is recorded changes nothing, however often it comes", async () => {
    const payment = await pay(shop);
    expect(payment.status).toBe("completed");
    for (let count = 0; count < 3; count++) {
      expect(await reportAbout("payment_intent.succeeded", referenceOf(payment))).toBe("unchanged");
    }
    expect(await shop.find(payment.id)).toEqual(payment);
  });

  it("An authentication that the customer finishes completes the payment by its event", async () => {
    const return_url = "https://shop.example.com/thanks";
    const payment = await pay(shop, "pm_card_authenticationRequired", { return_url });
    expect(payment.status).toBe("requires_action");
    const id = referenceOf(payment);
    const early = await eventAbout("payment_intent.requires_action", id);
    await steer(`payment_intents/${id}/complete`);
    expect(await reportAbout("payment_intent.succeeded", id)).toBe("recorded");
    expect(await shop.find(payment.id)).toMatchObject({ status: "completed" });
    // The event of before comes late.
    expect(await report(early)).toBe("unchanged");
    expect(await reportAbout("payment_intent.succeeded", id)).toBe("unchanged");
    const types = await typesOf(shop, payment.id);
    expect(types.filter((type) => type === "transaction.completed")).toHaveLength(1);
  });

  it("An authentication that fails ends the payment by its event", async () => {
    const return_url = "https://shop.example.com/thanks";
    const payment = await pay(shop, "pm_card_authenticationRequired", { return_url });
    const id = referenceOf(payment);
    await steer(`payment_intents/${id}/fail`);
    expect(await reportAbout("payment_intent.payment_failed", id)).toBe("recorded");
    const failed = await shop.find(payment.id);
    expect(failed).toMatchObject({ status: "failed" });
    // The customer has its secret, and cannot pay it any more.
    expect(await atStripe(`payment_intents/${id}`)).toMatchObject({ status: "canceled" });
    expect(await reportAbout("payment_intent.payment_failed", id)).toBe("unchanged");
    expect(await reportAbout("payment_intent.canceled", id)).toBe("unchanged");
    expect(await shop.find(payment.id)).toEqual(failed);
  });

  it("An authentication that failed is found without an event, and closed", async () => {
    const return_url = "https://shop.example.com/thanks";
    const payment = await pay(shop, "pm_card_authenticationRequired", { return_url });
    const id = referenceOf(payment);
    await steer(`payment_intents/${id}/fail`);
    await eventually(async () => {
      await shop.process(payment.id);
      expect(await shop.find(payment.id)).toMatchObject({ status: "failed" });
    });
    expect(await atStripe(`payment_intents/${id}`)).toMatchObject({ status: "canceled" });
  });

  it("A capture at Stripe's dashboard completes an authorized payment", async () => {
    const payment = await pay(shop, "pm_card_visa", { capture_method: "manual" });
    expect(payment.status).toBe("authorized");
    const id = referenceOf(payment);
    await atStripe(`payment_intents/${id}/capture`, { amount_to_capture: "700" });
    expect(await reportAbout("payment_intent.succeeded", id)).toBe("recorded");
    expect(await shop.find(payment.id)).toMatchObject({
      status: "completed",
      amount_captured_minor: 700,
    });
    // The rest that was released looks like a refund at Stripe, and is none.
    expect(await refundsOf(shop, payment.id)).toEqual([]);
  });

  it("A cancellation at Stripe's dashboard cancels an authorized payment", async () => {
    const payment = await pay(shop, "pm_card_visa", { capture_method: "manual" });
    const id = referenceOf(payment);
    await atStripe(`payment_intents/${id}/cancel`, {});
    expect(await reportAbout("payment_intent.canceled", id)).toBe("recorded");
    expect(await shop.find(payment.id)).toMatchObject({ status: "cancelled" });
  });

  it("An event of another amount contradicts, and the record stays", async () => {
    const payment = await pay(shop);
    const event = (await eventAbout("payment_intent.succeeded", referenceOf(payment))) as {
      data: { object: object };
    };
    const object = { ...event.data.object, amount: 1, amount_received: 1 };
    expect(await report({ ...event, data: { object } })).toBe("contradicts");
    expect(await shop.find(payment.id)).toEqual(payment);
  });

  it("An event about a transaction that does not exist is not ours", async () => {
    const payment = await pay(shop);
    const event = (await eventAbout("payment_intent.succeeded", referenceOf(payment))) as {
      data: { object: object };
    };
    const metadataOf = (metadata: unknown) => ({
      ...event,
      data: { object: { ...event.data.object, metadata } },
    });
    const unknown = { transaction_id: `txn_${"a".repeat(26)}` };
    expect(await report(metadataOf(unknown))).toBe("not_ours");
    // Without an id of ours the PaymentIntent is read, which has one.
    for (const metadata of [{}, { transaction_id: "../etc" }, { transaction_id: ["x"] }]) {
      expect(await report(metadataOf(metadata))).toBe("unchanged");
    }
  });
});

describe("an event of a refund", () => {
  it("A refund that fails after it succeeded is failed by its event, once", async () => {
    const payment = await pay(shop, "pm_card_refundFail");
    const made = await refund(shop, payment.id, "2.50");
    expect(made).toMatchObject({ status: "succeeded" });
    expect(await shop.find(payment.id)).toMatchObject({ amount_refunded_minor: 250 });
    await steer(`refunds/${made.processor_reference}/fail`);
    const id = made.processor_reference ?? "";
    expect(await reportAbout("refund.failed", id)).toBe("recorded");
    expect(await reportAbout("refund.failed", id)).toBe("unchanged");
    expect(await refundsOf(shop, payment.id)).toMatchObject([{ status: "failed" }]);
    expect(await shop.find(payment.id)).toMatchObject({ amount_refunded_minor: 0 });
  });

  it("A refund at Stripe's dashboard becomes a refund of ours, once", async () => {
    const payment = await pay(shop);
    const made = await atStripe<{ id: string }>("refunds", {
      payment_intent: referenceOf(payment),
      amount: "300",
    });
    expect(await reportAbout("refund.created", made.id)).toBe("recorded");
    expect(await reportAbout("refund.created", made.id)).toBe("unchanged");
    expect(await refundsOf(shop, payment.id)).toMatchObject([
      { status: "succeeded", amount_minor: 300, processor_reference: made.id },
    ]);
    expect(await shop.find(payment.id)).toMatchObject({ amount_refunded_minor: 300 });
  });

  it("A refund of a payment that is not ours is counted as such", async () => {
    const foreign = await atStripe<{ id: string }>("payment_intents", {
      ...{ amount: "1000", currency: "usd", confirm: "true", payment_method: "pm_card_visa" },
      "automatic_payment_methods[enabled]": "true",
      "automatic_payment_methods[allow_redirects]": "never",
    });
    expect(await reportAbout("payment_intent.succeeded", foreign.id)).toBe("not_ours");
    const made = await atStripe<{ id: string }>("refunds", { payment_intent: foreign.id });
    expect(await reportAbout("refund.created", made.id)).toBe("not_ours");
  });
});

describe("an event of a dispute", () => {
  it("A dispute opens and closes by its events, in any order", async () => {
    const payment = await pay(shop);
    const opened = await steer("disputes", { payment_intent: referenceOf(payment) });
    const id = String(opened.id);
    const early = await eventAbout("charge.dispute.created", id);
    await steer(`disputes/${id}/close`, { status: "lost" });
    expect(await reportAbout("charge.dispute.closed", id)).toBe("recorded");
    expect(await report(early)).toBe("unchanged");
    expect(await shop.find(payment.id)).toMatchObject({ dispute: { id, status: "lost" } });
  });
});

describe("an outage", () => {
  it("An event that needs Stripe gets 503 while Stripe fails, and is recorded when it comes again", async () => {
    const payment = await pay(shop);
    const opened = await steer("disputes", { payment_intent: referenceOf(payment) });
    const event = await eventAbout("charge.dispute.created", String(opened.id));
    for (const fault of ["failed", "cut", "rate_limited", "unavailable"]) {
      await steer("faults", { match: `payment_intents/${referenceOf(payment)}`, fault, times: 1 });
      expect(await report(event), fault).toBe("503");
    }
    expect(await report(event)).toBe("recorded");
  });
});
