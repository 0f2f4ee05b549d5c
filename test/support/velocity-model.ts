/** A naive model of velocity: a list of everything that was counted, scanned again for
 *  every query. */

import type { Observation, Release } from "../../src/domain/risk/observation";
import type { Measure, Window } from "../../src/domain/risk/rule-set";
import { MEASURES, WINDOWS } from "../../src/domain/risk/rule-set";

const DAY_MS = 86_400_000;
const LENGTH_MS: Record<Window, number> = {
  "1m": 60_000,
  "1h": 3_600_000,
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
};

const KEPT_MS = 8 * DAY_MS;
const FORGOTTEN_AFTER_MS = 400 * DAY_MS;

/** Every name there is. */
export const MEASURE_NAMES = [
  "age_s",
  ...MEASURES.flatMap((measure) =>
    WINDOWS.flatMap((window) => [`${measure}.${window}`, `${measure}.${window}.completed`]),
  ),
];

type Counted = {
  payment: Observation;
  key: string;
  at: number;
  outcome: Release["outcome"] | undefined;
  /** By name, as of when it was counted. */
  answers: Map<string, number>;
  /** Counted before the clock was set back. */
  isUnpromised?: boolean;
};
type Named = Pick<Observation, "merchant_id" | "subject" | "value">;
const keyOf = ({ merchant_id, subject, value }: Named) =>
  JSON.stringify([merchant_id, subject, value]);

export class Model {
  /** In the order in which they were counted. */
  #held: Counted[] = [];
  #sweptThrough = Number.NEGATIVE_INFINITY;

  /** Undefined where nothing is promised: a repetition so late that rows of its first answer have been
   *  swept, or that its own may have been, or after the clock was set back. */
  observe(payment: Observation, nowMs: number): number[] | undefined {
    const key = keyOf(payment);
    this.#forget(key, nowMs);
    const { transaction_id, measures } = payment;
    let own = this.#find(transaction_id, key);
    if (own && this.#isLate(own, nowMs)) return undefined;
    if (!own) {
      const rows = this.#of(key);
      const at = Math.max(nowMs, rows.at(-1)?.at ?? 0);
      own = { payment, key, at, outcome: undefined, answers: new Map() };
      this.#held.push(own);
      const age_s = Math.floor((at - (rows[0] ?? own).at) / 1_000);
      for (const name of MEASURE_NAMES) {
        own.answers.set(name, name === "age_s" ? age_s : this.#answer(name, own));
      }
    }
    const { answers } = own;
    return measures.map((name) => answers.get(name) ?? Number.NaN);
  }

  release({ transaction_id, outcome, ...named }: Release): void {
    const released = this.#find(transaction_id, keyOf(named));
    if (released) released.outcome ??= outcome;
  }

  /** A subject's first and newest payments stay until it is forgotten.
   *  @returns how many payments were deleted */
  sweep(nowMs: number): number {
    const before = this.#held.length;
    for (const key of new Set(this.#held.map((row) => row.key))) {
      this.#forget(key, nowMs);
      const rows = this.#of(key);
      const [first, newest] = [rows[0], rows.at(-1)];
      const isKept = (row: Counted) =>
        row.key !== key || row === first || row === newest || row.at > nowMs - KEPT_MS;
      this.#held = this.#held.filter(isKept);
    }
    this.#sweptThrough = Math.max(this.#sweptThrough, nowMs - KEPT_MS);
    return before - this.#held.length;
  }

  /** Dates payments in the future to now. */
  bringBack(nowMs: number): void {
    for (const row of this.#held) {
      if (row.at > nowMs) row.at = nowMs;
      row.isUnpromised = true;
    }
  }

  get rows(): number {
    return this.#held.length;
  }

  #isLate(own: Counted, nowMs: number): boolean {
    const isSwept = own.at - LENGTH_MS["7d"] < this.#sweptThrough || own.at + KEPT_MS <= nowMs;
    return isSwept || own.isUnpromised === true;
  }

  #of(key: string): Counted[] {
    return this.#held.filter((row) => row.key === key);
  }

  /** A subject without a payment for long is new. */
  #forget(key: string, nowMs: number): void {
    const newest = this.#of(key).at(-1);
    if (newest && nowMs - newest.at >= FORGOTTEN_AFTER_MS)
      this.#held = this.#held.filter((row) => row.key !== key);
  }

  #find(transactionId: string, key: string): Counted | undefined {
    return this.#held.find(
      (row) => row.payment.transaction_id === transactionId && row.key === key,
    );
  }

  #answer(name: string, own: Counted): number {
    const [measure, window, completed] = name.split(".") as [Measure, Window, string?];
    const counted = this.#held.filter(
      ({ key, at, outcome }) =>
        key === own.key && own.at < at + LENGTH_MS[window] && !(completed && outcome),
    );
    const different = (of: (payment: Observation) => string) =>
      new Set(counted.map(({ payment }) => of(payment))).size;
    switch (measure) {
      case "count":
        return counted.length;
      case "sum": {
        const same = counted.filter(({ payment }) => payment.currency === own.payment.currency);
        const sum = same.reduce((total, { payment }) => total + BigInt(payment.amount_minor), 0n);
        const most = BigInt(Number.MAX_SAFE_INTEGER);
        return Number(sum > most ? most : sum);
      }
      case "customers":
        return different(({ user_id }) => user_id);
      case "amounts":
        return different(({ currency, amount_minor }) => `${amount_minor}/${currency}`);
      case "currencies":
        return different(({ currency }) => currency);
      case "declined_percent": {
        const others = counted.filter((row) => row !== own);
        const declined = others.filter(({ outcome }) => outcome === "declined");
        return Math.floor((100 * declined.length) / Math.max(1, others.length));
      }
    }
  }
}
