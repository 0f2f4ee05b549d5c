/** A field of the payment's metadata: present or not, or one of some values. */
import { comparableValue } from "../lists/list-value";
import { readMetadata } from "../payment";
import type { ConditionByKind } from "../rule-set";
import type { ConditionDefinition } from "./definition";

export const metadata: ConditionDefinition<ConditionByKind["metadata"]> = {
  holds(condition, { payment }) {
    const value = readMetadata(payment, condition.metadata);
    if ("in" in condition) {
      return value !== undefined && isOneOf(condition.metadata, condition.in, value);
    }
    return (value !== undefined) === condition.is_present;
  },

  explain(condition, { payment }, truth) {
    const name = `metadata.${condition.metadata}`;
    if (readMetadata(payment, condition.metadata) === undefined) return `there is no ${name}`;
    if ("in" in condition) return `${name} is ${truth ? "" : "not "}one of those named`;
    return `there is a ${name}`;
  },
};

/** The comparable forms of a condition's values, computed once for each rule set in memory. */
const comparableValues = new WeakMap<readonly string[], ReadonlySet<string>>();

function isOneOf(field: string, values: string[], value: string): boolean {
  if (values.includes(value)) return true;
  const comparable =
    comparableValues.get(values) ?? new Set(values.map((one) => comparableValue(field, one)));
  comparableValues.set(values, comparable);
  return comparable.has(comparableValue(field, value));
}
