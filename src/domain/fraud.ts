/** Fraud scoring: a pure function of the payment, the customer's velocity and the rules.
 *  Every point has a reason with a name, so an answer can be explained and computed again. */
import { currencyDecimals } from "./currency";
import { formatAmount } from "./money";
import type { Signals } from "./velocity";

/** The rules' settings. Amounts are major units of the payment's own currency, in thousandths. */
export type FraudRules = {
  threshold_thousandths: number;
  max_daily_transactions: number;
  block_score: number;
};

export type RiskReason = { rule: string; points: number; detail: string };
export type Risk = { decision: "approve" | "block"; reasons: RiskReason[] };
export type Assessment = { fraud_score: number; risk: Risk };

/** Points of the predecessor's rules, kept so that its customers see the same scores. */
const POINTS = { amount_above_threshold: 40, amount_above_twice: 30, frequency: 30 };
const MAX_SCORE = 100;
const THOUSANDTH_DECIMALS = 3;

/** Scores a payment from 0 to 100 and says why. `signals` count the payment itself. */
export function assess(
  payment: { amount_minor: number; currency: string },
  signals: Signals,
  rules: FraudRules,
): Assessment {
  const reasons = [...amountReasons(payment, rules), ...frequencyReasons(signals, rules)];
  const points = reasons.reduce((sum, reason) => sum + reason.points, 0);
  const score = Math.min(points, MAX_SCORE);
  const decision = score >= rules.block_score ? "block" : "approve";
  return { fraud_score: score, risk: { decision, reasons } };
}

function amountReasons(
  { amount_minor, currency }: { amount_minor: number; currency: string },
  rules: FraudRules,
): RiskReason[] {
  const decimals = currencyDecimals(currency) ?? 0;
  const amount = `${formatAmount(amount_minor, decimals)} ${currency}`;
  const above = (thousandths: number): string | undefined => {
    // An amount is a whole number of minor units: above 4999.9995 means above 4999.99 of them.
    const limitMinor = Math.floor(thousandths / 10 ** (THOUSANDTH_DECIMALS - decimals));
    return amount_minor > limitMinor
      ? `${amount} is above ${formatAmount(thousandths, THOUSANDTH_DECIMALS)}`
      : undefined;
  };
  const once = above(rules.threshold_thousandths);
  const twice = above(rules.threshold_thousandths * 2);
  return [
    ...(once ? [reason("amount_above_threshold", once)] : []),
    ...(twice ? [reason("amount_above_twice", twice)] : []),
  ];
}

function frequencyReasons(signals: Signals, rules: FraudRules): RiskReason[] {
  const { count } = signals.day;
  if (count <= rules.max_daily_transactions) return [];
  const detail = `payment ${count} of this customer in 24 hours, more than ${rules.max_daily_transactions}`;
  return [reason("frequency", detail)];
}

function reason(rule: keyof typeof POINTS, detail: string): RiskReason {
  return { rule, points: POINTS[rule], detail };
}
