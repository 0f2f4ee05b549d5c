// `npm run bench:risk`: how long a decision takes, for rule sets from the default to the largest that the
// API takes. Everything else that a create costs is measured by `npm run bench`.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { deepRules, PAYMENT, plainRules, wideRules } from "./risk-rules.mjs";

const ROOT = join(import.meta.dirname, "..");
/** What of the project is timed, and what says whether a rule set may be that large. */
const ENTRY = `
  export * as limits from "./src/domain/risk/limits";
  export { evaluate } from "./src/domain/risk/evaluate";
  export { defaultRuleSet } from "./src/domain/risk/default-rules/default-rules";
  export { backtestReport } from "./src/domain/risk/backtest/backtest-report";
  export { signalNames } from "./src/domain/risk/conditions/required-signals";
  export { newRuleSet } from "./src/api/risk/schemas/rule-set";
`;
const ROUND_MS = 50;
const ROUNDS = 7;
const BACKTESTED = 1_000;
const DEFAULTS = {
  threshold_thousandths: 5_000_000,
  max_daily_transactions: 10,
  review_score: 101,
  block_score: 70,
  unlisted_currency: "review",
};

const project = await load();
const { limits, defaultRuleSet } = project;
const payment = PAYMENT(limits.MAX_COUNTED_FIELDS);
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
  const signalsOf = (value) => Object.fromEntries(names.map((signal) => [signal, value]));
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
function accepted(ruleSet) {
  const { version: _, ...kept } = project.newRuleSet.parse({ version: 0, ...ruleSet });
  return kept;
}

function decision(of, signals, rule_set) {
  return microseconds(() => project.evaluate(of, { ...signals }, { version: 1, rule_set }));
}

/** At its most expensive: every payment lacks every signal, so each is decided three times. */
function backtest(ruleSet) {
  const one = { ...payment, id: "txn", fraud_score: 0, risk: { decision: "approve" } };
  const stored = Array.from({ length: BACKTESTED }, () => one);
  return microseconds(() => project.backtestReport(stored, ruleSet), 1);
}

function microseconds(run, least = 100) {
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
  return Number(median.toPrecision(2));
}

async function load() {
  const dir = await mkdtemp(join(tmpdir(), "risk-bench-"));
  try {
    const contents = { contents: ENTRY, resolveDir: ROOT, loader: "ts" };
    const { outputFiles } = await build({
      stdin: contents,
      bundle: true,
      format: "esm",
      platform: "node",
      write: false,
    });
    const path = join(dir, "project.mjs");
    await writeFile(path, outputFiles[0].contents);
    return await import(path);
  } finally {
    await rm(dir, { recursive: true });
  }
}
