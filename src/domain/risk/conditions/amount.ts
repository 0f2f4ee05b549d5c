/** The payment's amount: above a limit, or a multiple of a unit. */
import { currencyDecimals } from "../../money/currency";
import type { ConditionByKind, RuleAmount } from "../rule-set";
import { isAbove, isMultiple } from "./decimal";
import { type ConditionDefinition, NOT_EVALUATED } from "./definition";
import { amountIn, explainMissingAmount, formatMoney, formatRuleAmount } from "./rule-amount";

type Amount = ConditionByKind["amount"];

export const amount: ConditionDefinition<Amount> = {
  holds(condition, { payment }) {
    const { amount_minor, currency } = payment;
    if (isOtherCurrency(condition, currency)) return false;
    const limit = amountIn(readLimit(condition), currency);
    if (limit === undefined) return false;
    const decimals = currencyDecimals(currency);
    return "above" in condition.amount
      ? isAbove(amount_minor, limit, decimals)
      : isMultiple(amount_minor, limit, decimals);
  },

  explain(condition, { payment }, truth) {
    if (truth === undefined) return NOT_EVALUATED;
    const { amount_minor, currency } = payment;
    if (isOtherCurrency(condition, currency)) return `${currency} is not ${condition.currency}`;
    const limit = formatRuleAmount(readLimit(condition), currency);
    if (limit === undefined) return explainMissingAmount(currency);
    const comparison = "above" in condition.amount ? "above" : "a multiple of";
    const paid = formatMoney(amount_minor, currency);
    return `${paid} is ${truth ? "" : "not "}${comparison} ${limit}`;
  },
};

function isOtherCurrency(condition: Amount, currency: string): boolean {
  return condition.currency !== undefined && condition.currency !== currency;
}

function readLimit({ amount }: Amount): RuleAmount {
  return "above" in amount ? amount.above : amount.multiple_of;
}
