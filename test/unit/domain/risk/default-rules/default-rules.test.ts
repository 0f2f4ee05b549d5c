/** Fraud scores: the default rules' numbers, exact thresholds, and reasons that add up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newRuleSet, RuleSetResult } from "../../../../../src/api/risk/schemas/rule-set";
import { currencyDecimals } from "../../../../../src/domain/money/currency";
import { ACTIVE_CODES } from "../../../../../src/domain/money/iso-4217";
import { parseAmount } from "../../../../../src/domain/money/money";
import { requiredSignals } from "../../../../../src/domain/risk/conditions/required-signals";
import {
  type DefaultRules,
  defaultRuleSet,
  UNLISTED_CURRENCY,
} from "../../../../../src/domain/risk/default-rules/default-rules";
import {
  REFERENCE_RATES_OF,
  THOUSANDTHS_PER_USD,
} from "../../../../../src/domain/risk/default-rules/reference-rates";
import { evaluate } from "../../../../../src/domain/risk/evaluate";
import type { Condition, Signals } from "../../../../../src/domain/risk/rule-set";
import { created, RULES, SETTINGS, signalsOf } from "../../../../support/examples";

/** Decimals of currencies, and thousandths of a unit for a dollar as the default rules take them. */
const DECIMALS: Record<string, number> = { USD: 2, EUR: 2, JPY: 0, KRW: 0, KWD: 3, BHD: 3 };
const RATES: Record<string, bigint> = {
  USD: 1_000n,
  EUR: 800n,
  JPY: 150_000n,
  KRW: 1_500_000n,
  KWD: 300n,
  BHD: 400n,
};

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

describe("the default rules", () => {
  it("The default rules fit the schema that the API documents", () => {
    for (const unlisted_currency of UNLISTED_CURRENCY) {
      const { version, rule_set } = defaultRuleSet({ ...SETTINGS, unlisted_currency });
      const answer = { version, ...rule_set, created_at: null };
      expect(RuleSetResult.safeParse(answer).error?.issues ?? []).toEqual([]);
    }
  });
});

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

  it("A decision by the default rules gives its reasons, with the numbers that were compared", () => {
    const { risk } = assess(usd(1_000_001), signalsOf(11), SETTINGS);
    expect(risk.reasons).toEqual([
      { rule: ONCE, outcome: "points", points: 40, detail: "10000.01 USD is above 5000 USD" },
      { rule: TWICE, outcome: "points", points: 30, detail: "10000.01 USD is above 10000 USD" },
      {
        rule: OFTEN,
        outcome: "points",
        points: 30,
        detail: "payment 11 of this customer in 24 hours, more than 10",
      },
    ]);
  });

  it("The default rules require the customer's count of the day, and no other signal", () => {
    expect(requiredSignals(defaultRuleSet(SETTINGS).rule_set)).toEqual([
      { subject: "customer", measures: ["count.24h"] },
    ]);
  });

  it("The default rules are version 0, and hold no payment for review", () => {
    expect(defaultRuleSet(SETTINGS)).toMatchObject({
      version: 0,
      rule_set: { review_score: 101, allow_beats_block: false, review_expires_to: "reject" },
    });
  });
});

describe("the rules' settings", () => {
  it.each([
    ["5000", 5_000_000, "USD", 500_000, 500_001],
    ["99.999, whose cents end at 99.99", 99_999, "USD", 9_999, 10_000],
    ["0.001: the least threshold is a cent", 1, "USD", 1, 2],
    ["5000", 5_000_000, "JPY", 750_000, 750_001],
    ["5000", 5_000_000, "KRW", 7_500_000, 7_500_001],
    ["5000", 5_000_000, "HUF", 150_000_000, 150_000_001],
    ["5000", 5_000_000, "KWD", 1_500_000, 1_500_001],
    ["5000", 5_000_000, "EUR", 400_000, 400_001],
    ["33.333", 33_333, "JPY", 4_999, 5_000],
    ["33.333", 33_333, "KWD", 9_999, 10_000],
  ])(
    "The default rules put the threshold of %s dollars in %i thousandths between two amounts of %s",
    (_, threshold, currency, below, above) => {
      const rules = { ...SETTINGS, threshold_thousandths: threshold };
      const score = (amount_minor: number) =>
        rulesOf(assess({ amount_minor, currency }, signalsOf(), rules)).length;
      expect(score(below)).toBe(0);
      expect(score(above)).toBeGreaterThan(0);
    },
  );

  it.each([
    ["review", ["currency_without_threshold"], "review"],
    ["approve", [], "approve"],
  ] as const)(
    "The default rules say %s to a payment in a currency without a threshold, whatever its amount",
    (unlisted_currency, reasons, decision) => {
      const rules = { ...SETTINGS, unlisted_currency };
      for (const amount_minor of [1, 999_999_999_999_999]) {
        const result = assess({ amount_minor, currency: "HRK" }, signalsOf(), rules);
        expect([rulesOf(result), result.risk.decision]).toEqual([reasons, decision]);
        expect(result.fraud_score).toBe(0);
      }
      const often = assess({ amount_minor: 1, currency: "HRK" }, signalsOf(11), rules);
      expect(often.fraud_score).toBe(30);
    },
  );

  it("The default rules block at the block score itself, and never when it is 101", () => {
    const decision = (block_score: number) =>
      assess(usd(1_000_001), signalsOf(11), { ...SETTINGS, block_score }).risk.decision;
    expect([99, 100, 101].map(decision)).toEqual(["block", "block", "approve"]);
  });

  it("The default rules hold payments from the review score on, where one is set", () => {
    const decision = (review_score: number) =>
      assess(usd(500_001), signalsOf(), { ...SETTINGS, review_score }).risk.decision;
    expect([40, 41, 101].map(decision)).toEqual(["review", "approve", "approve"]);
  });

  it("The daily limit of the default rules may be zero, so that even the first payment of a day exceeds it", () => {
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
    unlisted_currency: fc.constantFrom("review", "approve"),
  });
  /** What so many thousandths of a dollar are in whole minor units, of which a threshold has at least one. */
  const edgeOf = (usdThousandths: bigint, currency: string) => {
    const scale = 10n ** BigInt(DECIMALS[currency] ?? 0);
    const minor = (usdThousandths * (RATES[currency] ?? 0n) * scale) / 1_000_000n;
    return minor === 0n ? 1n : minor;
  };
  const currencies = fc.constantFrom(...Object.keys(DECIMALS));
  /** Rules, a currency and an amount, mostly within two units of the threshold or of its double. */
  const cases = fc
    .tuple(rules, currencies, fc.constantFrom(1n, 2n), fc.integer({ min: -2, max: 2 }))
    .chain(([rule, currency, multiple, distance]) => {
      const edge = edgeOf(BigInt(rule.threshold_thousandths) * multiple, currency);
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
  it("The default rules give any payment exactly the reasons of exact arithmetic, and their sum as its score", () => {
    fc.assert(
      fc.property(cases, ({ rules, currency, amount_minor, count }) => {
        const threshold = BigInt(rules.threshold_thousandths);
        const expected = [
          ...(BigInt(amount_minor) > edgeOf(threshold, currency) ? ["amount_above_threshold"] : []),
          ...(BigInt(amount_minor) > edgeOf(threshold * 2n, currency)
            ? ["amount_above_twice"]
            : []),
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

  it("The default rules never give a payment a lower score for more money or for more payments", () => {
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

describe("the table of thresholds", () => {
  const { rules } = defaultRuleSet(SETTINGS).rule_set;
  const amountsOf = (id: string): [string, string][] => {
    const { when } = rules.find((rule) => rule.id === id) ?? {};
    if (!when || !("amount" in when) || !("above" in when.amount)) return [];
    return Object.entries(when.amount.above);
  };

  it("The table of thresholds has a coarse amount for every currency that was valid when the rates were written down", () => {
    const valid = [...Object.values(ACTIVE_CODES).flat(), "ANG", "BGN"].sort();
    for (const id of ["amount_above_threshold", "amount_above_twice"]) {
      const amounts = amountsOf(id);
      expect(amounts.map(([code]) => code)).toEqual(valid);
      for (const [code, text] of amounts) {
        const parsed = parseAmount(text, currencyDecimals(code));
        expect(parsed, `${text} ${code}`).toMatchObject({ ok: true });
      }
    }
    for (const [code, rate] of THOUSANDTHS_PER_USD) {
      expect(String(rate), code).toMatch(/^(1|15|2|25|3|4|5|6|8)0+$/);
    }
  });

  it("The table of thresholds keeps within what a merchant may send, whatever the settings", () => {
    for (const threshold_thousandths of [1, 5_000_000, 999_999_999_999_999]) {
      const { rule_set } = defaultRuleSet({ ...SETTINGS, threshold_thousandths });
      const parsed = newRuleSet.safeParse({ version: 0, ...rule_set });
      expect(parsed.error?.issues ?? []).toEqual([]);
      expect(parsed.data).toMatchObject(rule_set);
    }
  });

  it("The table of thresholds contains its date", () => {
    expect(REFERENCE_RATES_OF).toMatch(/^20\d\d-\d\d$/);
  });
});

describe("a payment in a currency that this release does not have", () => {
  const unknown = (when: Condition) =>
    evaluate(
      { amount_minor: 5, currency: "QQQ", user_id: "user_1", metadata: {} },
      { "customer.sum.1h": 9 },
      {
        version: 1,
        rule_set: { ...RULES.rule_set, rules: [{ id: "one", outcome: "block", when }] },
      },
    ).risk;
  const velocity = { of: "customer", measure: "sum", window: "1h" } as const;

  it.each<[string, Condition]>([
    ["amount", { amount: { above: "1" } }],
    ["round amount", { amount: { multiple_of: "1" } }],
    ["sum", { velocity, above: "1" }],
  ])(
    "A payment in an unknown currency is not computed with zero decimals: a rule about its %s is an error that names it",
    (_, when) => {
      expect(unknown(when)).toMatchObject({
        decision: "approve",
        reasons: [{ outcome: "error", detail: "the decimals of QQQ are not known" }],
      });
    },
  );

  it("A payment in an unknown currency is evaluated by rules that need no decimals", () => {
    expect(unknown({ currency: ["QQQ"] }).decision).toBe("block");
    expect(unknown({ amount: { above: { USD: "1" } } })).toMatchObject({ reasons: [] });
  });

  it("A payment in an unknown currency is never created", () => {
    expect(() => created({ currency: "QQQ" })).toThrow("the decimals of QQQ are not known");
  });
});
