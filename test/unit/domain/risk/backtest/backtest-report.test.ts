/** What a backtest adds up, and when it reports a result as unknown. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backtestReport,
  type StoredDecision,
} from "../../../../../src/domain/risk/backtest/backtest-report";
import { signalNames } from "../../../../../src/domain/risk/conditions/required-signals";
import { evaluate } from "../../../../../src/domain/risk/evaluate";
import type { Rule, RuleSet, Signals } from "../../../../../src/domain/risk/rule-set";
import { payment, ruleSet, someSignals } from "../../../../support/arbitrary-rules";

const LENIENT: RuleSet = {
  rules: [],
  review_score: 101,
  block_score: 70,
  allow_beats_block: false,
  review_expires_after_s: 60,
  review_expires_to: "reject",
};

const withRules = (...rules: Rule[]): RuleSet => ({ ...LENIENT, rules });
const stored = (signals?: Signals, more: Partial<StoredDecision> = {}): StoredDecision => ({
  id: "txn_1",
  amount_minor: 5_000,
  currency: "USD",
  user_id: "user_1",
  metadata: { ip: "203.0.113.7" },
  fraud_score: 0,
  risk: { decision: "approve", ...(signals ? { signals } : {}) },
  ...more,
});

const velocity = { of: "metadata.ip", measure: "customers", window: "1h" } as const;
const SIGNAL = "metadata.ip.customers.1h";
const manyOnIp = (says: { points: number } | { outcome: "block" | "review" | "allow" }): Rule => ({
  id: "many-on-ip",
  ...says,
  when: { velocity, above: 5 },
});

const large: Rule = { id: "large", outcome: "block", when: { amount: { above: "10" } } };

describe("a payment that lacks a signal", () => {
  it.each([
    ["is undecidable when the rule would block", [manyOnIp({ outcome: "block" })], 1],
    ["is undecidable when its points would be enough", [manyOnIp({ points: 70 })], 1],
    ["is decided when its points would not be enough", [manyOnIp({ points: 69 })], 0],
    ["is decided when it is blocked anyway", [manyOnIp({ outcome: "review" }), large], 0],
    ["is decided when an allow would not help", [manyOnIp({ outcome: "allow" }), large], 0],
    [
      "is undecidable when two would be enough together",
      [manyOnIp({ points: 40 }), { ...manyOnIp({ points: 40 }), id: "twin" }],
      1,
    ],
    [
      "is decided when the rule is on trial",
      [{ ...manyOnIp({ outcome: "block" }), shadow: true }],
      0,
    ],
  ] as [string, Rule[], number][])("%s", (_, rules, undecidable) => {
    const report = backtestReport([stored()], withRules(...rules));
    expect(report).toMatchObject({ examined: 1, undecidable, lacking: { [SIGNAL]: 1 } });
    const changed = Object.values(report.changed).reduce((sum, count) => sum + count, 0);
    expect(report.unchanged + changed).toBe(1 - undecidable);
    expect(report.examples).toHaveLength(changed);
  });

  it("A payment that lacks a signal is undecidable when points below zero might cancel what other rules add", () => {
    const points: Rule = { id: "points", points: 70, when: { amount: { above: "10" } } };
    const rules = [manyOnIp({ points: -1 }), { ...manyOnIp({ outcome: "block" }), id: "twin" }];
    expect(backtestReport([stored()], withRules(points, ...rules)).undecidable).toBe(1);
  });

  it("A payment that lacks a signal is undecidable when an allow might outweigh a block", () => {
    const candidate = {
      ...withRules(manyOnIp({ outcome: "allow" }), large),
      allow_beats_block: true,
    };
    expect(backtestReport([stored()], candidate).undecidable).toBe(1);
    expect(backtestReport([stored({ [SIGNAL]: 6 })], candidate)).toMatchObject({
      undecidable: 0,
      unchanged: 1,
      lacking: {},
      hits: { "many-on-ip": 1, large: 1 },
    });
  });
});

it("A backtest counts every payment once, and decides a certain one as its missing signals would", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(payment, someSignals), { maxLength: 5 }),
      ruleSet,
      fc.integer({ min: 0, max: 9 }),
      (given, candidate, missing) => {
        for (const [one, signals] of given) {
          const before = stored(signals, { ...one });
          const report = backtestReport([before], candidate);
          const kinds = Object.keys(report.changed);
          expect(report.unchanged + report.undecidable + kinds.length).toBe(1);
          if (report.undecidable) continue;
          const names = signalNames(candidate, one);
          const guessed = Object.fromEntries(names.map((name) => [name, missing]));
          const versioned = { version: 0, rule_set: candidate };
          const { risk } = evaluate(one, { ...guessed, ...signals }, versioned);
          expect(kinds[0] ?? "approve_to_approve").toBe(`approve_to_${risk.decision}`);
        }
      },
    ),
  );
});
