/** Decisions by a rule set. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backtestOne } from "../../../../src/domain/risk/backtest/backtest";
import { signalNames } from "../../../../src/domain/risk/conditions/required-signals";
import { type Assessment, evaluate } from "../../../../src/domain/risk/evaluate";
import type { Condition, Rule } from "../../../../src/domain/risk/rule-set";
import {
  allSignals,
  condition,
  payment,
  ruleSet,
  someSignals,
} from "../../../support/arbitrary-rules";
import { always, assess, holds, never, PAYMENT } from "../../../support/rule-examples";

const decisionOf = (...given: Parameters<typeof assess>) => assess(...given).risk.decision;
const unversioned = ({ fraud_score, risk: { rule_set_version: _, ...risk } }: Assessment) => ({
  fraud_score,
  risk,
});

describe("any rule set", () => {
  const cases = fc.record({ rule_set: ruleSet, payment, signals: someSignals });

  it("A rule set's score is the sum of its live rules that hit, kept within 0 and 100", () => {
    fc.assert(
      fc.property(cases, ({ rule_set, payment, signals }) => {
        const { fraud_score, risk } = evaluate(payment, signals, { version: 1, rule_set });
        const points = rule_set.rules
          .filter(({ when, shadow }) => !shadow && holds(when, payment, signals) === true)
          .reduce((sum, rule) => sum + ("points" in rule ? rule.points : 0), 0);
        expect(fraud_score).toBe(Math.min(100, Math.max(0, points)));
        const told = risk.reasons.reduce((sum, reason) => sum + reason.points, 0);
        expect(told).toBe(points);
      }),
      { numRuns: 2_000 },
    );
  });

  it("A rule set decides the same in whatever order its rules are", () => {
    const shuffled = cases.chain((one) =>
      fc.record({
        one: fc.constant(one),
        rules: fc.shuffledSubarray(one.rule_set.rules, {
          minLength: one.rule_set.rules.length,
        }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ one: { rule_set, payment, signals }, rules }) => {
        const reordered = { ...rule_set, rules };
        expect(evaluate(payment, signals, { version: 1, rule_set: reordered })).toEqual(
          evaluate(payment, signals, { version: 1, rule_set }),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("A rule set never becomes milder when a rule gets more points", () => {
    const SEVERITY = { approve: 0, review: 1, block: 2 };
    const more = fc.record({ one: cases, at: fc.nat(7), extra: fc.nat(200) });
    fc.assert(
      fc.property(more, ({ one: { rule_set, payment, signals }, at, extra }) => {
        const rules = rule_set.rules.map((rule, index) =>
          index === at && "points" in rule ? { ...rule, points: rule.points + extra } : rule,
        );
        const before = evaluate(payment, signals, { version: 1, rule_set });
        const after = evaluate(payment, signals, { version: 1, rule_set: { ...rule_set, rules } });
        expect(after.fraud_score).toBeGreaterThanOrEqual(before.fraud_score);
        expect(SEVERITY[after.risk.decision]).toBeGreaterThanOrEqual(
          SEVERITY[before.risk.decision],
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("Shadow rules change nothing of a decision except `shadow`", () => {
    fc.assert(
      fc.property(cases, ({ rule_set, payment, signals }) => {
        const live = { ...rule_set, rules: rule_set.rules.filter(({ shadow }) => !shadow) };
        const trial = evaluate(payment, signals, { version: 1, rule_set });
        const plain = evaluate(payment, signals, { version: 1, rule_set: live });
        expect(plain.risk.shadow).toEqual([]);
        expect({ ...trial, risk: { ...trial.risk, shadow: [] } }).toEqual(plain);
      }),
      { numRuns: 1_000 },
    );
  });

  it("A decision records of a shadow rule what the rule would say if it were live", () => {
    fc.assert(
      fc.property(cases, ({ rule_set, payment, signals }) => {
        const told = (shadow: boolean) => {
          const rules = rule_set.rules.map((rule) => ({ ...rule, shadow }));
          return evaluate(payment, signals, { version: 1, rule_set: { ...rule_set, rules } }).risk;
        };
        const live = told(false).reasons.filter(({ rule }) => !rule.endsWith("_list"));
        expect(told(true).shadow).toEqual(live);
      }),
      { numRuns: 500 },
    );
  });

  it("A rule set decides the same from its required signals as from all signals", () => {
    const all = fc.record({ rule_set: ruleSet, payment, signals: allSignals });
    fc.assert(
      fc.property(all, ({ rule_set, payment, signals }) => {
        const asked = new Set(signalNames(rule_set, payment));
        const kept = Object.fromEntries(
          Object.entries(signals).filter(([name]) => asked.has(name) || name.startsWith("listed.")),
        );
        const first = evaluate(payment, signals, { version: 0, rule_set });
        expect(first.risk.reasons.filter(({ outcome }) => outcome === "error")).toEqual([]);
        const stored = { ...payment, ...first, risk: { ...first.risk, signals: kept } };
        const again = backtestOne(stored, rule_set);
        expect(again.lacking).toEqual([]);
        expect(again.before).toEqual({
          decision: again.after.risk.decision,
          fraud_score: again.after.fraud_score,
        });
        expect(again.after.risk.reasons).toEqual(first.risk.reasons);
      }),
      { numRuns: 1_000 },
    );
  });

  it("A rule set ignores missing signals that make no difference", () => {
    const both = fc.record({ condition, payment, signals: allSignals, some: someSignals });
    fc.assert(
      fc.property(both, ({ condition, payment, signals, some }) => {
        const known = Object.fromEntries(
          Object.entries(signals).filter(
            ([name]) => Object.hasOwn(some, name) || name.startsWith("listed."),
          ),
        );
        const told = holds(condition, payment, known);
        if (told !== undefined) expect(told).toBe(holds(condition, payment, signals));
      }),
      { numRuns: 2_000 },
    );
  });

  it("An empty rule set approves without a reason a payment that is on no list", () => {
    fc.assert(
      fc.property(ruleSet, payment, someSignals, (rule_set, payment, signals) => {
        const unlisted = Object.fromEntries(
          Object.entries(signals).filter(([name]) => !name.startsWith("listed.")),
        );
        const empty = { version: 3, rule_set: { ...rule_set, rules: [] } };
        expect(evaluate(payment, unlisted, empty)).toEqual({
          fraud_score: 0,
          risk: {
            decision: "approve",
            reasons: [],
            shadow: [],
            rule_set_version: 3,
            signals: unlisted,
          },
        });
      }),
    );
  });
});

describe("a decision", () => {
  const points = (given: number): Rule => ({ id: "points", points: given, when: always });
  const says = (outcome: "block" | "review" | "allow"): Rule => ({
    id: outcome,
    outcome,
    when: always,
  });

  it.each([
    ["no rule is hit", [{ ...points(100), when: never }], "approve"],
    ["the score is below the review score", [points(64)], "approve"],
    ["the score is the review score", [points(65)], "review"],
    ["the score is the block score", [points(75)], "block"],
    ["a rule says review", [says("review")], "review"],
    ["a rule says review and the score blocks", [says("review"), points(75)], "block"],
    ["a rule says block", [says("block")], "block"],
    ["a rule says allow and the score blocks", [says("allow"), points(100)], "approve"],
    ["a rule says allow and another review", [says("allow"), says("review")], "approve"],
    ["a rule says allow and another block", [says("allow"), says("block")], "block"],
  ] as [string, Rule[], string][])(
    "A payment is decided by its score and outcomes: %s",
    (_, rules, expected) => {
      expect(decisionOf(rules)).toBe(expected);
      expect(decisionOf(rules.toReversed())).toBe(expected);
    },
  );

  it("An allow outweighs a block where the merchant's rules say so, and not otherwise", () => {
    const set = { allow_beats_block: true };
    expect(decisionOf([says("allow"), says("block")], {}, set)).toBe("approve");
    expect(decisionOf([says("block")], {}, set)).toBe("block");
    expect(decisionOf([says("block"), points(100)], { "listed.allow.customer": 1 }, set)).toBe(
      "approve",
    );
  });

  it("A payment on the block list is blocked and one on the allow list is approved", () => {
    const blocked = assess([points(10)], { "listed.block.ip": 1 });
    expect(blocked).toMatchObject({ fraud_score: 10, risk: { decision: "block" } });
    expect(blocked.risk.reasons).toEqual([
      { rule: "block_list", outcome: "block", points: 0, detail: "the ip is on the block list" },
      { rule: "points", outcome: "points", points: 10, detail: "120 USD is above 0" },
    ]);
    const allowed = assess([points(100)], { "listed.allow.email_domain": 1 });
    expect(allowed).toMatchObject({ fraud_score: 100, risk: { decision: "approve" } });
    expect(allowed.risk.reasons[0]).toEqual({
      rule: "allow_list",
      outcome: "allow",
      points: 0,
      detail: "the email domain is on the allow list",
    });
  });
});

describe("a rule that cannot be evaluated", () => {
  const fine: Rule = { id: "fine", points: 20, when: always };
  it.each([
    [
      "a signal is missing",
      { velocity: { of: "customer", measure: "count", window: "1h" }, above: 3 },
      "customer.count.1h is missing",
    ],
    [
      "the customer's age is missing",
      { customer_age: { below_s: 9 } },
      "customer.age_s is missing",
    ],
    ["a limit is no number", { amount: { above: "lots" } }, "a condition could not be evaluated"],
    ["a unit is zero", { amount: { multiple_of: "0.00" } }, "a condition could not be evaluated"],
    ["its kind is unknown", { moon: "full" }, "a condition could not be evaluated"],
    ["it has no condition at all", null, "the rule could not be evaluated"],
  ])("A rule that cannot be evaluated is reported and adds nothing: %s", (_, when, detail) => {
    // As a release of another day might have stored it.
    const broken = { id: "broken", outcome: "block", when } as unknown as Rule;
    const { fraud_score, risk } = assess([broken, fine]);
    expect(risk.reasons[0]).toEqual({ rule: "broken", outcome: "error", points: 0, detail });
    expect({ fraud_score, decision: risk.decision }).toEqual({
      fraud_score: 20,
      decision: "approve",
    });
  });

  it("A rule whose missing part makes no difference is no error", () => {
    const missing: Condition = { customer_age: { below_s: 9 } };
    expect(holds({ any: [missing, always] }, PAYMENT, {})).toBe(true);
    expect(holds({ all: [missing, never] }, PAYMENT, {})).toBe(false);
    expect(holds({ all: [missing, always] }, PAYMENT, {})).toBeUndefined();
    expect(holds({ any: [missing, never] }, PAYMENT, {})).toBeUndefined();
    expect(holds({ not: missing }, PAYMENT, {})).toBeUndefined();
  });
});

it("A decision contains the versions and signals that it was made from", () => {
  const signals = { "customer.age_s": 5 };
  const { risk } = assess(
    [{ id: "new", points: 1, when: { customer_age: { below_s: 6 } } }],
    signals,
  );
  expect(risk).toMatchObject({ rule_set_version: 7, signals });
  expect(unversioned(assess([], signals)).risk.signals).toBe(signals);
});
