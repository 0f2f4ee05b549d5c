/** `all`, `any` and `not`, in Kleene's three-valued logic: the order of parts never matters, and a missing signal
 *  matters only where the result depends on it. */
import type { Condition, ConditionByKind } from "../rule-set";
import type { ConditionDefinition, Evaluation, Part, Tristate } from "./definition";

/** A detail is stored with the transaction in each of its events. */
export const MAX_DETAIL_CHARACTERS = 300;

export const all: ConditionDefinition<ConditionByKind["all"]> = {
  holds: (condition, on) => negate(anyTrue(condition.all, on, true)),
  explain: (condition, on, truth) => explainParts(condition.all, on, truth),
  parts: (condition) => listParts("all", condition.all),
};

export const any: ConditionDefinition<ConditionByKind["any"]> = {
  holds: (condition, on) => anyTrue(condition.any, on, false),
  explain: (condition, on, truth) => explainParts(condition.any, on, truth),
  parts: (condition) => listParts("any", condition.any),
};

export const not: ConditionDefinition<ConditionByKind["not"]> = {
  holds: (condition, on) => negate(on.holds(condition.not)),
  explain: (condition, on, truth) => on.explain(condition.not, negate(truth)),
  parts: (condition) => [{ path: ["not"], condition: condition.not }],
};

function negate(truth: Tristate): Tristate {
  return truth === undefined ? undefined : !truth;
}

/** True when a condition is true, false when all are false, otherwise undefined.
 *  @param negated reads every condition negated: `all` is `any`, negated inside and outside */
function anyTrue(conditions: Condition[], on: Evaluation, negated: boolean): Tristate {
  let found: Tristate = false;
  for (const condition of conditions) {
    const truth = on.holds(condition);
    if (truth === undefined) found = undefined;
    else if (truth !== negated) return true;
  }
  return found;
}

/** The parts that came to the same as the whole: they are why it did. */
function explainParts(conditions: Condition[], on: Evaluation, truth: Tristate): string {
  let text = "";
  for (const condition of conditions) {
    if (text.length > 2 * MAX_DETAIL_CHARACTERS) break; // What follows would be cut off.
    if (on.holds(condition) !== truth) continue;
    text += (text && " and ") + on.explain(condition, truth);
  }
  return text || "there are no conditions";
}

function listParts(name: string, conditions: Condition[]): Part[] {
  return conditions.map((condition, at) => ({ path: [name, at], condition }));
}
