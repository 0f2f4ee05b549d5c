/** The time since the customer's first payment: below a limit. */
import { type ConditionByKind, CUSTOMER_AGE } from "../rule-set";
import type { ConditionDefinition } from "./definition";

export const customerAge: ConditionDefinition<ConditionByKind["customer_age"]> = {
  holds({ customer_age }, { signals }) {
    const age = signals[CUSTOMER_AGE];
    return age === undefined ? undefined : age < customer_age.below_s;
  },

  explain({ customer_age }, { signals }, truth) {
    if (truth === undefined) return `${CUSTOMER_AGE} is missing`;
    const comparison = `${truth ? "" : "not "}less than ${customer_age.below_s}`;
    return `the customer's first payment was ${signals[CUSTOMER_AGE]} s ago, ${comparison}`;
  },

  signals: () => [{ subject: "customer", name: CUSTOMER_AGE }],
};
