/** Forms whose sending does not go as planned. */
import { expect, it } from "vitest";
import { newShop } from "./support/api";
import { newVisitor } from "./support/browser";

it("A form whose page the visitor stopped can be sent again, and charges once", async () => {
  const shop = await newShop();
  const { id } = await shop.pay({ metadata: { sandbox_outcome: "slow" } });
  const { page, signIn, open } = await newVisitor();
  await signIn(shop.key);
  await open(`/console/payments/${id}/process`);
  await page.evaluate(
    "addEventListener('submit', () => setTimeout(() => stop(), 200), { once: true })",
  );
  const charge = page.getByRole("button", { name: "Charge" });
  await charge.click();
  const busy = page.locator("form[aria-busy]");
  await busy.waitFor();
  await busy.waitFor({ state: "detached" });
  await charge.click();
  await page.waitForURL(/notice=charged/);
  const events = await shop.call<{ data: { type: string }[] }>(
    "GET",
    `/api/v1/transactions/${id}/events`,
  );
  expect(events.data.map(({ type }) => type)).toEqual([
    "transaction.created",
    "transaction.processing",
    "transaction.completed",
  ]);
});
