// The rule sets whose decisions are timed, each with signals by which no rule holds and by which all do.
// What "at the limits" means is taken from the limits themselves.

import type { Payment } from "../../src/domain/risk/payment";
import type { Condition, RuleSet, Velocity } from "../../src/domain/risk/rule-set";
import type { limits } from "./project.ts";

export type Limits = typeof limits;
/** As a client sends it: what is left out has a default. */
export type SentRules = Pick<RuleSet, "rules">;

const WINDOWS: Velocity["window"][] = ["1m", "1h", "24h", "7d"];

export const newPayment = (fields: number): Payment => ({
  amount_minor: 12_345,
  currency: "USD",
  user_id: "customer_1",
  metadata: Object.fromEntries(range(fields).map((at) => [`field_${at}`, `value ${at}`])),
});

/** One rule with a single condition for each of the first `count` signals. */
export function plainRules(limits: Limits, count: number): SentRules {
  const rules = signals(limits)
    .slice(0, count)
    .map((velocity, at) => ({ id: `rule-${at}`, points: 1, when: { velocity, above: 5 } }));
  return { rules };
}

/** As many rules as there may be, with as many conditions side by side as that leaves each. */
export function wideRules(limits: Limits): SentRules {
  const each = limits.MAX_CONDITIONS / limits.MAX_RULES - 1;
  const asked = signals(limits);
  const rules = range(limits.MAX_RULES).map((at) => ({
    id: `rule-${at}`,
    points: 1,
    when: { any: range(each).map((part) => leaf(asked, at * each + part)) },
  }));
  return { rules };
}

/** One rule with as many conditions as there may be, all of them as deep as they may be. */
export function deepRules(limits: Limits): SentRules {
  const levels = limits.MAX_DEPTH - 1;
  const asked = signals(limits);
  const leaves = range(limits.MAX_CONDITIONS - levels).map((at) => leaf(asked, at));
  let when: Condition = { any: leaves };
  for (let level = 1; level < levels; level++) when = { any: [when] };
  return { rules: [{ id: "rule", points: 1, when }] };
}

/** As many different signals as may be asked for, over as many fields. */
function signals({ MAX_SIGNALS, MAX_COUNTED_FIELDS }: Limits): Velocity[] {
  return range(MAX_SIGNALS).map((at) => ({
    of: `metadata.field_${at % MAX_COUNTED_FIELDS}`,
    measure: "count",
    window: WINDOWS[Math.floor(at / MAX_COUNTED_FIELDS) % WINDOWS.length] ?? "1m",
  }));
}

function leaf(asked: Velocity[], at: number): Condition {
  const velocity = asked[at % asked.length];
  if (!velocity) throw new Error("there are no signals");
  return { velocity, above: 5 };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
