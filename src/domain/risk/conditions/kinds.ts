/** The table of all kinds of conditions. A kind that is missing in it, in `holds` or in `explain` does not compile. */
import type { Condition, ConditionByKind, ConditionKind } from "../rule-set";
import { amount } from "./amount";
import { all, any, not } from "./combinators";
import { currency } from "./currency";
import { customerAge } from "./customer-age";
import {
  type ConditionDefinition,
  type Evaluation,
  NOT_EVALUATED,
  type Part,
  type Tristate,
} from "./definition";
import { listed } from "./listed";
import { metadata } from "./metadata";
import { velocity } from "./velocity";

const KINDS = {
  all,
  any,
  not,
  amount,
  velocity,
  customer_age: customerAge,
  metadata,
  listed,
  currency,
} as const satisfies { [Kind in ConditionKind]: ConditionDefinition<ConditionByKind[Kind]> };

/** Whether a condition holds. A chain, here and in `explain`, and not a search of the table: a call of one of nine
 *  functions that V8 cannot inline made decisions 10 to 30 % slower. An amount may have a currency, so it comes
 *  first. */
export function holds(condition: Condition, on: Evaluation): Tristate {
  if ("all" in condition) return KINDS.all.holds(condition, on);
  if ("any" in condition) return KINDS.any.holds(condition, on);
  if ("not" in condition) return KINDS.not.holds(condition, on);
  if ("amount" in condition) return KINDS.amount.holds(condition, on);
  if ("velocity" in condition) return KINDS.velocity.holds(condition, on);
  if ("customer_age" in condition) return KINDS.customer_age.holds(condition, on);
  if ("metadata" in condition) return KINDS.metadata.holds(condition, on);
  if ("listed" in condition) return KINDS.listed.holds(condition, on);
  if ("currency" in condition) return KINDS.currency.holds(condition, on);
  condition satisfies never;
  return undefined; // A kind that a newer release stored.
}

/** Why a condition came to `truth`. */
export function explain(condition: Condition, on: Evaluation, truth: Tristate): string {
  if ("all" in condition) return KINDS.all.explain(condition, on, truth);
  if ("any" in condition) return KINDS.any.explain(condition, on, truth);
  if ("not" in condition) return KINDS.not.explain(condition, on, truth);
  if ("amount" in condition) return KINDS.amount.explain(condition, on, truth);
  if ("velocity" in condition) return KINDS.velocity.explain(condition, on, truth);
  if ("customer_age" in condition) return KINDS.customer_age.explain(condition, on, truth);
  if ("metadata" in condition) return KINDS.metadata.explain(condition, on, truth);
  if ("listed" in condition) return KINDS.listed.explain(condition, on, truth);
  if ("currency" in condition) return KINDS.currency.explain(condition, on, truth);
  condition satisfies never;
  return NOT_EVALUATED;
}

const KIND_NAMES = Object.keys(KINDS) as ConditionKind[]; // The table has these members and no others.

/** The definition of a condition's kind, for what is not done at each payment; undefined for a kind that a newer
 *  release stored. */
export function findDefinition(condition: Condition): ConditionDefinition<Condition> | undefined {
  const kind = KIND_NAMES.find((name) => name in condition);
  return kind && KINDS[kind];
}

/** A condition and all conditions inside it, each before its parts.
 *  @param path where the condition is in what was sent */
export function* walkConditions({ path, condition }: Part): Generator<Part> {
  yield { path, condition };
  for (const part of findDefinition(condition)?.parts?.(condition) ?? []) {
    yield* walkConditions({ path: [...path, ...part.path], condition: part.condition });
  }
}
