/** The table of all kinds of conditions. A kind that is missing here, or in `definitionOf`, does not compile. */
import type { Condition, ConditionByKind, ConditionKind } from "../rule-set";
import { amount } from "./amount";
import { all, any, not } from "./combinators";
import { currency } from "./currency";
import { customerAge } from "./customer-age";
import { type ConditionDefinition, NOT_EVALUATED, type Part } from "./definition";
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

/** A kind that a newer release stored. */
const UNKNOWN: ConditionDefinition<Condition> = {
  holds: () => undefined,
  explain: () => NOT_EVALUATED,
};

/** The definition of a condition's kind. A chain and not a search through the table, which takes several times as
 *  long. An amount may have a currency, so it comes before `currency`. */
export function definitionOf(condition: Condition): ConditionDefinition<Condition> {
  if ("all" in condition) return KINDS.all;
  if ("any" in condition) return KINDS.any;
  if ("not" in condition) return KINDS.not;
  if ("amount" in condition) return KINDS.amount;
  if ("velocity" in condition) return KINDS.velocity;
  if ("customer_age" in condition) return KINDS.customer_age;
  if ("metadata" in condition) return KINDS.metadata;
  if ("listed" in condition) return KINDS.listed;
  if ("currency" in condition) return KINDS.currency;
  condition satisfies never;
  return UNKNOWN;
}

/** A condition and all conditions inside it, each before its parts.
 *  @param path where the condition is in what was sent */
export function* walkConditions({ path, condition }: Part): Generator<Part> {
  yield { path, condition };
  for (const part of definitionOf(condition).parts?.(condition) ?? []) {
    yield* walkConditions({ path: [...path, ...part.path], condition: part.condition });
  }
}
