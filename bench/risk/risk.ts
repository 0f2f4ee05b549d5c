// `npm run bench:risk`: how long a decision takes, for rule sets from the default to the largest that the
// API takes. Everything else that a create costs is measured by `npm run bench`.
import { join } from "node:path";
import { loadSource } from "../../scripts/local/load-source.ts";
import type { Payment } from "../../src/domain/risk/payment";
import type { RuleSet } from "../../src/domain/risk/rule-set";
import { deepRules, newPayment, plainRules, type SentRules, wideRules } from "./rules.ts";

const ROUND_MS = 50;
const ROUNDS = 7;
const BACKTESTED = 1_000;
const DEFAULTS = {
  threshold_thousandths: 5_000_000,
  max_daily_transactions: 10,
  review_score: 101,
  block_score: 70,
  unlisted_currency: "review",
} as const;

const project = await loadSource<typeof import("./project.ts")>(
  join(import.meta.dirname, "project.ts"),
);
const { limits, defaultRuleSet } = project;
const payment = newPayment(limits.MAX_COUNTED_FIELDS);
const cases = {
  "the default": defaultRuleSet(DEFAULTS).rule_set,
  "10 rules": accepted(plainRules(limits, 10)),
  "100 rules of 5 conditions": accepted(wideRules(limits)),
  "1 rule of 500 conditions": accepted(deepRules(limits)),
};
console.log(`Node ${process.version}; medians of ${ROUNDS} rounds\n`);
console.log(
  "| rule set | none holds, µs | all hold, µs | all signals missing, µs | backtest of 1,000, ms |",
);
console.log("|---|---:|---:|---:|---:|");
for (const [name, ruleSet] of Object.entries(cases)) {
  const names = project.signalNames(ruleSet, payment);
  const signalsOf = (value: number) => Object.fromEntries(names.map((signal) => [signal, value]));
  const large = { ...payment, amount_minor: 100_000_000 };
  const cells = [
    decision(payment, signalsOf(0), ruleSet),
    decision(large, signalsOf(1_000), ruleSet),
    decision(payment, {}, ruleSet),
    backtest(ruleSet) / 1_000,
  ];
  console.log(`| ${[name, ...cells.map((cell) => cell.toLocaleString("en-US"))].join(" | ")} |`);
}

/** A rule set as the API would keep it; throws where the API would refuse it. */
function accepted(ruleSet: SentRules): RuleSet {
  const { version: _, ...kept } = project.newRuleSet.parse({ version: 0, ...ruleSet });
  return kept;
}

function decision(of: Payment, signals: Record<string, number>, rule_set: RuleSet): number {
  return microseconds(() => project.evaluate(of, { ...signals }, { version: 1, rule_set }));
}

/** At its most expensive: every payment lacks every signal, so each is decided three times. */
function backtest(ruleSet: RuleSet): number {
  const one = { ...payment, id: "txn", fraud_score: 0, risk: { decision: "approve" as const } };
  const stored = Array.from({ length: BACKTESTED }, () => one);
  return microseconds(() => project.backtestReport(stored, ruleSet), 1);
}

function microseconds(run: () => unknown, least = 100): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    let count = 0;
    let tookMs = 0;
    for (; count < least || tookMs < ROUND_MS; tookMs = performance.now() - start) {
      for (let turn = 0; turn < least; turn++) run();
      count += least;
    }
    return (tookMs * 1_000) / count;
  });
  const median = rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  return Number(median?.toPrecision(2));
}
