/** The payment's currency: one of a list. */
import type { ConditionByKind } from "../rule-set";
import type { ConditionDefinition } from "./definition";

export const currency: ConditionDefinition<ConditionByKind["currency"]> = {
  holds: (condition, { payment }) => condition.currency.includes(payment.currency),
  explain: (condition, { payment }, truth) =>
    `${payment.currency} is ${truth ? "" : "not "}one of ${condition.currency.join(", ")}`,
};
