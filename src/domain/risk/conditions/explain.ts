/** Why a condition holds, does not hold or cannot be told, in words with the numbers that were compared.
 *  Only the parts that made the difference are named. */
import { currencyDecimals } from "../../money/currency";
import { formatAmount } from "../../money/money";
import { firstCodePoints } from "../../text/outside-text";
import { metadataOf, type Payment, sentSubject } from "../payment";
import {
  type Condition,
  CUSTOMER_AGE,
  type Measure,
  type RuleAmount,
  type Signals,
  type Velocity,
  velocityName,
  type Window,
} from "../rule-set";
import { amountIn, holds, negated, type Tristate } from "./condition";

/** A detail is kept with the transaction for ever, in each of its events. */
const MAX_DETAIL_CHARACTERS = 300;

/** @param truth what the condition came to */
export function explain(
  condition: Condition,
  payment: Payment,
  signals: Signals,
  truth: Tristate,
): string {
  const detail = partOf(condition, payment, signals, truth);
  const whole = firstCodePoints(detail, MAX_DETAIL_CHARACTERS);
  return whole === detail ? detail : `${firstCodePoints(whole, MAX_DETAIL_CHARACTERS - 1)}…`;
}

function partOf(condition: Condition, payment: Payment, signals: Signals, truth: Tristate): string {
  if ("all" in condition) return partsOf(condition.all, payment, signals, truth);
  if ("any" in condition) return partsOf(condition.any, payment, signals, truth);
  if ("not" in condition) return partOf(condition.not, payment, signals, negated(truth));
  return leafOf(condition, payment, signals, truth);
}

/** Parts that say the same as the whole are why the whole says it. */
function partsOf(parts: Condition[], payment: Payment, signals: Signals, truth: Tristate): string {
  let told = "";
  for (const part of parts) {
    if (told.length > 2 * MAX_DETAIL_CHARACTERS) break; // What follows would be cut off.
    if (holds(part, payment, signals) !== truth) continue;
    told += (told && " and ") + partOf(part, payment, signals, truth);
  }
  return told || "there are no conditions";
}

type Leaf = Exclude<Condition, { all: unknown } | { any: unknown } | { not: unknown }>;

function leafOf(condition: Leaf, payment: Payment, signals: Signals, truth: Tristate): string {
  const not = truth === false ? "not " : "";
  if ("velocity" in condition) return velocityText(condition, payment, signals, truth);
  if ("customer_age" in condition) {
    if (truth === undefined) return `${CUSTOMER_AGE} is missing`;
    const age = signals[CUSTOMER_AGE];
    return `the customer's first payment was ${age} s ago, ${not}less than ${condition.customer_age.below_s}`;
  }
  if (truth === undefined) return "a condition could not be evaluated";
  if ("amount" in condition) return amountText(condition, payment, not);
  if ("metadata" in condition) {
    const { metadata } = condition;
    if (metadataOf(payment, metadata) === undefined) return `there is no metadata.${metadata}`;
    return "in" in condition
      ? `metadata.${metadata} is ${not}one of those named`
      : `there is a metadata.${metadata}`;
  }
  if ("listed" in condition) return listText(condition.listed, condition.field, not);
  return `${payment.currency} is ${not}one of ${condition.currency.join(", ")}`;
}

function amountText(
  { amount, currency }: Extract<Condition, { amount: unknown }>,
  payment: Payment,
  not: string,
): string {
  const { amount_minor } = payment;
  if (currency !== undefined && currency !== payment.currency) {
    return `${payment.currency} is not ${currency}`;
  }
  const limit = "above" in amount ? amount.above : amount.multiple_of;
  const compared = limitText(limit, payment.currency);
  if (compared === undefined) return notNamedText(payment.currency);
  const paid = moneyText(amount_minor, payment.currency);
  return `${paid} is ${not}${"above" in amount ? "above" : "a multiple of"} ${compared}`;
}

/** What money in this currency was compared with. One that holds in every currency is shown without any. */
function limitText(amount: RuleAmount, currency: string): string | undefined {
  const limit = amountIn(amount, currency);
  return limit === undefined || typeof amount === "string" ? limit : `${limit} ${currency}`;
}

function notNamedText(currency: string): string {
  return `there is no amount for ${currency}`;
}

export function listText(list: string, field: string, not = ""): string {
  return `the ${field.replaceAll("_", " ")} is ${not}on the ${list} list`;
}

const WINDOW_TEXTS: Record<Window, string> = {
  "1m": "1 minute",
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
};

const MEASURE_TEXTS: Record<Measure, (signal: number, currency: string) => string> = {
  count: (signal) => `payment ${signal}`,
  sum: (signal, currency) => moneyText(signal, currency),
  customers: (signal) => `${signal} customers`,
  amounts: (signal) => `${signal} different amounts`,
  currencies: (signal) => `${signal} currencies`,
  declined_percent: (signal) => `${signal} % declined`,
};

function velocityText(
  { velocity, above }: { velocity: Velocity; above: number | RuleAmount },
  payment: Payment,
  signals: Signals,
  truth: Tristate,
): string {
  const { of, measure, window, completed_only } = velocity;
  if (sentSubject(payment, of) === undefined) return `there is no ${of}`;
  const most = typeof above === "number" ? String(above) : limitText(above, payment.currency);
  if (most === undefined) return notNamedText(payment.currency);
  const signal = signals[velocityName(velocity)];
  if (signal === undefined) return `${velocityName(velocity)} is missing`;
  const whose = of === "customer" ? "of this customer" : `with this ${of}`;
  const counted = completed_only ? ", without what came to nothing" : "";
  const compared = truth === false ? "not more" : "more";
  const measured = MEASURE_TEXTS[measure](signal, payment.currency);
  return `${measured} ${whose} in ${WINDOW_TEXTS[window]}${counted}, ${compared} than ${most}`;
}

function moneyText(amountMinor: number, currency: string): string {
  return `${formatAmount(amountMinor, currencyDecimals(currency))} ${currency}`;
}
