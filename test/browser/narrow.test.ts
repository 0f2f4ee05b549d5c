/** Pages on the narrowest screens, with the longest and most hostile text that clients can store. */
import { expect, inject, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor } from "./support/browser";

/** A window of 1,280 pixels at 400 %, which WCAG 2.2 asks for (1.4.10). */
const NARROWEST = { width: 320, height: 640 };
const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)> javascript:alert(3) \u202Eabc\u200B\n\nend`;
const LONG = "W".repeat(128);

async function newHostileShop() {
  const shop = await newShop(`${HOSTILE}${LONG}`.slice(0, 200));
  const rules = await shop.call<{ version: number }>("GET", "/api/v1/risk/rules");
  const { created_at: _, ...kept } = rules as { version: number; created_at: unknown };
  const held = {
    id: "r".repeat(40),
    outcome: "review",
    when: { metadata: "hold", is_present: true },
  };
  await shop.call("PUT", "/api/v1/risk/rules", { ...kept, rules: [held] });
  const url = `https://receiver.example/${"u".repeat(1_500)}`;
  const endpoint = await shop.call<{ id: string }>("POST", "/api/v1/webhook-endpoints", {
    url,
    events: ["*"],
    description: HOSTILE,
  });
  const metadata = { hold: HOSTILE, [HOSTILE.slice(0, 40)]: "v".repeat(500) };
  const review = await shop.pay({ user_id: HOSTILE.slice(0, 128), description: HOSTILE, metadata });
  const large = await shop.pay({ user_id: LONG, description: LONG, amount: "9999999999999.99" });
  const paid = await shop.pay({ user_id: LONG, amount: "500.00" });
  await shop.call("POST", `/api/v1/transactions/${paid.id}/process`);
  const refund = { amount: "1.00", reason: `${HOSTILE}${LONG}` };
  await shop.call("POST", `/api/v1/transactions/${paid.id}/refunds`, refund, {
    "Idempotency-Key": "refund",
  });
  return { ...shop, review, large, paid, endpoint };
}

it("No text of a client widens a page, leads away from it or runs", async () => {
  const shop = await newHostileShop();
  const visitor = await newVisitor({ viewport: NARROWEST });
  await visitor.signIn(shop.key);
  const pages = {
    payments: "/console/payments",
    create: "/console/payments/new",
    searched: `/console/payments?user_id=${encodeURIComponent(HOSTILE)}`,
    held: `/console/payments/${shop.review.id}`,
    large: `/console/payments/${shop.large.id}`,
    paid: `/console/payments/${shop.paid.id}`,
    refund: `/console/payments/${shop.paid.id}/refund`,
    cancel: `/console/payments/${shop.large.id}/cancel`,
    reviews: "/console/reviews",
    decision: `/console/reviews/${shop.review.id}/reject`,
    risk: "/console/risk",
    version: "/console/risk/versions/1",
    endpoints: "/console/webhooks",
    endpoint: `/console/webhooks/endpoints/${shop.endpoint.id}`,
    deliveries: "/console/webhooks/deliveries",
    live: "/console/webhooks/live",
  };
  await expectToHold(visitor, pages);
});

it("A merchant's page with its keys is no wider than the window", async () => {
  const shop = await newHostileShop();
  const visitor = await newVisitor({ viewport: NARROWEST });
  await visitor.signIn(inject("adminToken"));
  await expectToHold(visitor, {
    merchants: "/console/merchants",
    merchant: `/console/merchants/${shop.merchant_id}`,
    key: `/console/merchants/${shop.merchant_id}/keys/${shop.key_id}`,
  });
});

async function expectToHold(
  visitor: Awaited<ReturnType<typeof newVisitor>>,
  pages: Record<string, string>,
): Promise<void> {
  for (const [name, path] of Object.entries(pages)) {
    await visitor.open(path);
    const away =
      "[...document.links].map(({ href }) => href).filter((href) => !href.startsWith(origin))";
    expect(await visitor.page.evaluate(away), `${name}: links that lead away`).toEqual([]);
    await expectGoodPage(visitor, `narrow-${name}`);
  }
}
