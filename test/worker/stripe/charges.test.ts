/** Charges, captures and refunds through the API, with Stripe as the processor: real objects, and the stand-in for Stripe
 *  over HTTP, which loses responses. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Refund } from "../../../src/domain/transaction/refund";
import { freshKey, type ProblemBody, problem, TRANSACTIONS } from "../../support/api";
import { bookRows, ringUntil, shop } from "../../support/owner";
import { atStripe, pay, refundsOf, steer, typesOf } from "../../support/stripe-shop";

beforeAll(() => steer("settings", { later_ms: null }));

type Intent = { id: string; status: string; amount: number; amount_received: number };
async function intentsOf(id: string): Promise<Intent[]> {
  const query = encodeURIComponent(`metadata['transaction_id']:'${id}'`);
  const path = `payment_intents/search?query=${query}`;
  return (await atStripe<{ data: Intent[] }>(path)).data;
}
const lose = (match: string, fault = "lost") => steer("faults", { match, fault, times: 1 });

describe("A create", () => {
  it.each([
    ["without a payment method", {}, "payment_method_required", ""],
    [
      "of an amount that Stripe cannot take",
      { payment_method: "pm_card_visa", currency: "KWD", amount: "5.124" },
      "amount_not_supported",
      "5.12",
    ],
    [
      "in a currency that Stripe does not take",
      { payment_method: "pm_card_visa", currency: "IQD" },
      "currency_not_supported",
      "IQD",
    ],
  ])("One %s is refused before anything is sent", async (_, body, code, said) => {
    const response = await shop.create(body);
    expect(response.status).toBe(400);
    const refused = await problem(response);
    expect(refused.code).toBe(code);
    expect(refused.detail).toContain(said);
    const item = { idempotency_key: freshKey(), user_id: "user_1", amount: 10, ...body };
    const { data } = (await (await shop.batch([item])).json()) as {
      data: { problem: ProblemBody }[];
    };
    const places = refused.errors?.map(({ pointer }) => pointer?.replace("#", "#/items/0"));
    expect(data[0]?.problem.errors?.map(({ pointer }) => pointer)).toEqual(places);
  });

  it("An amount in another unit than Stripe's is charged exactly", async () => {
    const payment = await pay(shop, "pm_card_visa", { currency: "ISK", amount: "500" });
    expect(payment).toMatchObject({ status: "completed", amount_minor: 500 });
    expect(await intentsOf(payment.id)).toMatchObject([{ amount: 50_000 }]);
  });
});

describe("A charge whose response is lost", () => {
  it.each(["lost", "cut", "rate_limited", "conflict", "failed_done"])(
    "It is completed by the alarm, and made once (%s)",
    async (fault) => {
      const { id } = await shop.created({ amount: "12.50", payment_method: "pm_card_visa" });
      await lose(id, fault);
      expect((await shop.process(id)).status).toBe(202);
      const payment = await ringUntil(id, "completed");
      const [intent, ...others] = await intentsOf(id);
      expect(others).toEqual([]);
      expect(intent).toMatchObject({ status: "succeeded", amount_received: 1_250 });
      expect(payment.processor_reference).toBe(intent?.id);
    },
  );

  it("A decline that was lost fails the payment, with Stripe's code beside ours", async () => {
    const payment_method = "pm_card_chargeDeclinedStolenCard";
    const { id } = await shop.created({ payment_method });
    await lose(id);
    expect((await shop.process(id)).status).toBe(202);
    const { failure } = await ringUntil(id, "failed");
    expect(failure).toEqual({
      code: "card_declined",
      message: "The card was declined",
      processor_code: "stolen_card",
    });
  });

  it("A capture and a refund that were lost are made once", async () => {
    const { id, processor_reference } = await pay(shop, "pm_card_visa", {
      capture_method: "manual",
    });
    await lose(`${processor_reference}/capture`);
    expect((await shop.capture(id, "10")).status).toBe(202);
    await ringUntil(id, "completed");
    expect(await intentsOf(id)).toMatchObject([{ amount_received: 1_000 }]);

    await lose(`payment_intent=${processor_reference}`);
    const response = await shop.refund(id, { amount: "4" });
    const { id: refundId } = (await response.json()) as Refund;
    await ringUntil(id, "completed", async () => {
      expect(await refundsOf(shop, id)).toMatchObject([{ id: refundId, status: "succeeded" }]);
    });
    const list = await atStripe<{ data: { metadata: object }[] }>(
      `refunds?payment_intent=${processor_reference}`,
    );
    const ours = list.data.filter(({ metadata }) => "refund_id" in metadata);
    expect(ours).toMatchObject([{ amount: 400, metadata: { refund_id: refundId } }]);
  });
});

describe("A card that has to be authenticated", () => {
  const return_url = "https://shop.example.com/thanks";
  const begin = () => pay(shop, "pm_card_authenticationRequired", { return_url });

  it("The payment is completed when it is asked for after the customer has authenticated", async () => {
    const { id, status, processor_reference } = await begin();
    expect(status).toBe("requires_action");
    const shown = (await shop.find(id)) as { next_action?: { redirect_to_url: { url: string } } };
    const url = shown.next_action?.redirect_to_url.url ?? "";
    expect(url).toContain(processor_reference);
    await steer(`payment_intents/${processor_reference}/complete`);
    const payment = await ringUntil(id, "completed");
    expect(payment).not.toHaveProperty("next_action");
    // The URL holds a secret: it is in no event and no row.
    const { transactions, events } = await bookRows(id);
    const stored = JSON.stringify([transactions, events, await typesOf(shop, id)]);
    for (const secret of [url, "pm_card_", return_url]) expect(stored).not.toContain(secret);
  });

  it("A cancellation cancels the PaymentIntent", async () => {
    const { id } = await begin();
    expect((await shop.cancel(id)).status).toBe(200);
    expect(await shop.find(id)).toMatchObject({ status: "cancelled" });
    expect(await intentsOf(id)).toMatchObject([{ status: "canceled" }]);
  });

  it("A cancellation after the customer has authenticated completes the payment", async () => {
    const { id, processor_reference } = await begin();
    await steer(`payment_intents/${processor_reference}/complete`);
    await shop.cancel(id);
    const payment = await ringUntil(id, "completed");
    expect(payment).toMatchObject({ amount_captured_minor: 1_250 });
    expect(await intentsOf(id)).toMatchObject([{ status: "succeeded" }]);
  });

  it("Without a return URL the payment is declined, and nothing stays open at Stripe", async () => {
    const payment = await pay(shop, "pm_card_authenticationRequired");
    expect(payment).toMatchObject({
      status: "failed",
      failure: { code: "authentication_required" },
    });
    const response = await shop.get(`${TRANSACTIONS}/${payment.id}`);
    expect(await response.text()).not.toContain("secret");
  });
});
