/** A rule's amounts: which one a payment is compared with, and how amounts are written in a reason. */
import { currencyDecimals } from "../../money/currency";
import { formatAmount } from "../../money/money";
import type { RuleAmount } from "../rule-set";

/** The decimal, in major units, that money in this currency is compared with; undefined when the rule names other
 *  currencies only. */
export function amountIn(amount: RuleAmount, currency: string): string | undefined {
  if (typeof amount === "string") return amount;
  return Object.hasOwn(amount, currency) ? amount[currency] : undefined;
}

/** The same as it is shown. An amount that holds in every currency is shown without a currency. */
export function formatRuleAmount(amount: RuleAmount, currency: string): string | undefined {
  const limit = amountIn(amount, currency);
  return limit === undefined || typeof amount === "string" ? limit : `${limit} ${currency}`;
}

export function explainMissingAmount(currency: string): string {
  return `there is no amount for ${currency}`;
}

/** @throws UnknownCurrency */
export function formatMoney(amountMinor: number, currency: string): string {
  return `${formatAmount(amountMinor, currencyDecimals(currency))} ${currency}`;
}
