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
};
type Named = Pick<Observation, "merchant_id" | "subject" | "value">;
const keyOf = ({ merchant_id, subject, value }: Named) =>
  JSON.stringify([merchant_id, subject, value]);

export class Model {
  #held: Counted[] = [];
  #subjects = new Map<string, { first_at: number; noted_at: number }>();
  #sweptThrough = Number.NEGATIVE_INFINITY;

  /** Undefined where nothing is promised: a repetition so late that rows of its first answer have been
   *  swept, or that its own may have been. */
  observe(payment: Observation, nowMs: number): number[] | undefined {
    const key = keyOf(payment);
    const firstAt = this.#note(key, nowMs);
    const { transaction_id, measures } = payment;
    let own = this.#find(transaction_id, key);
    const isLate =
      own && (own.at - LENGTH_MS["7d"] < this.#sweptThrough || own.at + KEPT_MS <= nowMs);
    if (isLate) return undefined;
    if (!own) {
      own = { payment, key, at: nowMs, outcome: undefined, answers: new Map() };
      this.#held.push(own);
      const age_s = Math.floor((nowMs - firstAt) / 1_000);
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

  /** @returns how many payments and subjects were deleted; the newest payment and its subject never are. */
  sweep(nowMs: number): number {
    const [before, newest] = [this.#held.length + this.#subjects.size, this.#held.at(-1)];
    this.#held = this.#held.filter((row) => row === newest || row.at > nowMs - KEPT_MS);
    for (const [key, { noted_at }] of this.#subjects) {
      if (key !== newest?.key && noted_at <= nowMs - FORGOTTEN_AFTER_MS) this.#subjects.delete(key);
    }
    this.#sweptThrough = nowMs - KEPT_MS;
    return before - this.#held.length - this.#subjects.size;
  }

  get rows(): number {
    return this.#held.length;
  }

  #find(transactionId: string, key: string): Counted | undefined {
    return this.#held.find(
      (row) => row.payment.transaction_id === transactionId && row.key === key,
    );
  }

  /** @returns the time of the subject's first payment. */
  #note(key: string, nowMs: number): number {
    const known = this.#subjects.get(key);
    const isNew = !known || nowMs - known.noted_at >= FORGOTTEN_AFTER_MS;
    const first_at = isNew ? nowMs : known.first_at;
    const isNoted = isNew || nowMs - known.noted_at >= DAY_MS;
    this.#subjects.set(key, { first_at, noted_at: isNoted ? nowMs : known.noted_at });
    return first_at;
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
