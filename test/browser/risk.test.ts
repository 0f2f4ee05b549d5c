/** Fraud rules in a browser. */
import { expect, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor, PHONE } from "./support/browser";

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

const SCREENS = [
  ["desktop-light", {}],
  ["desktop-dark", { colorScheme: "dark" }],
  ["phone-light", { viewport: PHONE }],
] as const;

it.each(SCREENS)("Rules, versions and differences are good pages: %s", async (name, options) => {
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
