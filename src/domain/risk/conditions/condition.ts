/** Whether a condition holds for a payment. Three answers, because a signal may be missing: yes, no, and
 *  undefined for "cannot be told". They are combined so that the order of parts never matters. */
import { currencyDecimals } from "../../money/currency";
import { comparableValue } from "../lists/list-value";
import { metadataOf, type Payment, sentSubject } from "../payment";
import {
  type Condition,
  CUSTOMER_AGE,
  listedName,
  type RuleAmount,
  type Signals,
  velocityName,
} from "../rule-set";
import { isAbove, isMultiple } from "./decimal";

export type Tristate = boolean | undefined;

export function holds(condition: Condition, payment: Payment, signals: Signals): Tristate {
  if ("all" in condition) return negated(firstTrue(condition.all, payment, signals, negated));
  if ("any" in condition) return firstTrue(condition.any, payment, signals, (truth) => truth);
  if ("not" in condition) return negated(holds(condition.not, payment, signals));
  if ("amount" in condition) return amountHolds(condition, payment);
  if ("velocity" in condition) return velocityHolds(condition, payment, signals);
  if ("customer_age" in condition) {
    const age = signals[CUSTOMER_AGE];
    return age === undefined ? undefined : age < condition.customer_age.below_s;
  }
  if ("metadata" in condition) {
    const value = metadataOf(payment, condition.metadata);
    if ("in" in condition) return value !== undefined && isOneOf(condition, value);
    return (value !== undefined) === condition.is_present;
  }
  if ("listed" in condition) return signals[listedName(condition.listed, condition.field)] === 1;
  if ("currency" in condition) return condition.currency.includes(payment.currency);
  return undefined; // A kind that a newer release stored.
}

/** What a condition's values come to when they are compared, made once for each rule set that is in memory. */
const compared = new WeakMap<readonly string[], ReadonlySet<string>>();

function isOneOf({ metadata, in: values }: { metadata: string; in: string[] }, value: string) {
  if (values.includes(value)) return true;
  const known =
    compared.get(values) ?? new Set(values.map((one) => comparableValue(metadata, one)));
  compared.set(values, known);
  return known.has(comparableValue(metadata, value));
}

export function negated(truth: Tristate): Tristate {
  return truth === undefined ? undefined : !truth;
}

/** True when one is true as `read`, false when all are false, else undefined. `all` is the same, negated
 *  inside and out. */
function firstTrue(
  conditions: Condition[],
  payment: Payment,
  signals: Signals,
  read: (truth: Tristate) => Tristate,
): Tristate {
  let found: Tristate = false;
  for (const condition of conditions) {
    const truth = read(holds(condition, payment, signals));
    if (truth === true) return true;
    if (truth === undefined) found = undefined;
  }
  return found;
}

function amountHolds(
  { amount, currency }: Extract<Condition, { amount: unknown }>,
  payment: Payment,
): Tristate {
  if (currency !== undefined && currency !== payment.currency) return false;
  const compared = amountIn(
    "above" in amount ? amount.above : amount.multiple_of,
    payment.currency,
  );
  if (compared === undefined) return false;
  const decimals = currencyDecimals(payment.currency);
  return "above" in amount
    ? isAbove(payment.amount_minor, compared, decimals)
    : isMultiple(payment.amount_minor, compared, decimals);
}

/** The decimal that money in this currency is compared with; undefined when the rule names other currencies. */
export function amountIn(amount: RuleAmount, currency: string): string | undefined {
  if (typeof amount === "string") return amount;
  return Object.hasOwn(amount, currency) ? amount[currency] : undefined;
}

/** A payment without the field has nobody to be counted with. */
function velocityHolds(
  { velocity, above }: Extract<Condition, { velocity: unknown }>,
  payment: Payment,
  signals: Signals,
): Tristate {
  if (sentSubject(payment, velocity.of) === undefined) return false;
  const signal = signals[velocityName(velocity)];
  if (velocity.measure !== "sum") {
    return signal === undefined || Number.isNaN(Number(above)) ? undefined : signal > Number(above);
  }
  const most = amountIn(typeof above === "number" ? String(above) : above, payment.currency);
  if (most === undefined) return false;
  if (signal === undefined) return undefined;
  return isAbove(signal, most, currencyDecimals(payment.currency));
}
