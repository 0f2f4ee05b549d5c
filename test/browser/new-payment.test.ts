/** Creating a payment in a browser. */
import { expect, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor } from "./support/browser";
import { LOOKS } from "./support/looks";

const NEW = "/console/payments/new";
const LONG = "w".repeat(128);

type Shop = Awaited<ReturnType<typeof newShop>>;
type Page = Awaited<ReturnType<typeof newVisitor>>["page"];
const paymentsOf = async (shop: Shop) =>
  (await shop.call<{ data: { status: string }[] }>("GET", "/api/v1/transactions")).data;

async function enter(page: Page, customer: string, amount: string): Promise<void> {
  await page.getByLabel("Customer").fill(customer);
  await page.getByLabel("Amount").fill(amount);
}

it("Each step is a good page on a desktop and on a phone, light and dark", async () => {
  const shop = await newShop();
  for (const [name, options] of LOOKS) {
    const visitor = await newVisitor(options);
    const { page } = visitor;
    await visitor.signIn(shop.key, "/console/payments");
    await page.getByRole("link", { name: "New payment" }).click();
    await enter(page, LONG, "12.505");
    await page.getByLabel("Description").fill(`${"z".repeat(300)} <b>`);
    await page.getByLabel("Metadata").fill(`order_id=1001\nnote=${"n".repeat(300)}`);
    await expectGoodPage(visitor, `new-payment-${name}`);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Must have at most 2 decimal places in USD.", { exact: true }).waitFor();
    expect(visitor.complaints.filter((text) => !text.includes("400"))).toEqual([]);
    visitor.complaints.length = 0;
    await expectGoodPage(visitor, `new-payment-faulty-${name}`);
    await page.getByLabel("Amount").fill("12.50");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(`Charge 12.50 USD to ${LONG}`).waitFor();
    await expectGoodPage(visitor, `new-payment-confirm-${name}`);
  }
  expect(await paymentsOf(shop)).toEqual([]);
});

it.each([true, false])(
  "A payment whose button is clicked twice is one payment, and a reload makes no other (JavaScript: %s)",
  async (javaScriptEnabled) => {
    const shop = await newShop();
    const visitor = await newVisitor({ javaScriptEnabled });
    const { page } = visitor;
    await visitor.signIn(shop.key, "/console/payments");
    await page.getByRole("link", { name: "Create the first one here" }).click();
    await enter(page, "customer_1", "12.50");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByLabel("Amount").fill("13.00");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Charge 13.00 USD to customer_1").waitFor();
    await page.reload();
    expect(await paymentsOf(shop)).toEqual([]);
    await page.getByRole("button", { name: "Create and charge" }).dblclick();
    await page.getByText("Charged.").waitFor();
    await page.reload();
    expect(await paymentsOf(shop)).toMatchObject([{ status: "completed", amount_minor: 1300 }]);
    expect(visitor.complaints).toEqual([]);
  },
);

it("A payment that is only created is not charged", async () => {
  const shop = await newShop();
  const { page, signIn } = await newVisitor();
  await signIn(shop.key, NEW);
  await enter(page, "customer_1", "12.50");
  await page.getByLabel("Charge or authorize at once").uncheck();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Create the payment" }).click();
  await page.getByText("Created. No money has moved yet.").waitFor();
  expect(await paymentsOf(shop)).toMatchObject([{ status: "pending" }]);
});
