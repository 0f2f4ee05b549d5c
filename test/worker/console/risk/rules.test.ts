/** The pages of fraud rules and their versions. */
import { beforeAll, describe, expect, it } from "vitest";
import { compareRuleSets } from "../../../../src/console/risk/rules/compare";
import type { Rule, RuleSet } from "../../../../src/domain/risk/rule-set";
import { type Client, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { rulesOf } from "../../../support/risk";
import { written } from "../../../support/risk-api";

const RISK = "/console/risk";
const EVERY_KIND: Rule[] = [
  {
    id: "nested",
    outcome: "block",
    shadow: true,
    when: {
      all: [
        { any: [{ listed: "block", field: "ip" }, { not: { currency: ["USD"] } }] },
        { metadata: "country", in: ["NL", "<b>BE"] },
        { metadata: "ip", is_present: false },
        { customer_age: { below_s: 86_400 } },
      ],
    },
  },
  { id: "amounts", points: 40, when: { amount: { above: { KWD: "1234.500", USD: "5000" } } } },
  { id: "round", points: 1, when: { amount: { multiple_of: "100" }, currency: "JPY" } },
  {
    id: "velocity",
    outcome: "review",
    when: {
      velocity: { of: "metadata.ip", measure: "customers", window: "1h", completed_only: true },
      above: 5,
    },
  },
];

/** The text of a page without its tags. */
const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ([,.])/g, "$1");

describe("the rules", () => {
  let shop: Client;
  let visitor: Visitor;
  beforeAll(async () => {
    shop = await newClient();
    visitor = await newVisitor(shop.key);
  });

  it("A merchant without rules sees the deployment's default, with folded currencies", async () => {
    const { status, text } = await visitor.get(RISK);
    expect(status).toBe(200);
    const shown = textOf(text);
    for (const part of [
      "the default of this deployment",
      "amount_above_threshold 40 points when the amount is above 5,000 USD, and 156 other currencies",
      "within 24 hours, more than 10 payments of the customer",
      "Blocked by score from a score of 70",
      "A review expires after 3 days",
    ]) {
      expect(shown).toContain(part);
    }
  });

  it("Every kind of condition is shown in words, and stored text stays text", async () => {
    await written(shop, { rules: EVERY_KIND });
    const { text } = await visitor.get(RISK);
    const shown = textOf(text);
    for (const part of [
      "nested block shadow: only recorded when all of these hold: at least one of these holds: the IP address is on the block list",
      "this does not hold: the currency is USD",
      "metadata.country is one of NL, &lt;b&gt;BE",
      "metadata.ip is missing or empty",
      "the customer’s first payment was less than 1 day ago",
      "the amount is above 5,000 USD, 1,234.500 KWD",
      "1 point when the amount is a multiple of 100 JPY",
      "within 1 hour, payments of more than 5 customers with the same metadata.ip, without cancelled, blocked and declined ones",
      "Version 1 is in force, saved",
    ]) {
      expect(shown).toContain(part);
    }
  });

  it("Versions are listed with the one in force, and each shows what it changed", async () => {
    const changed = [{ ...EVERY_KIND[1], points: 50 }, EVERY_KIND[2]];
    await written(shop, { rules: changed, block_score: 60 });
    const list = textOf((await visitor.get(`${RISK}/versions`)).text);
    expect(list).toMatch(
      /Version 2 in force .*Version 1 .*Version 0 the default of this deployment/,
    );
    const { text } = await visitor.get(`${RISK}/versions/2`);
    expect(textOf(text)).toContain("block_score 70 60");
    expect(text).toMatch(/<code>nested<\/code> <span class="status bad">removed/);
    expect(text).toMatch(
      /<del>-\s+&quot;points&quot;: 40,\s*<\/del><ins>\+\s+&quot;points&quot;: 50,/,
    );
    expect(text).not.toContain('<code>round</code> <span class="status wait">changed');
    expect((await visitor.get(`${RISK}/versions/0`)).status).toBe(200);
  });

  it("A version that does not exist, and another merchant's, give the same page", async () => {
    const stranger = await newVisitor((await newClient()).key);
    for (const page of [
      await stranger.get(`${RISK}/versions/2`),
      await visitor.get(`${RISK}/versions/99`),
      await visitor.get(`${RISK}/versions/x`),
    ]) {
      expect(page).toMatchObject({
        status: 404,
        text: expect.stringContaining("nothing with this"),
      });
    }
  });

  it("A key without risk:read, and the operator, see no rules; one without risk:write cannot edit", async () => {
    const other = await newVisitor((await newClient(["transactions:read"])).key);
    const operator = await newVisitor(env.ADMIN_TOKEN);
    for (const path of [RISK, `${RISK}/versions`, `${RISK}/versions/0`]) {
      expect([(await other.get(path)).status, (await operator.get(path)).status]).toEqual([
        403, 403,
      ]);
    }
    const reader = await newVisitor((await newClient(["risk:read"])).key);
    expect((await reader.get(RISK)).text).not.toContain("/console/risk/edit");
    expect((await visitor.get(RISK)).text).toContain("/console/risk/edit");
  });
});

describe("the differences of two rule sets", () => {
  const one: Rule = { id: "one", points: 1, when: { currency: ["USD"] } };
  const set = (rules: Rule[]): RuleSet => rulesOf({ rules });

  it("The order of rules is no difference", () => {
    const two: Rule = { ...one, id: "two" };
    expect(compareRuleSets(set([one, two]), set([two, one]))).toEqual({ rules: [], settings: [] });
  });

  it("Of a long rule only the lines around a change are shown", () => {
    const amounts = (changed: string) =>
      Object.fromEntries(
        Array.from({ length: 100 }, (_, at) => [`C${at}`, at === 50 ? changed : "1"]),
      );
    const rule = (changed: string): Rule => ({
      ...one,
      when: { amount: { above: amounts(changed) } },
    });
    const [change] = compareRuleSets(set([rule("1")]), set([rule("2")])).rules;
    expect(change?.lines.map(({ sign }) => sign).join("")).toBe("   -+   ");
  });

  it("Rules that have nothing in common are shown whole, in bounded time", () => {
    const rule = (word: string): Rule => ({
      ...one,
      when: { any: Array.from({ length: 499 }, (_, at) => ({ currency: [`${word}${at}`] })) },
    });
    const [change] = compareRuleSets(set([rule("a")]), set([rule("b")])).rules;
    expect(change?.lines.filter(({ sign }) => sign === " ")).toEqual([]);
    expect(change?.lines.length).toBeGreaterThan(998);
  });
});
