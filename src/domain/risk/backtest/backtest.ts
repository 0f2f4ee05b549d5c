/** Decides a stored payment again by another rule set. */

import { signalNames } from "../conditions/required-signals";
import { type Assessment, type Decision, evaluate, type Risk } from "../evaluate";
import type { Payment } from "../payment";
import type { RuleSet } from "../rule-set";

/** A stored transaction, of any version: its decision stays as it was made. Transactions of releases that
 *  froze no signals have none. */
export type Decided = Payment & {
  fraud_score: number;
  risk: Pick<Risk, "decision"> & Partial<Pick<Risk, "signals">>;
};

export type Backtest = {
  before: { decision: Decision; fraud_score: number };
  after: Assessment;
  /** Signals that the candidate looks at and that were not frozen. Rules that could not do without them
   *  are an `error` in `after`, which then is only what the other rules say. */
  lacking: string[];
};

/** Lists are taken as they were then, because they are not part of a rule set. */
export function backtestOne(stored: Decided, candidate: RuleSet): Backtest {
  const { fraud_score, risk } = stored;
  const signals = risk.signals ?? {};
  return {
    before: { decision: risk.decision, fraud_score },
    after: evaluate(stored, signals, { version: 0, rule_set: candidate }),
    lacking: signalNames(candidate, stored).filter((name) => !Object.hasOwn(signals, name)),
  };
}
