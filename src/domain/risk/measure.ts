/** The measures of a subject's velocity, as a closed set of names: `count.24h`, `sum.1h.completed`, `age_s`.
 *  docs/risk-signals.md defines each; `velocity/` computes them. */
import { MEASURES, type Measure, WINDOWS, type Window } from "./rule-set";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Rolling windows. A payment made at `t` is inside until, and no longer at, `t` + the window's length. */
export const WINDOWS_MS: Record<Window, number> = {
  "1m": MINUTE_MS,
  "1h": HOUR_MS,
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
};

/** Where a count of different customers, amounts or currencies stops: above any useful threshold, and a bound of the
 *  memory for a subject with a million payments. */
export const MOST_DIFFERENT = 10_000;

/** Whole seconds since the subject's first payment. */
const AGE = "age_s";

/** One aggregate of one window. */
export type Rolled = { name: string; measure: Measure; window: Window; completed_only: boolean };
export type Asked = typeof AGE | Rolled;

const KNOWN: ReadonlyMap<string, Asked> = new Map<string, Asked>([
  [AGE, AGE],
  ...MEASURES.flatMap((measure) =>
    WINDOWS.flatMap((window) =>
      [false, true].map((completed_only): [string, Rolled] => {
        const name = `${measure}.${window}${completed_only ? ".completed" : ""}`;
        return [name, { name, measure, window, completed_only }];
      }),
    ),
  ),
]);

/** The measure with this name; undefined when there is none. */
export function parseMeasure(name: string): Asked | undefined {
  return KNOWN.get(name);
}
