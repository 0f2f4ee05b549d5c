/** Rolling windows: compared with a list of all payments, counted afresh for every question. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type Observation,
  type Signals,
  WINDOWS,
  WINDOWS_MS,
  type Window,
} from "../../src/domain/velocity";
import { SWEEP_ROWS, Windows } from "../../src/velocity/windows";
import { type MemoryStorage, memoryStorage } from "./sqlite";

const START_MS = Date.parse("2026-11-22T21:00:00.000Z");
const { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS } = WINDOWS_MS;
const LARGEST_AMOUNT = 999_999_999_999_999;

let storage: MemoryStorage;
let windows: Windows;
let payments = 0;
beforeEach(() => {
  storage = memoryStorage();
  windows = new Windows(storage.sql);
});

/** A payment of its own unless told otherwise. */
function payment(fields: Partial<Observation> = {}): Observation {
  payments += 1;
  return {
    transaction_id: `txn_${payments}`,
    merchant_id: "mer_1",
    user_id: "user_1",
    currency: "USD",
    amount_minor: 100,
    ...fields,
  };
}

function storedRows(): number {
  return storage.sql.exec<{ rows: number }>("SELECT count(*) AS rows FROM payments").one().rows;
}

const countsOf = (signals: Signals) => WINDOWS.map((window) => signals[window].count);

describe("the windows", () => {
  it("are a minute, an hour and a day", () => {
    expect(WINDOWS_MS).toEqual({ minute: 60_000, hour: 3_600_000, day: 86_400_000 });
    expect(WINDOWS).toEqual(["minute", "hour", "day"]);
  });

  for (const window of WINDOWS) {
    const length = WINDOWS_MS[window];
    const count = (signals: Signals) => signals[window].count;

    it(`hold a payment until, and not at, the end of its ${window}`, () => {
      for (const [step, expected] of [
        [length - 1, 2],
        [length, 1],
        [length + 1, 1],
      ] as const) {
        const fresh = new Windows(memoryStorage().sql);
        fresh.observe(payment(), START_MS);
        expect(count(fresh.observe(payment(), START_MS + step))).toBe(expected);
      }
    });

    it(`take each payment out of the ${window} once`, () => {
      const steps = [0, 1, length, length + 1, 2 * length, 2 * length + 1];
      const all = steps.map((step) => windows.observe(payment(), START_MS + step)[window]);
      expect(all.map(({ count }) => count)).toEqual([1, 2, 2, 2, 2, 2]);
      expect(all.map(({ sum_minor }) => sum_minor)).toEqual([100, 200, 200, 200, 200, 200]);
    });

    it(`hold it so for a customer who is read from storage in the ${window}`, () => {
      windows.observe(payment(), START_MS);
      windows.forget();
      expect(count(windows.observe(payment(), START_MS + length - 1))).toBe(2);
      windows.forget();
      expect(count(windows.observe(payment(), START_MS + length))).toBe(2);
      windows.forget();
      expect(count(windows.observe(payment(), START_MS + 2 * length - 1))).toBe(2);
    });
  }

  it("include the payment itself, and count and sum its own currency apart", () => {
    const first = windows.observe(payment({ amount_minor: 250 }), START_MS);
    const window = { count: 1, currency_count: 1, sum_minor: 250 };
    expect(first).toEqual({ minute: window, hour: window, day: window });
    windows.observe(payment({ currency: "JPY", amount_minor: 7 }), START_MS);
    const third = windows.observe(payment({ amount_minor: 50 }), START_MS);
    expect(third.day).toEqual({ count: 3, currency_count: 2, sum_minor: 300 });
  });

  it("are each customer's own, and a customer is a merchant's", () => {
    for (const merchant_id of ["mer_1", "mer_2"]) {
      for (const user_id of ["user_1", "user_2", "a/b", "a", ""]) {
        const signals = windows.observe(payment({ merchant_id, user_id }), START_MS);
        expect(countsOf(signals)).toEqual([1, 1, 1]);
      }
    }
  });

  it("stop a sum at the largest safe integer and count on below it afterwards", () => {
    const large = (step: number) =>
      windows.observe(payment({ amount_minor: LARGEST_AMOUNT }), START_MS + step).minute;
    const sums = Array.from({ length: 12 }, (_, index) => large(index).sum_minor);
    expect(sums.slice(0, 9)).toEqual(
      Array.from({ length: 9 }, (_, index) => (index + 1) * LARGEST_AMOUNT),
    );
    expect(sums.slice(9)).toEqual(Array(3).fill(Number.MAX_SAFE_INTEGER));
    const last = large(MINUTE_MS + 10);
    expect(last).toEqual({ count: 2, currency_count: 2, sum_minor: 2 * LARGEST_AMOUNT });
  });

  it("give a repeated payment the signals it got the first time, and count it once", () => {
    const one = payment({ amount_minor: 5 });
    const first = windows.observe(one, START_MS);
    const two = payment();
    const second = windows.observe(two, START_MS + 10);
    expect(windows.observe(one, START_MS + 20)).toEqual(first);
    expect(windows.observe(two, START_MS + DAY_MS - 1)).toEqual(second);
    windows.forget();
    expect(windows.observe(one, START_MS + DAY_MS - 1)).toEqual(first);
    const third = windows.observe(payment(), START_MS + DAY_MS - 1);
    expect(third.day).toEqual({ count: 3, currency_count: 3, sum_minor: 205 });
    expect(storedRows()).toBe(3);
  });

  it("tell payments of the same millisecond apart by their order", () => {
    const all = Array.from({ length: 20 }, () => payment());
    const once = all.map((each) => windows.observe(each, START_MS).minute.count);
    expect(once).toEqual(all.map((_, index) => index + 1));
    expect(all.map((each) => windows.observe(each, START_MS).minute.count)).toEqual(once);
  });

  it("count as many customers as come, whoever is kept in memory", () => {
    const users = Array.from({ length: 10_050 }, (_, index) => `user_${index}`);
    for (const round of [1, 2]) {
      for (const user_id of users) {
        const { minute, day } = windows.observe(payment({ user_id }), START_MS + round);
        const counts = [minute.count, day.count, day.currency_count, day.sum_minor / 100];
        if (counts.some((count) => count !== round)) throw new Error(`${user_id}: ${counts}`);
      }
    }
    const again = windows.observe(payment({ user_id: "user_0" }), START_MS + MINUTE_MS + 1);
    expect(countsOf(again)).toEqual([2, 3, 3]);
  });

  it("count only what was stored after a commit that failed", () => {
    windows.observe(payment(), START_MS);
    const failed = payment();
    const observe = () =>
      storage.transactionSync(() => {
        windows.observe(failed, START_MS);
        throw new Error("commit failed");
      });
    expect(observe).toThrow("commit failed");
    windows.forget();
    expect(countsOf(windows.observe(failed, START_MS))).toEqual([2, 2, 2]);
  });

  it("know the oldest and the newest payment they hold", () => {
    expect(windows.span()).toBeUndefined();
    windows.observe(payment({ user_id: "a" }), START_MS);
    windows.observe(payment({ user_id: "b" }), START_MS + 5);
    expect(windows.span()).toEqual({ oldest: START_MS, newest: START_MS + 5 });
    expect(new Windows(storage.sql).span()).toEqual(windows.span());
    windows.sweep(START_MS + 2 * DAY_MS);
    expect(windows.span()).toEqual({ oldest: START_MS + 5, newest: START_MS + 5 });
  });
});

describe("a sweep", () => {
  it("deletes what is needed no more, a day after it left its last window, and nothing else", () => {
    windows.observe(payment(), START_MS);
    windows.observe(payment(), START_MS + 1);
    expect(windows.sweep(START_MS + 2 * DAY_MS - 1)).toBe(0);
    expect(storedRows()).toBe(2);
    expect(windows.sweep(START_MS + 2 * DAY_MS)).toBe(1);
    expect(storedRows()).toBe(1);
    expect(windows.sweep(START_MS + 3 * DAY_MS)).toBe(1);
    expect(windows.sweep(START_MS + 3 * DAY_MS)).toBe(0);
    expect(storedRows()).toBe(0);
    expect(countsOf(windows.observe(payment(), START_MS + 3 * DAY_MS))).toEqual([1, 1, 1]);
  });

  it("deletes a bounded number at a time, the oldest first, until none is left", () => {
    const rows = 2 * SWEEP_ROWS + 10;
    storage.transactionSync(() => {
      for (let row = 0; row < rows; row++) windows.observe(payment(), START_MS + row);
    });
    const late = START_MS + 10 * DAY_MS;
    expect(windows.sweep(late)).toBe(SWEEP_ROWS);
    expect(windows.span()?.oldest).toBe(START_MS + SWEEP_ROWS);
    expect(windows.sweep(late)).toBe(SWEEP_ROWS);
    expect(windows.sweep(late)).toBe(10);
    expect(windows.sweep(late)).toBe(0);
    expect(storedRows()).toBe(0);
  });

  it("keeps storage to what two days bring, however long payments go on", () => {
    const every = HOUR_MS / 4;
    for (let step = 0; step < 4 * 24 * 7; step++) {
      const now = START_MS + step * every;
      windows.observe(payment(), now);
      windows.sweep(now);
      expect(storedRows()).toBeLessThanOrEqual((2 * DAY_MS) / every);
    }
    expect(storedRows()).toBe((2 * DAY_MS) / every);
  });

  it("leaves a repeated payment the signals it got the first time", () => {
    windows.observe(payment(), START_MS);
    const late = payment();
    const first = windows.observe(late, START_MS + 23 * HOUR_MS);
    windows.sweep(START_MS + DAY_MS);
    expect(windows.observe(late, START_MS + DAY_MS)).toEqual(first);
  });
});

/** The same promises, kept the slow way. */
class Reference {
  #held: { payment: Observation; at: number; signals: Signals }[] = [];
  #sweptThrough = Number.NEGATIVE_INFINITY;

  /** Undefined where the promise is broken: signals of a repetition whose window has been swept. */
  observe(observation: Observation, nowMs: number): Signals | undefined {
    const known = this.#held.find(
      ({ payment }) => payment.transaction_id === observation.transaction_id,
    );
    if (known) return known.at - DAY_MS < this.#sweptThrough ? undefined : known.signals;
    const own = [...this.#held, { payment: observation, at: nowMs }].filter(
      ({ payment }) =>
        payment.merchant_id === observation.merchant_id && payment.user_id === observation.user_id,
    );
    const of = (window: Window) => {
      const inside = own.filter(({ at }) => at + WINDOWS_MS[window] > nowMs);
      const same = inside.filter(({ payment }) => payment.currency === observation.currency);
      const sum = same.reduce((total, { payment }) => total + BigInt(payment.amount_minor), 0n);
      const most = BigInt(Number.MAX_SAFE_INTEGER);
      return {
        count: inside.length,
        currency_count: same.length,
        sum_minor: Number(sum > most ? most : sum),
      };
    };
    const signals = { minute: of("minute"), hour: of("hour"), day: of("day") };
    this.#held.push({ payment: observation, at: nowMs, signals });
    return signals;
  }

  sweep(nowMs: number): number {
    const before = this.#held.length;
    this.#held = this.#held.filter(({ at }) => at > nowMs - 2 * DAY_MS);
    if (this.#held.length < before) this.#sweptThrough = nowMs - 2 * DAY_MS;
    return before - this.#held.length;
  }

  get rows(): number {
    return this.#held.length;
  }
}

type Step =
  | { do: "observe"; customer: number; currency: string; amount: number }
  | { do: "repeat"; which: number }
  | { do: "advance"; by: number }
  | { do: "sweep" | "forget" | "restart" };

describe("any sequence of payments, repetitions, waits, sweeps and restarts", () => {
  const CUSTOMERS: [string, string][] = [
    ["mer_1", "user_1"],
    ["mer_1", "user_2"],
    ["mer_2", "user_1"],
  ];
  const WAITS_MS = [0, 1, MINUTE_MS, HOUR_MS, DAY_MS].flatMap((edge) => [
    Math.max(0, edge - 1),
    edge,
    edge + 1,
  ]);
  const steps: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant("observe" as const),
        customer: fc.nat(CUSTOMERS.length - 1),
        currency: fc.constantFrom("USD", "JPY"),
        amount: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constant(LARGEST_AMOUNT)),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("repeat" as const), which: fc.nat(50) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("advance" as const),
        by: fc.oneof(
          fc.constantFrom(...WAITS_MS),
          fc.nat(MINUTE_MS),
          fc.nat(HOUR_MS),
          fc.nat(DAY_MS / 4),
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("sweep", "forget", "restart") }) },
  );

  it("gives the signals that counting afresh gives", () => {
    let compared = 0;
    const run = fc.property(fc.array(steps, { maxLength: 150, size: "max" }), (sequence) => {
      const { sql } = memoryStorage();
      const reference = new Reference();
      const seen: Observation[] = [];
      let tested = new Windows(sql);
      let now = START_MS;
      const compare = (observation: Observation) => {
        const actual = tested.observe(observation, now);
        const expected = reference.observe(observation, now);
        if (expected) expect(actual).toEqual(expected);
        compared += expected ? 1 : 0;
      };
      for (const step of sequence) {
        if (step.do === "observe") {
          const [merchant_id, user_id] = CUSTOMERS[step.customer] ?? ["", ""];
          const { currency, amount: amount_minor } = step;
          const made = payment({ merchant_id, user_id, currency, amount_minor });
          seen.push(made);
          compare(made);
        } else if (step.do === "repeat") {
          const again = seen[seen.length - 1 - (step.which % Math.max(1, seen.length))];
          if (again) compare(again);
        } else if (step.do === "advance") now += step.by;
        else if (step.do === "sweep") expect(tested.sweep(now)).toBe(reference.sweep(now));
        else if (step.do === "forget") tested.forget();
        else tested = new Windows(sql);
      }
      const { rows } = sql.exec<{ rows: number }>("SELECT count(*) AS rows FROM payments").one();
      expect(rows).toBe(reference.rows);
    });
    fc.assert(run, { numRuns: 300 });
    expect(compared).toBeGreaterThan(5_000);
  });
});
