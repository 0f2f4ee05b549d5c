/** The rule set of merchants who have made none: three rules with the deployment's numbers in them. */
import { formatAmount } from "../money";
import { DEFAULT_REVIEW_S } from "./limits";
import type { VersionedRuleSet } from "./rule-set";

/** The rules' settings. Amounts are major units of the payment's own currency, in thousandths. */
export type DefaultRules = {
  threshold_thousandths: number;
  max_daily_transactions: number;
  review_score: number;
  block_score: number;
};

const THOUSANDTH_DECIMALS = 3;

export function defaultRuleSet(settings: DefaultRules): VersionedRuleSet {
  const { threshold_thousandths, max_daily_transactions, review_score, block_score } = settings;
  const above = (thousandths: number) => ({
    amount: { above: formatAmount(thousandths, THOUSANDTH_DECIMALS) },
  });
  const velocity = { of: "customer", measure: "count", window: "24h" } as const;
  return {
    version: 0,
    rule_set: {
      rules: [
        { id: "amount_above_threshold", points: 40, when: above(threshold_thousandths) },
        { id: "amount_above_twice", points: 30, when: above(threshold_thousandths * 2) },
        { id: "frequency", points: 30, when: { velocity, above: max_daily_transactions } },
      ],
      review_score,
      block_score,
      allow_beats_block: false,
      review_expires_after_s: DEFAULT_REVIEW_S,
      review_expires_to: "reject",
    },
  };
}
