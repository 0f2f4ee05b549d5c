/** A count or sum of the subject's payments within a window: above a limit. */
import { currencyDecimals } from "../../money/currency";
import { readSentSubject } from "../payment";
import { type ConditionByKind, type Measure, velocityName, type Window } from "../rule-set";
import { isAbove } from "./decimal";
import type { ConditionDefinition } from "./definition";
import { amountIn, explainMissingAmount, formatMoney, formatRuleAmount } from "./rule-amount";

const WINDOW_TEXTS: Record<Window, string> = {
  "1m": "1 minute",
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
};

const MEASURE_TEXTS: Record<Measure, (signal: number, currency: string) => string> = {
  count: (signal) => `payment ${signal}`,
  sum: formatMoney,
  customers: (signal) => `${signal} customers`,
  amounts: (signal) => `${signal} different amounts`,
  currencies: (signal) => `${signal} currencies`,
  declined_percent: (signal) => `${signal} % declined`,
};

export const velocity: ConditionDefinition<ConditionByKind["velocity"]> = {
  holds({ velocity, above }, { payment, signals }) {
    // A payment without the metadata field belongs to no subject.
    if (readSentSubject(payment, velocity.of) === undefined) return false;
    const signal = signals[velocityName(velocity)];
    if (velocity.measure !== "sum") {
      const limit = Number(above);
      return signal === undefined || Number.isNaN(limit) ? undefined : signal > limit;
    }
    const limit = amountIn(typeof above === "number" ? String(above) : above, payment.currency);
    if (limit === undefined) return false;
    if (signal === undefined) return undefined;
    return isAbove(signal, limit, currencyDecimals(payment.currency));
  },

  explain({ velocity, above }, { payment, signals }, truth) {
    const { of, measure, window, completed_only } = velocity;
    if (readSentSubject(payment, of) === undefined) return `there is no ${of}`;
    const limit =
      typeof above === "number" ? String(above) : formatRuleAmount(above, payment.currency);
    if (limit === undefined) return explainMissingAmount(payment.currency);
    const signal = signals[velocityName(velocity)];
    if (signal === undefined) return `${velocityName(velocity)} is missing`;
    const whose = of === "customer" ? "of this customer" : `with this ${of}`;
    const counted = completed_only ? ", without what came to nothing" : "";
    const comparison = truth === false ? "not more" : "more";
    const measured = MEASURE_TEXTS[measure](signal, payment.currency);
    return `${measured} ${whose} in ${WINDOW_TEXTS[window]}${counted}, ${comparison} than ${limit}`;
  },

  signals: ({ velocity }) => [{ subject: velocity.of, name: velocityName(velocity) }],
};
