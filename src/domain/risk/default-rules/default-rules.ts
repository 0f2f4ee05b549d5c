/** The rule set of merchants without rules of their own, made from the deployment's settings, with a threshold for each
 *  currency. */
import { currencyDecimals } from "../../money/currency";
import { formatAmount, MAX_AMOUNT_MINOR } from "../../money/money";
import { DEFAULT_REVIEW_S } from "../limits";
import type { AmountByCurrency, Rule, VersionedRuleSet } from "../rule-set";
import { THOUSANDTHS_PER_USD } from "./reference-rates";

/** What happens to a payment in a currency without a threshold: it is held for review, or its amount is ignored. */
export const UNLISTED_CURRENCY = ["review", "approve"] as const;

/** The rules' settings. The threshold is in thousandths of a US dollar; other currencies' follow from it. */
export type DefaultRules = {
  threshold_thousandths: number;
  max_daily_transactions: number;
  review_score: number;
  block_score: number;
  unlisted_currency: (typeof UNLISTED_CURRENCY)[number];
};

/** Alphabetical, for readers of the rules. */
const LISTED = [...THOUSANDTHS_PER_USD].sort(([a], [b]) => (a < b ? -1 : 1));

export function defaultRuleSet(settings: DefaultRules): VersionedRuleSet {
  const { threshold_thousandths, max_daily_transactions, review_score, block_score } = settings;
  const above = (thousandths: number) => ({ amount: { above: toAmounts(thousandths) } });
  const velocity = { of: "customer", measure: "count", window: "24h" } as const;
  return {
    version: 0,
    rule_set: {
      rules: [
        { id: "amount_above_threshold", points: 40, when: above(threshold_thousandths) },
        { id: "amount_above_twice", points: 30, when: above(threshold_thousandths * 2) },
        { id: "frequency", points: 30, when: { velocity, above: max_daily_transactions } },
        ...(settings.unlisted_currency === "review" ? [UNLISTED_IS_REVIEWED] : []),
      ],
      review_score,
      block_score,
      allow_beats_block: false,
      review_expires_after_s: DEFAULT_REVIEW_S,
      review_expires_to: "reject",
    },
  };
}

const UNLISTED_IS_REVIEWED: Rule = {
  id: "currency_without_threshold",
  outcome: "review",
  when: { not: { currency: LISTED.map(([code]) => code) } },
};

/** What a number of thousandths of a dollar is in each currency, in whole minor units rounded down. An amount that
 *  is above it is above the exact one, and the other way round, because it is a whole number of them itself. */
function toAmounts(usdThousandths: number): AmountByCurrency {
  return Object.fromEntries(
    LISTED.map(([code, rate]) => [code, toAmount(usdThousandths, rate, currencyDecimals(code))]),
  );
}

/** Both factors are in thousandths. */
const THOUSANDTHS_TWICE = 1_000_000n;

/** At least one minor unit, since a rule's amount is above 0, and at most the largest amount, above which no payment
 *  is. */
function toAmount(usdThousandths: number, rateThousandths: number, decimals: number): string {
  const scaled = BigInt(usdThousandths) * BigInt(rateThousandths) * 10n ** BigInt(decimals);
  const minor = Math.max(1, Math.min(Number(scaled / THOUSANDTHS_TWICE), MAX_AMOUNT_MINOR));
  return formatAmount(minor, decimals);
}
