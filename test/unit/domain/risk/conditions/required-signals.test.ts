/** The signals that a rule set needs. */
import { describe, expect, it } from "vitest";
import { backtestOne } from "../../../../../src/domain/risk/backtest/backtest";
import { requiredSignals } from "../../../../../src/domain/risk/conditions/required-signals";
import type { Condition, Rule } from "../../../../../src/domain/risk/rule-set";
import { EMPTY, PAYMENT } from "../../../../support/rule-examples";

describe("the signals that rules require", () => {
  const of = (rules: Rule[]) => requiredSignals({ ...EMPTY, rules });
  const velocity = { of: "metadata.ip", measure: "customers", window: "1h" } as const;

  it("The required signals of rules are named once each, by subject, and always include the customer", () => {
    expect(of([])).toEqual([{ subject: "customer", measures: [] }]);
    const both: Condition = {
      any: [
        { velocity, above: 1 },
        { not: { velocity, above: 2 } },
        { customer_age: { below_s: 1 } },
      ],
    };
    expect(
      of([
        { id: "a", points: 1, when: both },
        { id: "b", points: 1, shadow: true, when: { all: [{ velocity, above: 9 }] } },
      ]),
    ).toEqual([
      { subject: "customer", measures: ["age_s"] },
      { subject: "metadata.ip", measures: ["customers.1h"] },
    ]);
  });

  it("The required signals leave out fields that a payment lacks, which a backtest does not miss either", () => {
    const rules: Rule[] = [{ id: "a", outcome: "block", when: { velocity, above: 1 } }];
    const candidate = { ...EMPTY, rules };
    const stored = { ...PAYMENT, fraud_score: 0, risk: { decision: "approve" as const } };
    expect(backtestOne(stored, candidate)).toMatchObject({
      before: { decision: "approve", fraud_score: 0 },
      after: { risk: { decision: "approve", reasons: [{ outcome: "error" }] } },
      lacking: ["metadata.ip.customers.1h"],
    });
    expect(backtestOne({ ...stored, metadata: {} }, candidate).lacking).toEqual([]);
    const known = { ...stored.risk, signals: { "metadata.ip.customers.1h": 2 } };
    expect(backtestOne({ ...stored, risk: known }, candidate)).toMatchObject({
      after: { risk: { decision: "block" } },
      lacking: [],
    });
  });
});
