/** Fraud scores: the default rules' numbers, exact thresholds, and reasons that add up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DefaultRules, defaultRuleSet } from "../../../src/domain/risk/default";
import { evaluate } from "../../../src/domain/risk/evaluate";
import type { Signals } from "../../../src/domain/risk/rule-set";
import { signalsWanted } from "../../../src/domain/risk/wanted";
import { SETTINGS, signalsOf } from "../examples";

const DECIMALS: Record<string, number> = { USD: 2, EUR: 2, JPY: 0, KRW: 0, KWD: 3, BHD: 3 };
const usd = (amount_minor: number) => ({ amount_minor, currency: "USD" });
const assess = (
  { amount_minor, currency }: { amount_minor: number; currency: string },
  signals: Signals,
  settings: DefaultRules,
) =>
  evaluate(
    { amount_minor, currency, user_id: "user_1", metadata: {} },
    signals,
    defaultRuleSet(settings),
  );
const rulesOf = (result: ReturnType<typeof assess>) => result.risk.reasons.map(({ rule }) => rule);

describe("with the default rules", () => {
  const ONCE = "amount_above_threshold";
  const TWICE = "amount_above_twice";
  const OFTEN = "frequency";

  it.each([
    ["one cent", 1, 1, 0, "approve", []],
    ["4,999.99", 499_999, 1, 0, "approve", []],
    ["exactly 5,000.00", 500_000, 1, 0, "approve", []],
    ["5,000.01", 500_001, 1, 40, "approve", [ONCE]],
    ["exactly 10,000.00", 1_000_000, 1, 40, "approve", [ONCE]],
    ["10,000.01", 1_000_001, 1, 70, "block", [ONCE, TWICE]],
    ["the largest amount", 999_999_999_999_999, 1, 70, "block", [ONCE, TWICE]],
    ["the 10th payment of the day", 100, 10, 0, "approve", []],
    ["the 11th payment of the day", 100, 11, 30, "approve", [OFTEN]],
    ["the 1000th payment of the day", 100, 1_000, 30, "approve", [OFTEN]],
    ["5,000.01 as the 11th", 500_001, 11, 70, "block", [ONCE, OFTEN]],
    ["10,000.01 as the 11th", 1_000_001, 11, 100, "block", [ONCE, TWICE, OFTEN]],
  ])("%s scores its points", (_, amountMinor, count, fraud_score, decision, reasons) => {
    const result = assess(usd(amountMinor), signalsOf(count), SETTINGS);
    expect(result).toMatchObject({ fraud_score, risk: { decision } });
    expect(rulesOf(result)).toEqual(reasons);
  });

  it("says why, with the numbers it compared", () => {
    const { risk } = assess(usd(1_000_001), signalsOf(11), SETTINGS);
    expect(risk.reasons).toEqual([
      { rule: ONCE, outcome: "points", points: 40, detail: "10000.01 USD is above 5000" },
      { rule: TWICE, outcome: "points", points: 30, detail: "10000.01 USD is above 10000" },
      {
        rule: OFTEN,
        outcome: "points",
        points: 30,
        detail: "payment 11 of this customer in 24 hours, more than 10",
      },
    ]);
  });

  it("asks for the customer's count of the day, and for nothing else", () => {
    expect(signalsWanted(defaultRuleSet(SETTINGS).rule_set)).toEqual([
      { subject: "customer", measures: ["count.24h"] },
    ]);
  });

  it("is version 0, and needs nobody to review", () => {
    expect(defaultRuleSet(SETTINGS)).toMatchObject({
      version: 0,
      rule_set: { review_score: 101, allow_beats_block: false, review_expires_to: "reject" },
    });
  });
});

describe("the rules' settings", () => {
  it.each([
    ["5000 in yen", 5_000_000, "JPY", 5_000, 5_001],
    ["5000 in dinars", 5_000_000, "KWD", 5_000_000, 5_000_001],
    ["99.999 in dinars", 99_999, "KWD", 99_999, 100_000],
    ["99.999 in dollars, whose cents end at 99.99", 99_999, "USD", 9_999, 10_000],
    ["99.999 in yen, which end at 99", 99_999, "JPY", 99, 100],
    ["0.001 in dollars: any amount is above", 1, "USD", 0, 1],
    ["0.001 in dinars", 1, "KWD", 1, 2],
  ])("put the threshold of %s between two amounts", (_, threshold, currency, below, above) => {
    const rules = { ...SETTINGS, threshold_thousandths: threshold };
    const score = (amount_minor: number) =>
      rulesOf(assess({ amount_minor, currency }, signalsOf(), rules)).length;
    expect(score(below)).toBe(0);
    expect(score(above)).toBeGreaterThan(0);
  });

  it("block at the score itself, and never when it is 101", () => {
    const decision = (block_score: number) =>
      assess(usd(1_000_001), signalsOf(11), { ...SETTINGS, block_score }).risk.decision;
    expect([99, 100, 101].map(decision)).toEqual(["block", "block", "approve"]);
  });

  it("hold from the review score on, where one is set", () => {
    const decision = (review_score: number) =>
      assess(usd(500_001), signalsOf(), { ...SETTINGS, review_score }).risk.decision;
    expect([40, 41, 101].map(decision)).toEqual(["review", "approve", "approve"]);
  });

  it("may call even the first payment of a day one too many", () => {
    const rules = { ...SETTINGS, max_daily_transactions: 0 };
    expect(assess(usd(1), signalsOf(1), rules).fraud_score).toBe(30);
  });
});

describe("any payment", () => {
  const rules: fc.Arbitrary<DefaultRules> = fc.record({
    threshold_thousandths: fc.oneof(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 999_999_999_999_999 }),
    ),
    max_daily_transactions: fc.integer({ min: 0, max: 30 }),
    review_score: fc.constant(101),
    block_score: fc.integer({ min: 1, max: 101 }),
  });
  const currencies = fc.constantFrom(...Object.keys(DECIMALS));
  /** Rules, a currency and an amount, mostly within two units of the threshold or of its double. */
  const cases = fc
    .tuple(rules, currencies, fc.constantFrom(1n, 2n), fc.integer({ min: -2, max: 2 }))
    .chain(([rule, currency, multiple, distance]) => {
      const scale = 10n ** BigInt(DECIMALS[currency] ?? 0);
      const edge = (BigInt(rule.threshold_thousandths) * multiple * scale) / 1_000n;
      const near = Math.min(Math.max(1, Number(edge) + distance), 999_999_999_999_999);
      const amount_minor = fc.oneof(
        { weight: 4, arbitrary: fc.constant(near) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 999_999_999_999_999 }) },
      );
      const count = fc.integer({ min: 1, max: 40 });
      return fc.record({
        rules: fc.constant(rule),
        currency: fc.constant(currency),
        amount_minor,
        count,
      });
    });
  const isAbove = (amountMinor: number, currency: string, thousandths: bigint) =>
    BigInt(amountMinor) * 1_000n > thousandths * 10n ** BigInt(DECIMALS[currency] ?? 0);

  it("has exactly the reasons that exact arithmetic gives it, and their sum as its score", () => {
    fc.assert(
      fc.property(cases, ({ rules, currency, amount_minor, count }) => {
        const threshold = BigInt(rules.threshold_thousandths);
        const expected = [
          ...(isAbove(amount_minor, currency, threshold) ? ["amount_above_threshold"] : []),
          ...(isAbove(amount_minor, currency, threshold * 2n) ? ["amount_above_twice"] : []),
          ...(count > rules.max_daily_transactions ? ["frequency"] : []),
        ];
        const result = assess({ amount_minor, currency }, signalsOf(count), rules);
        expect(rulesOf(result)).toEqual(expected);
        const points = result.risk.reasons.reduce((sum, reason) => sum + reason.points, 0);
        expect(result.fraud_score).toBe(Math.min(points, 100));
        expect(result.risk.decision).toBe(
          result.fraud_score >= rules.block_score ? "block" : "approve",
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it("never scores less for more money or for more payments", () => {
    const more = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(cases, more, fc.nat(20), (one, extraMinor, extraCount) => {
        const { rules, currency, amount_minor, count } = one;
        const score = (minor: number, times: number) =>
          assess({ amount_minor: minor, currency }, signalsOf(times), rules).fraud_score;
        const base = score(amount_minor, count);
        expect(base).toBeGreaterThanOrEqual(0);
        expect(base).toBeLessThanOrEqual(100);
        expect(score(amount_minor + extraMinor, count)).toBeGreaterThanOrEqual(base);
        expect(score(amount_minor, count + extraCount)).toBeGreaterThanOrEqual(base);
      }),
      { numRuns: 1_000 },
    );
  });
});
