/** A payment, and rules that hit always or never. */
import { PaymentEvaluation } from "../../src/domain/risk/conditions/payment-evaluation";
import { evaluate } from "../../src/domain/risk/evaluate";
import type { Payment } from "../../src/domain/risk/payment";
import type { Condition, Rule, RuleSet, Signals } from "../../src/domain/risk/rule-set";
import { frozen } from "./examples";

export const PAYMENT: Payment = frozen({
  amount_minor: 12_000,
  currency: "USD",
  user_id: "user_1",
  metadata: { ip: "198.51.100.7", country: "NL", note: "" },
});

export const EMPTY: RuleSet = frozen({
  rules: [],
  review_score: 65,
  block_score: 75,
  allow_beats_block: false,
  review_expires_after_s: 3_600,
  review_expires_to: "reject",
});

export const always: Condition = { amount: { above: "0" } };
export const never: Condition = { not: always };
export const holds = (condition: Condition, payment: Payment, signals: Signals) =>
  new PaymentEvaluation(payment, signals).holds(condition);
export const assess = (rules: Rule[], signals: Signals = {}, set: Partial<RuleSet> = {}) =>
  evaluate(PAYMENT, signals, { version: 7, rule_set: { ...EMPTY, ...set, rules } });
