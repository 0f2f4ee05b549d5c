/** Whether a value of the payment is on the merchant's allow or block list. */
import { type ConditionByKind, listedName } from "../rule-set";
import type { ConditionDefinition } from "./definition";

export const listed: ConditionDefinition<ConditionByKind["listed"]> = {
  holds: ({ listed, field }, { signals }) => signals[listedName(listed, field)] === 1,
  explain: ({ listed, field }, _, truth) => explainListed(listed, field, truth === true),
};

export function explainListed(list: string, field: string, isListed = true): string {
  return `the ${field.replaceAll("_", " ")} is ${isListed ? "" : "not "}on the ${list} list`;
}
