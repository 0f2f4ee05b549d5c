/** A merchant's fraud rules as data: conditions, outcomes and names. `evaluate.ts` evaluates them. */

/** The field's usual spellings; rolling, to the millisecond. */
export const WINDOWS = ["1m", "1h", "24h", "7d"] as const;
export type Window = (typeof WINDOWS)[number];

/** Whose payments are counted: the customer's, or those with the same value in a metadata field. */
export type Subject = "customer" | `metadata.${string}`;

/** `sum` is in the payment's own currency. `customers`, `amounts` and `currencies` count different ones.
 *  `declined_percent` is of the subject's other payments, rounded down. */
export const MEASURES = [
  "count",
  "sum",
  "customers",
  "amounts",
  "currencies",
  "declined_percent",
] as const;
export type Measure = (typeof MEASURES)[number];

export type Velocity = {
  of: Subject;
  measure: Measure;
  window: Window;
  /** Leaves out what was cancelled, blocked or declined. */
  completed_only?: boolean;
};

export const LIST_FIELDS = [
  "customer",
  "ip",
  "card_fingerprint",
  "email",
  "email_domain",
  "country",
] as const;
export type ListField = (typeof LIST_FIELDS)[number];
export const LIST_NAMES = ["allow", "block"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** The ids of reasons that lists produce; no rule may have them. */
export const RESERVED_RULE_IDS = LIST_NAMES.map((list) => `${list}_list` as const);

/** Decimals in major units, as text, by currency. A payment in a currency that is not there does not meet the
 *  condition. */
export type AmountByCurrency = Record<string, string>;
/** One decimal is compared in every payment's own currency. */
export type RuleAmount = string | AmountByCurrency;

/** The kinds of conditions, each named by the member that it alone has. Adding one here makes every table of kinds
 *  incomplete: evaluation in `conditions/`, and the request schemas of the API. */
export type ConditionByKind = {
  all: { all: Condition[] };
  any: { any: Condition[] };
  not: { not: Condition };
  /** An amount with one decimal may have a `currency`, and then holds for payments in that one only. */
  amount: { amount: { above: RuleAmount } | { multiple_of: RuleAmount }; currency?: string };
  currency: { currency: string[] };
  /** `above` is a whole number; for a `sum` an amount. */
  velocity: { velocity: Velocity; above: number | RuleAmount };
  /** Time since the customer's first payment. */
  customer_age: { customer_age: { below_s: number } };
  metadata: { metadata: string; in: string[] } | { metadata: string; is_present: boolean };
  listed: { listed: ListName; field: ListField };
};
export type ConditionKind = keyof ConditionByKind;
export type Condition = ConditionByKind[ConditionKind];

/** The effect of a rule whose condition holds: points, or an outcome. */
type Verdict = { points: number } | { outcome: "block" | "review" | "allow" };

export type Rule = Verdict & {
  id: string;
  when: Condition;
  /** Evaluated and recorded, and changes nothing. */
  shadow?: boolean;
};

export type RuleSet = {
  rules: Rule[];
  /** From these scores on a payment is reviewed or blocked; 101 is out of reach. */
  review_score: number;
  block_score: number;
  /** Whether an allow, by list or by rule, outweighs a block. */
  allow_beats_block: boolean;
  /** How long a review stays open, and its decision when it expires. */
  review_expires_after_s: number;
  review_expires_to: "approve" | "reject";
};

/** The rule set that was in force, and which it was. Version 0 is the deployment's default. */
export type VersionedRuleSet = { version: number; rule_set: RuleSet };

/** Velocity and list signals by name, frozen with the transaction, so that its decision can be computed again. */
export type Signals = Record<string, number>;

export const CUSTOMER_AGE = "customer.age_s";

/** The name of a velocity signal: `customer.count.24h`, `metadata.ip.customers.1h.completed`. */
export function velocityName({ of, measure, window, completed_only = false }: Velocity): string {
  return `${of}.${measure}.${window}${completed_only ? ".completed" : ""}`;
}

/** The name of the signal that says whether the payment's value is on a list: 1 or 0. */
export function listedName(list: ListName, field: ListField): string {
  return `listed.${list}.${field}`;
}
