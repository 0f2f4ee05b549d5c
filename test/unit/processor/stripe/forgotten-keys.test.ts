/** What a day does: Stripe removes an idempotency key, and the same request would be a new payment. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StripeStandIn, startStripe } from "../../../../simulate/stripe/server";
import { callWithin, type OperationRequest } from "../../../../src/processor/processor";
import { stripeProcessor } from "../../../../src/processor/stripe/stripe";
import { REFUND_ID, SECRET_KEY, stripeRequest } from "../../../support/stripe-api";

const LIMIT_MS = 20_000;
const HOUR_MS = 3_600_000;
let stripe: StripeStandIn;
beforeAll(async () => {
  stripe = await startStripe({ secret_key: SECRET_KEY });
});
afterAll(() => stripe.close());

const call = (request: OperationRequest) => {
  const settings = { secret_key: SECRET_KEY, webhook_secrets: [], api_url: stripe.url };
  return callWithin(stripeProcessor({ kind: "stripe", ...settings }), request, LIMIT_MS);
};
const made = (match: string) => stripe.requests.filter(({ path }) => path.startsWith(match));
const yesterday = { claimed_at_ms: Date.now() - 25 * HOUR_MS };

describe("A key that Stripe has removed", () => {
  it.each([1, 2])("A lost charge is found, not repeated, by attempt %d", async (attempt) => {
    const id = `txn_${String(attempt).repeat(26)}`;
    const payment = stripeRequest({ idempotency_key: id, transaction_id: id });
    stripe.faults.script({ match: id, fault: "lost", times: 1 });
    expect(await call(payment)).toMatchObject({ kind: "unknown" });
    stripe.keys.forget();
    expect(await call({ ...payment, ...yesterday, attempt })).toMatchObject({ kind: "done" });
    const creates = stripe.requests.filter(({ key }) => key === id);
    expect(creates).toHaveLength(1);
  });

  it("A charge that failed without effect is made after a day", async () => {
    const id = `txn_${"f".repeat(26)}`;
    const payment = stripeRequest({ idempotency_key: id, transaction_id: id });
    stripe.faults.script({ match: id, fault: "failed", times: 1 });
    expect(await call(payment)).toMatchObject({ kind: "unknown" });
    stripe.keys.forget();
    expect(await call({ ...payment, ...yesterday, attempt: 2 })).toMatchObject({ kind: "done" });
  });

  it("A lost refund is found, not repeated", async () => {
    const id = `txn_${"r".repeat(26)}`;
    const payment = await call(stripeRequest({ idempotency_key: id, transaction_id: id }));
    if (payment.kind !== "done" || !payment.processor_reference) throw new Error("no payment");
    const refund = stripeRequest({
      operation: "refund",
      idempotency_key: REFUND_ID,
      transaction_id: id,
      amount_minor: 500,
      processor_reference: payment.processor_reference,
    });
    stripe.faults.script({ match: REFUND_ID, fault: "lost", times: 1 });
    expect(await call(refund)).toMatchObject({ kind: "unknown" });
    stripe.keys.forget();
    expect(await call({ ...refund, ...yesterday })).toMatchObject({ kind: "done" });
    expect(made("/v1/refunds").filter(({ method }) => method === "POST")).toHaveLength(1);
  });
});
