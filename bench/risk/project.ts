// What of the project is timed, and what says whether a rule set may be that large. It is bundled before it runs.
export { newRuleSet } from "../../src/api/risk/schemas/rule-set";
export { backtestReport } from "../../src/domain/risk/backtest/backtest-report";
export { signalNames } from "../../src/domain/risk/conditions/required-signals";
export { defaultRuleSet } from "../../src/domain/risk/default-rules/default-rules";
export { evaluate } from "../../src/domain/risk/evaluate";
export * as limits from "../../src/domain/risk/limits";
