/** Payments in a browser: the list, the page of a payment, and what can be done with one. */
import { expect, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor, PHONE } from "./support/browser";
import { LOOKS } from "./support/looks";

const RTL = "\u202Eevil\u2066";
const HOSTILE = `<script>alert(1)</script> ${RTL}`;

type Shop = Awaited<ReturnType<typeof newShop>>;

/** One payment of each kind that looks different in a list. */
async function fill(shop: Shop): Promise<string> {
  const process = (id: string) => shop.call("POST", `/api/v1/transactions/${id}/process`);
  await shop.pay({ user_id: "w".repeat(128), amount: "9999999999.99" });
  await shop.pay({ user_id: HOSTILE, amount: "123456", currency: "JPY" });
  await shop.pay({ user_id: "customer_kwd", amount: "1234.505", currency: "KWD" });
  await process((await shop.pay({ amount: "90.01" })).id);
  await process((await shop.pay({ amount: "60.00", capture_method: "manual" })).id);
  await process((await shop.pay({ amount: "90.12" })).id);
  await shop.pay({ user_id: "customer_risky", amount: "12000.00" });
  const { id } = await shop.pay({
    amount: "100.00",
    description: `${"z".repeat(400)} ${HOSTILE}`,
    metadata: { order_id: "1001", note: HOSTILE, long: "m".repeat(500) },
  });
  await process(id);
  const refunds = `/api/v1/transactions/${id}/refunds`;
  const refund = (key: string, body: object) =>
    shop.call("POST", refunds, body, { "Idempotency-Key": key });
  await refund("r-1", { amount: "12.50", reason: "One book was damaged" });
  await refund("r-2", { amount: "5", metadata: { sandbox_outcome: "expired_card" } });
  return id;
}

it("The list and a payment are good pages on a desktop and on a phone, light and dark", async () => {
  const shop = await newShop("The bookshop");
  const id = await fill(shop);
  for (const [name, options] of LOOKS) {
    const visitor = await newVisitor(options);
    await visitor.signIn(shop.key, "/console/payments");
    await expectGoodPage(visitor, `payments-${name}`);
    await visitor.open("/console/payments?currency=USD&amount_from=1&status=completed");
    await expectGoodPage(visitor, `payments-filtered-${name}`);
    await visitor.open(`/console/payments/${id}`);
    await expectGoodPage(visitor, `payment-${name}`);
  }
});

it("Held, blocked and authorized payments are good pages, with their webhooks", async () => {
  const shop = await newShop();
  // Nothing listens there.
  await shop.call("POST", "/api/v1/webhook-endpoints", { url: "http://127.0.0.1:9/hooks" });
  const rules = await shop.call<{ version: number }>("GET", "/api/v1/risk/rules");
  const rule = (id: string, outcome: object, currency: string) => ({
    id,
    ...outcome,
    when: { currency: [currency] },
  });
  await shop.call("PUT", "/api/v1/risk/rules", {
    rules: [
      rule("hold-euros", { outcome: "review" }, "EUR"),
      rule("block-yen", { outcome: "block" }, "JPY"),
      rule("yen-from-abroad", { points: 35, shadow: true }, "JPY"),
    ],
    version: rules.version,
  });
  const { id: blocked } = await shop.pay({ amount: "12000", currency: "JPY" });
  const { id: held } = await shop.pay({ currency: "EUR" });
  const { id: authorized } = await shop.pay({ amount: "60.00", capture_method: "manual" });
  await shop.call("POST", `/api/v1/transactions/${authorized}/process`);
  for (const [name, options] of LOOKS) {
    const visitor = await newVisitor(options);
    await visitor.signIn(shop.key, `/console/payments/${held}`);
    await visitor.page.getByRole("link", { name: "Approve" }).waitFor();
    await expectGoodPage(visitor, `payment-held-${name}`);
    await visitor.open(`/console/payments/${blocked}`);
    await expectGoodPage(visitor, `payment-blocked-${name}`);
    await visitor.open(`/console/payments/${authorized}/capture`);
    await visitor.page.getByLabel("Amount in").fill("40");
    await visitor.page.getByRole("button", { name: "Continue" }).click();
    await visitor.page.getByText("Capture 40.00 USD of 60.00 USD from customer_1").waitFor();
    await expectGoodPage(visitor, `capture-confirm-${name}`);
  }
});

it("An empty list and a faulty filter are good pages", async () => {
  const visitor = await newVisitor({ viewport: PHONE });
  await visitor.signIn((await newShop()).key, "/console/payments");
  await expectGoodPage(visitor, "payments-empty");
  await visitor.open("/console/payments?amount_from=1.5&currency=JPY&created_from=x");
  expect(visitor.complaints.filter((text) => !text.includes("400"))).toEqual([]);
  visitor.complaints.length = 0;
  await expectGoodPage(visitor, "payments-faulty");
});

type Page = Awaited<ReturnType<typeof newVisitor>>["page"];
const refundsOf = async (shop: Shop, id: string) =>
  (await shop.call<{ data: unknown[] }>("GET", `/api/v1/transactions/${id}/refunds`)).data;

async function charged(shop: Shop, body: object = {}): Promise<string> {
  const { id } = await shop.pay({ amount: "100.00", ...body });
  await shop.call("POST", `/api/v1/transactions/${id}/process`);
  return id;
}

/** From a payment's page to the confirmation of a refund. */
async function enterRefund(page: Page, amount: string): Promise<void> {
  await page.getByRole("link", { name: "Refund", exact: true }).click();
  await page.getByLabel("Amount in").fill(amount);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText(`Refund ${amount} USD of 100.00 USD to`).waitFor();
}

it.each([true, false])(
  "A refund whose button is clicked twice is one refund, and a reload repeats nothing (JavaScript: %s)",
  async (javaScriptEnabled) => {
    const shop = await newShop();
    const id = await charged(shop);
    const visitor = await newVisitor({ javaScriptEnabled });
    const { page } = visitor;
    await visitor.signIn(shop.key, `/console/payments/${id}`);
    await enterRefund(page, "12.50");
    await page.reload();
    expect(await refundsOf(shop, id)).toHaveLength(0);
    await page.getByRole("button", { name: "Refund" }).dblclick();
    await page.getByText("Refunded.").waitFor();
    await page.reload();
    expect(await refundsOf(shop, id)).toHaveLength(1);
    expect(visitor.complaints).toEqual([]);
  },
);

it("The steps of a refund are good pages", async () => {
  const shop = await newShop();
  const id = await charged(shop, { user_id: "w".repeat(128) });
  for (const [name, options] of LOOKS) {
    const visitor = await newVisitor(options);
    await visitor.signIn(shop.key, `/console/payments/${id}/refund`);
    await expectGoodPage(visitor, `refund-enter-${name}`);
    await visitor.page.getByLabel("Amount in").fill("12.50");
    await visitor.page.getByLabel("Reason").fill(`${"r".repeat(300)} ${HOSTILE}`);
    await visitor.page.getByRole("button", { name: "Continue" }).click();
    await visitor.page.getByText("Refund 12.50 USD of").waitFor();
    await expectGoodPage(visitor, `refund-confirm-${name}`);
  }
});

it("Of two operators the second is shown what the first has done", async () => {
  const shop = await newShop();
  const id = await charged(shop);
  const [first, second] = [await newVisitor(), await newVisitor({ viewport: PHONE })];
  for (const visitor of [first, second]) {
    await visitor.signIn(shop.key, `/console/payments/${id}`);
    await enterRefund(visitor.page, "30.00");
  }
  await first.page.getByRole("button", { name: "Refund" }).click();
  await first.page.getByText("Refunded.").waitFor();
  await second.page.getByRole("button", { name: "Refund" }).click();
  await second.page.getByRole("heading", { name: "The payment has changed" }).waitFor();
  await second.page.getByText("Refund of 30.00 USD").first().waitFor();
  // The response has the status 412, which a browser prints.
  expect(second.complaints.filter((text) => !text.includes("412"))).toEqual([]);
  second.complaints.length = 0;
  await expectGoodPage(second, "payment-changed");
  await second.page.getByRole("link", { name: "To the payment as it is now" }).click();
  await second.page.getByText("Left to refund").waitFor();
  expect(await refundsOf(shop, id)).toHaveLength(1);
});

it("The page of a charge without an outcome shows the outcome when it is there", async () => {
  const shop = await newShop();
  const { id } = await shop.pay({ amount: "90.13" });
  const visitor = await newVisitor();
  const { page } = visitor;
  await visitor.signIn(shop.key, `/console/payments/${id}`);
  await page.getByRole("link", { name: "Charge" }).click();
  await page.getByText("Charge 90.13 USD to customer_1").waitFor();
  await expectGoodPage(visitor, "charge-confirm");
  await page.getByRole("button", { name: "Charge" }).click();
  await page.getByText("is not known yet").waitFor();
  await expectGoodPage(visitor, "payment-waiting");
  await page.getByText("Failed: The card was declined").waitFor();
  await expectGoodPage(visitor, "payment-declined");
});

it("A page that waits looks for the outcome while its tab is seen, and not while it is hidden", async () => {
  const shop = await newShop();
  const id = await charged(shop, { amount: "90.22" });
  const visitor = await newVisitor();
  const { page } = visitor;
  await visitor.signIn(shop.key, `/console/payments/${id}`);
  await page.getByText("The customer has to confirm").waitFor();
  const isLook = (url: string) => url.endsWith(`/console/payments/${id}`);
  await page.waitForResponse((response) => isLook(response.url()));
  let looks = 0;
  page.on("request", (request) => {
    if (isLook(request.url())) looks += 1;
  });
  const hide = (isHidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));`);
  await hide(true);
  await page.waitForTimeout(7_000);
  expect(looks).toBe(0);
  await hide(false);
  await page.waitForResponse((response) => isLook(response.url()));
});

it("A payment is found by its id, and a hostile search is shown as text", async () => {
  const shop = await newShop();
  const { id } = await shop.pay();
  const visitor = await newVisitor({ javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.signIn(shop.key, "/console/payments");
  await page.getByLabel("Find a payment or a customer").fill(id);
  await page.getByRole("button", { name: "Find" }).click();
  await page.waitForURL(`**/console/payments/${id}`);
  await visitor.open("/console/payments");
  await page.getByLabel("Find a payment or a customer").fill(`"><script>alert(1)</script>`);
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByText("No payment, refund or idempotency key has this name.").waitFor();
  await page.getByText("No payment matches these filters").waitFor();
  expect(await page.getByLabel("Customer", { exact: true }).inputValue()).toBe(
    `"><script>alert(1)</script>`,
  );
  expect(visitor.complaints).toEqual([]);
});
