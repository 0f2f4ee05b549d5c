/** Merchants and their keys in the operator's browser. */
import { expect, inject, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor } from "./support/browser";
import { LOOKS } from "./support/looks";

const MERCHANTS = "/console/merchants";

it("Merchants and keys are good pages on a desktop and on a phone, light and dark", async () => {
  const shop = await newShop(`Books ${"n".repeat(180)} \u202E<b>`);
  await newShop("The bookshop", ["transactions:read"]);
  await shop.call("GET", "/api/v1/transactions");
  const own = `${MERCHANTS}/${shop.merchant_id}`;
  for (const [name, options] of LOOKS) {
    const visitor = await newVisitor(options);
    await visitor.signIn(inject("adminToken"), MERCHANTS);
    await expectGoodPage(visitor, `merchants-${name}`);
    const pages = {
      "merchants-one": own,
      "merchants-new": `${MERCHANTS}/new`,
      "merchants-key": `${own}/keys/${shop.key_id}`,
      "merchants-revoke": `${own}/keys/${shop.key_id}/revoke`,
    };
    for (const [page, path] of Object.entries(pages)) {
      await visitor.open(path);
      await expectGoodPage(visitor, `${page}-${name}`);
    }
    await visitor.context.close();
  }
});

it.each([true, false])(
  "A merchant and a key are created, and the key replaced and revoked; with JavaScript: %s",
  async (javaScriptEnabled) => {
    const visitor = await newVisitor({ javaScriptEnabled });
    const { page } = visitor;
    const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
    const keyOf = () => page.getByLabel("API key").last().inputValue();
    await visitor.signIn(inject("adminToken"), MERCHANTS);
    await page.getByRole("link", { name: "Create a merchant" }).click();
    await page.getByLabel("Name").fill("The new shop");
    await page.getByLabel("Default currency").fill("EUR");
    await press("Create the merchant");
    await page.getByText("The merchant was created.").waitFor();
    await page.getByText("No API keys yet").waitFor();
    await page.getByLabel("Name").fill("till 1");
    await page.getByLabel("transactions:read").check();
    await press("Create the key");
    await page.getByRole("heading", { name: "API key created" }).waitFor();
    const first = await keyOf();
    expect(first).toMatch(/^sk_[a-z2-7]{58}$/);
    if (javaScriptEnabled) await expectGoodPage(visitor, "merchants-key-once", true);
    await page.getByRole("link", { name: "To the merchant" }).click();
    await page.getByRole("link", { name: "till 1" }).click();
    await page.getByLabel("The old key stays valid for").selectOption("3600");
    await press("Replace the key");
    await page.getByRole("heading", { name: "API key replaced" }).waitFor();
    expect(await keyOf()).not.toBe(first);
    await page.getByRole("link", { name: "To the merchant" }).click();
    await page.getByText("expiring", { exact: true }).waitFor();
    await page.getByRole("link", { name: "till 1" }).first().click();
    await page.getByRole("link", { name: "Revoke the key…" }).click();
    await press("Revoke the key");
    await page.getByText("The key was revoked.").waitFor();
    await page.getByText("ended", { exact: true }).waitFor();
    expect(visitor.complaints).toEqual([]);
  },
);
