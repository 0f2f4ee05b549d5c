/** The console's form for a payment, with Stripe as the processor: it has fields for Stripe's tokens. */
import { expect, it } from "vitest";
import { newClient, TRANSACTIONS } from "../../support/api";
import { newVisitor } from "../../support/console";

const NEW = "/console/payments/new";

it("A payment without a payment method is refused at its field, and charged once it has one", async () => {
  const shop = await newClient();
  const visitor = await newVisitor(shop.key);
  const form = await visitor.get(NEW);
  expect(form.text).toContain('id="payment_method"');
  const once = /name="once" value="(\w+)"/.exec(form.text)?.[1] ?? "";
  const entry = { user_id: "customer_1", amount: "12.50", currency: "USD", process: "yes" };
  const sent = { ...entry, once, step: "create", capture_method: "automatic" };
  const refused = await visitor.post(NEW, sent);
  expect(refused.status).toBe(400);
  expect(refused.text).toMatch(/id="payment_method-fault"[^>]*>Is required\./);
  expect(refused.text).toContain('value="customer_1"');
  const made = await visitor.post(NEW, { ...sent, payment_method: "pm_card_visa" });
  expect(made.location).toMatch(/^\/console\/payments\/txn_\w+\?notice=charged$/);
  const { data } = (await (await shop.get(TRANSACTIONS)).json()) as { data: unknown[] };
  expect(data).toMatchObject([{ status: "completed", idempotency_key: once }]);
});
