/** Fraud rules in a browser. */
import { expect, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor } from "./support/browser";
import { LOOKS } from "./support/looks";

const RULES = {
  rules: [
    { id: "large", points: 40, when: { amount: { above: { USD: "5000.00", JPY: "750000" } } } },
    {
      id: "new-and-large",
      outcome: "review",
      when: { all: [{ customer_age: { below_s: 86_400 } }, { amount: { above: { USD: "500" } } }] },
    },
    {
      id: "many-customers-on-one-ip",
      outcome: "block",
      shadow: true,
      when: {
        velocity: { of: "metadata.ip", measure: "customers", window: "1h", completed_only: true },
        above: 5,
      },
    },
    {
      id: `long-${"x".repeat(59)}`,
      outcome: "allow",
      when: { metadata: "email", in: ["y".repeat(400), "ann@shop.example", "ben@shop.example"] },
    },
  ],
};

async function newRuledShop() {
  const shop = await newShop();
  const put = (version: number, body: object) =>
    shop.call("PUT", "/api/v1/risk/rules", { version, ...body });
  await put(0, RULES);
  const [large, , ...others] = RULES.rules;
  const added = { id: "no-ip", points: 10, when: { metadata: "ip", is_present: false } };
  await put(1, { rules: [{ ...large, points: 55 }, added, ...others], block_score: 60 });
  return shop;
}

it.each(LOOKS)("Rules, versions and differences are good pages: %s", async (name, options) => {
  const visitor = await newVisitor(options);
  await visitor.signIn((await newRuledShop()).key, "/console/risk");
  await expectGoodPage(visitor, `risk-rules-${name}`);
  await visitor.open("/console/risk/versions");
  await expectGoodPage(visitor, `risk-versions-${name}`);
  await visitor.open("/console/risk/versions/2");
  await expectGoodPage(visitor, `risk-version-${name}`);
  await visitor.open("/console/risk/versions/0");
  await visitor.page.getByText("and 156 other currencies").first().click();
  await visitor.page.getByText("Show what the API returns").click();
  await expectGoodPage(visitor, `risk-default-${name}`);
  expect(await visitor.page.getByText("4,000 EUR").first().isVisible()).toBe(true);
});

const WRONG = `{
  "rules": [
    {"id": "large", "points": 500, "when": {"amount": {"above": "5000.00"}}},
    {"id": "on-a-list", "outcome": "block", "when": {"listed": "grey", "field": "ip"}}
  ],
  "block_score": 0
}`;

it.each(LOOKS)(
  "The editor is a good page, with faults, backtest and conflict: %s",
  async (name, options) => {
    const shop = await newRuledShop();
    await shop.pay({ amount: "9000.00", user_id: "ann" });
    await shop.pay({ amount: "12.50", user_id: "ben" });
    const visitor = await newVisitor(options);
    const { page } = visitor;
    await visitor.signIn(shop.key, "/console/risk/edit");
    await page.locator(".gutter").waitFor();
    await expectGoodPage(visitor, `risk-edit-${name}`);

    const text = page.getByLabel("Rules as JSON");
    await text.fill(
      JSON.stringify({ rules: [{ ...RULES.rules[0], outcome: "block", points: undefined }] }),
    );
    await page.getByRole("button", { name: "Run a backtest" }).click();
    await page.getByText("Result for 2 payments").waitFor();
    await expectGoodPage(visitor, `risk-backtest-${name}`);

    await page.getByLabel("Rules as JSON").fill(WRONG);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("alert").getByText("Line 3, column 21").waitFor();
    // The response has the status 400, which a browser prints.
    expect(visitor.complaints.splice(0)).toEqual([expect.stringContaining("400")]);
    await page.locator(".gutter .bad").nth(2).waitFor();
    await expectGoodPage(visitor, `risk-faults-${name}`);
    await page.getByRole("link", { name: "Line 4, column" }).click();
    const selected = await page.evaluate(
      "(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))(document.activeElement)",
    );
    expect(selected).toBe('"listed": "grey"');

    await shop.call("PUT", "/api/v1/risk/rules", { version: 2, rules: [] });
    await page.getByLabel("Rules as JSON").fill('{"rules": [], "block_score": 90}');
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved meanwhile").waitFor();
    expect(visitor.complaints.splice(0)).toEqual([expect.stringContaining("409")]);
    await expectGoodPage(visitor, `risk-conflict-${name}`);
    await page.getByRole("button", { name: "save it over version 3" }).click();
    await page.getByText("Saved. The rules are in force").waitFor();
    await page.getByText("from a score of 90").waitFor();
  },
);

it("Without JavaScript the rules are edited, and a fault names its line and shows it", async () => {
  const visitor = await newVisitor({ javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.signIn((await newShop()).key, "/console/risk/edit");
  await page.getByLabel("Rules as JSON").fill(WRONG);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText('"block_score": 0', { exact: true }).waitFor();
  await page.getByRole("link", { name: "Line 6, column 3" }).click();
  expect(await page.getByLabel("Rules as JSON").inputValue()).toBe(WRONG);
  await page.getByLabel("Rules as JSON").fill('{"rules": []}');
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. The rules are in force").waitFor();
});

it.each(LOOKS)(
  "The lists are good pages, and an entry is added and removed: %s",
  async (name, options) => {
    const shop = await newShop();
    const visitor = await newVisitor(options);
    const { page } = visitor;
    await visitor.signIn(shop.key, "/console/risk/lists");
    await expectGoodPage(visitor, `risk-lists-empty-${name}`);
    for (const entry of [
      { list: "allow", field: "customer", value: "z".repeat(100), note: "n".repeat(400) },
      { list: "block", field: "email_domain", value: "b\u00fccher.example" },
    ]) {
      await shop.call("POST", "/api/v1/risk/lists", entry);
    }
    await page.getByLabel("What it is").selectOption("ip");
    await page.getByRole("textbox", { name: "Value" }).fill("not an address");
    await page.getByLabel("Note (optional)").fill("stolen cards");
    await page.getByRole("button", { name: "Add" }).click();
    await page.locator("#value-fault").waitFor();
    expect(visitor.complaints.splice(0)).toEqual([expect.stringContaining("400")]);
    await expectGoodPage(visitor, `risk-lists-fault-${name}`);
    await page.getByRole("textbox", { name: "Value" }).fill("203.0.113.7");
    await page.getByLabel("Expires (UTC, optional)").fill("2030-01-01T10:30");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("Added. The lists are in force").waitFor();
    await expectGoodPage(visitor, `risk-lists-${name}`);
    await page.getByRole("link", { name: "Remove 203.0.113.7" }).click();
    await expectGoodPage(visitor, `risk-remove-${name}`);
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByText("Removed.").waitFor();
    expect(await page.getByText("203.0.113.7").count()).toBe(0);
  },
);
