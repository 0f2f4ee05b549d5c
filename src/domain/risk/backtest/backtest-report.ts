/** Adds up what a candidate rule set would have changed in many stored decisions. */

import { type Decision, evaluate, type RiskReason } from "../evaluate";
import type { Condition, Rule, RuleSet, Signals } from "../rule-set";
import { backtestOne, type Decided } from "./backtest";

/** Enough to understand a change, in a response that stays small. */
const MAX_EXAMPLES = 20;

export type StoredDecision = Decided & { id: string };
type Judged = { decision: Decision; fraud_score: number };
export type BacktestExample = {
  transaction_id: string;
  before: Judged;
  after: Judged;
  reasons: RiskReason[];
};

/** Each payment is counted once, as unchanged, changed or undecidable. */
export type BacktestReport = {
  examined: number;
  unchanged: number;
  /** By kind: `approve_to_block` … */
  changed: Record<string, number>;
  /** Payments whose decision depends on signals that were not frozen with them. */
  undecidable: number;
  /** Payments that lack a signal that the candidate looks at, by signal. */
  lacking: Record<string, number>;
  /** Payments that hit a rule, by rule; those on trial included. */
  hits: Record<string, number>;
  examples: BacktestExample[];
};

/** A report that is added up payment by payment, so that the caller can pause in between. */
export class BacktestTally {
  readonly #candidate: RuleSet;
  readonly #changed = new Map<string, number>();
  readonly #lacking = new Map<string, number>();
  readonly #hits = new Map<string, number>();
  readonly #examples: BacktestExample[] = [];
  #examined = 0;
  #undecidable = 0;
  #unchanged = 0;

  constructor(candidate: RuleSet) {
    this.#candidate = candidate;
  }

  get examined(): number {
    return this.#examined;
  }

  add(payment: StoredDecision): void {
    this.#examined += 1;
    const { before, after, lacking } = backtestOne(payment, this.#candidate);
    const { decision, reasons, shadow } = after.risk;
    for (const signal of lacking) count(this.#lacking, signal);
    for (const rule of rulesHit([...reasons, ...shadow])) count(this.#hits, rule);
    if (!isCertain(payment, this.#candidate, reasons)) this.#undecidable += 1;
    else if (decision === before.decision) this.#unchanged += 1;
    else {
      count(this.#changed, `${before.decision}_to_${decision}`);
      if (this.#examples.length < MAX_EXAMPLES) {
        const judged = { decision, fraud_score: after.fraud_score };
        this.#examples.push({ transaction_id: payment.id, before, after: judged, reasons });
      }
    }
  }

  report(): BacktestReport {
    return {
      examined: this.#examined,
      unchanged: this.#unchanged,
      changed: Object.fromEntries(this.#changed),
      undecidable: this.#undecidable,
      lacking: Object.fromEntries(this.#lacking),
      hits: Object.fromEntries(this.#hits),
      examples: this.#examples,
    };
  }
}

/** The report of payments that are all in memory. */
export function backtestReport(stored: StoredDecision[], candidate: RuleSet): BacktestReport {
  const tally = new BacktestTally(candidate);
  for (const payment of stored) tally.add(payment);
  return tally.report();
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function rulesHit(reasons: RiskReason[]): Set<string> {
  return new Set(reasons.filter(({ outcome }) => outcome !== "error").map(({ rule }) => rule));
}

/** Holds for every payment. */
const ALWAYS: Condition = { all: [] };

/** Whether the decision is the same whatever the outcome of the rules that lack a signal. It is enough to try both
 *  extremes: of these rules only those in favour of the payment hold, or only the others. */
function isCertain(payment: Decided, candidate: RuleSet, reasons: RiskReason[]): boolean {
  const unknown = new Set(
    reasons.filter(({ outcome }) => outcome === "error").map(({ rule }) => rule),
  );
  if (unknown.size === 0) return true;
  const decisionWhen = (holds: (rule: Rule) => boolean): Decision => {
    const rules = candidate.rules.flatMap((rule) => {
      if (!unknown.has(rule.id)) return [rule];
      return holds(rule) ? [{ ...rule, when: ALWAYS }] : [];
    });
    const signals: Signals = payment.risk.signals ?? {};
    return evaluate(payment, signals, { version: 0, rule_set: { ...candidate, rules } }).risk
      .decision;
  };
  return decisionWhen(favours) === decisionWhen((rule) => !favours(rule));
}

/** Whether a rule that holds can only make the decision milder. */
function favours(rule: Rule): boolean {
  return "points" in rule ? rule.points < 0 : rule.outcome === "allow";
}
