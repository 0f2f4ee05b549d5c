/** The decision about a payment: a pure function of the payment, its signals and the rule set. All three
 *  are stored, so every decision can be computed again. The order of rules never matters. */
import { UnknownCurrency } from "../money/currency";
import { explainListed } from "./conditions/listed";
import { PaymentEvaluation } from "./conditions/payment-evaluation";
import type { Payment } from "./payment";
import {
  LIST_FIELDS,
  type ListName,
  listedName,
  type Rule,
  type RuleSet,
  type Signals,
  type VersionedRuleSet,
} from "./rule-set";

export const DECISIONS = ["approve", "review", "block"] as const;
export type Decision = (typeof DECISIONS)[number];

/** A rule's outcome. `error`: it could not be evaluated, and adds nothing. */
export const OUTCOMES = ["points", "block", "review", "allow", "error"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** A rule that was hit, or a list that the payment is on (`block_list`, `allow_list`). */
export type RiskReason = { rule: string; outcome: Outcome; points: number; detail: string };

/** A decision with its inputs, frozen with its transaction. `reasons` and `shadow` are sorted by rule. */
export type Risk = {
  decision: Decision;
  reasons: RiskReason[];
  /** The reasons that shadow rules would have added. */
  shadow: RiskReason[];
  rule_set_version: number;
  signals: Signals;
};
export type Assessment = { fraud_score: number; risk: Risk };

const MAX_SCORE = 100;

/** Scores a payment from 0 to 100, decides, and lists the reasons. `signals` include the payment itself. */
export function evaluate(
  payment: Payment,
  signals: Signals,
  { version, rule_set }: VersionedRuleSet,
): Assessment {
  const reasons = [...listReasons(signals, "block"), ...listReasons(signals, "allow")];
  const shadow: RiskReason[] = [];
  const evaluation = new PaymentEvaluation(payment, signals);
  for (const rule of rule_set.rules) {
    const reason = readReason(rule, evaluation);
    if (reason) (rule.shadow ? shadow : reasons).push(reason);
  }
  if (reasons.length > 1) reasons.sort(byRule);
  if (shadow.length > 1) shadow.sort(byRule);
  const points = reasons.reduce((sum, reason) => sum + reason.points, 0);
  const fraudScore = Math.min(Math.max(points, 0), MAX_SCORE);
  const decision = decide(reasons, fraudScore, rule_set);
  return {
    fraud_score: fraudScore,
    risk: { decision, reasons, shadow, rule_set_version: version, signals },
  };
}

/** A block outweighs everything, unless the merchant lets an allow outweigh it; an allow outweighs
 *  points and reviews. */
function decide(reasons: RiskReason[], score: number, ruleSet: RuleSet): Decision {
  const says = (outcome: Outcome) => reasons.some((reason) => reason.outcome === outcome);
  const isAllowed = says("allow");
  if (says("block") && !(isAllowed && ruleSet.allow_beats_block)) return "block";
  if (isAllowed) return "approve";
  if (score >= ruleSet.block_score) return "block";
  return says("review") || score >= ruleSet.review_score ? "review" : "approve";
}

function readReason(rule: Rule, evaluation: PaymentEvaluation): RiskReason | undefined {
  const { id } = rule;
  try {
    const truth = evaluation.holds(rule.when);
    if (truth === false) return undefined;
    const detail = evaluation.detail(rule.when, truth);
    if (truth === undefined) return { rule: id, outcome: "error", points: 0, detail };
    return "points" in rule
      ? { rule: id, outcome: "points", points: rule.points, detail }
      : { rule: id, outcome: rule.outcome, points: 0, detail };
  } catch (fault) {
    // A rule set that some other release stored must not stop a payment.
    const isCurrency = fault instanceof UnknownCurrency;
    const detail = isCurrency ? fault.message : "the rule could not be evaluated";
    return { rule: id, outcome: "error", points: 0, detail };
  }
}

function listReasons(signals: Signals, list: ListName): RiskReason[] {
  return LIST_FIELDS.filter((field) => signals[listedName(list, field)] === 1).map((field) => ({
    rule: `${list}_list`,
    outcome: list,
    points: 0,
    detail: explainListed(list, field),
  }));
}

function byRule(a: RiskReason, b: RiskReason): number {
  if (a.rule !== b.rule) return a.rule < b.rule ? -1 : 1;
  return a.detail < b.detail ? -1 : 1;
}
