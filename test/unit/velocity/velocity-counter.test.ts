/** Rolling windows: at their edges, at their limits, and compared with a list of all payments that is
 *  counted afresh for every question. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type Asked,
  MOST_DIFFERENT,
  parseMeasure,
  WINDOWS_MS,
} from "../../../src/domain/risk/measure";
import type { Observation, Release } from "../../../src/domain/risk/observation";
import { WINDOWS } from "../../../src/domain/risk/rule-set";
import { SWEEP_ROWS, sweep } from "../../../src/velocity/retention";
import { VelocityCounter } from "../../../src/velocity/velocity-counter";
import { type MemoryStorage, memoryStorage } from "../../support/sqlite";
import { MEASURE_NAMES, Model } from "../../support/velocity-model";

const START_MS = Date.parse("2026-11-22T21:00:00.000Z");
const [MINUTE_MS, HOUR_MS, DAY_MS] = [WINDOWS_MS["1m"], WINDOWS_MS["1h"], WINDOWS_MS["24h"]];
const KEPT_MS = 8 * DAY_MS;
const LARGEST_AMOUNT = 999_999_999_999_999;

let storage: MemoryStorage;
let windows: VelocityCounter;
let payments = 0;
beforeEach(() => {
  storage = memoryStorage();
  windows = new VelocityCounter(storage.sql);
});

/** A payment of its own unless told otherwise. */
function payment(measures: string[], fields: Partial<Observation> = {}): Observation {
  payments += 1;
  return {
    transaction_id: `txn_${payments}`,
    merchant_id: "mer_1",
    subject: "customer",
    value: "user_1",
    user_id: "user_1",
    currency: "USD",
    amount_minor: 100,
    measures,
    ...fields,
  };
}

const asked = (name: string): Asked => {
  const measure = parseMeasure(name);
  if (!measure) throw new Error(`no measure is called ${name}`);
  return measure;
};
const observe = (observation: Observation, nowMs: number, by = windows) =>
  by.observe(observation, observation.measures.map(asked), nowMs);
/** What a new payment is answered. */
const answer = (name: string, nowMs: number, fields: Partial<Observation> = {}) =>
  observe(payment([name], fields), nowMs)[0];
const releaseOf = (observation: Observation, outcome: Release["outcome"]): Release => {
  const { transaction_id, merchant_id, subject, value } = observation;
  return { transaction_id, merchant_id, subject, value, outcome };
};
const rowsOf = (table: string, { sql } = storage) =>
  sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`).one().rows;

describe("what can be asked", () => {
  it("is a closed set: six measures in four windows, with and without what came to nothing, and an age", () => {
    expect(MEASURE_NAMES).toHaveLength(1 + 6 * 4 * 2);
    for (const name of MEASURE_NAMES) expect(parseMeasure(name), name).toBeDefined();
    for (const name of [
      "",
      "count",
      "count.1d",
      "age_s.24h",
      "count.24h.",
      "toString",
      "sum.1h.all",
    ]) {
      expect(parseMeasure(name), name).toBeUndefined();
    }
  });
});

describe("a window", () => {
  for (const window of WINDOWS) {
    const length = WINDOWS_MS[window];
    for (const memory of ["in memory", "read from its rows"]) {
      it(`of ${window} holds a payment until, and not at, its end; ${memory}`, () => {
        for (const [step, expected] of [
          [length - 1, 2],
          [length, 1],
          [length + 1, 1],
        ] as const) {
          const value = `${step}`;
          answer(`count.${window}`, START_MS, { value });
          if (memory !== "in memory") windows = new VelocityCounter(storage.sql);
          expect(answer(`count.${window}`, START_MS + step, { value })).toBe(expected);
        }
      });
    }

    it(`takes each payment out of ${window} once`, () => {
      const steps = [0, 1, length, length + 1, 2 * length, 2 * length + 1];
      const names = [`count.${window}`, `sum.${window}`];
      const all = steps.map((step) => observe(payment(names), START_MS + step));
      expect(all).toEqual([1, 2, 2, 2, 2, 2].map((count) => [count, 100 * count]));
    });
  }

  it("is each subject's own: by merchant, by field, by value", () => {
    for (const merchant_id of ["mer_1", "mer_2"]) {
      for (const subject of ["customer", "metadata.ip", "metadata.i"] as const) {
        for (const value of ["user_1", "a/b", "a", "", '"', "p"]) {
          const fields = { merchant_id, subject, value };
          expect(observe(payment(["count.7d", "age_s"], fields), START_MS)).toEqual([1, 0]);
        }
      }
    }
  });

  it("sums the payment's own currency, and stops at the largest safe integer without losing count", () => {
    const large = (step: number) =>
      answer("sum.1m", START_MS + step, { amount_minor: LARGEST_AMOUNT });
    expect(answer("sum.1m", START_MS, { currency: "JPY" })).toBe(100);
    const exact = Array.from({ length: 9 }, (_, index) => (index + 1) * LARGEST_AMOUNT);
    expect(exact.map((_, index) => large(index))).toEqual(exact);
    expect([large(9), large(10)]).toEqual([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
    expect(large(MINUTE_MS + 9)).toBe(2 * LARGEST_AMOUNT);
    windows = new VelocityCounter(storage.sql);
    expect(large(MINUTE_MS + 10)).toBe(2 * LARGEST_AMOUNT);
  });

  it("sums a week of the largest amounts, more than 64 bits hold", () => {
    storage.transactionSync(() => {
      for (let count = 0; count < 9_300; count++) {
        observe(payment([], { amount_minor: LARGEST_AMOUNT }), START_MS);
      }
    });
    expect(answer("sum.7d", START_MS)).toBe(Number.MAX_SAFE_INTEGER);
    expect(answer("sum.1m", START_MS + MINUTE_MS)).toBe(100);
  });

  it("is right for more subjects than are kept in memory", () => {
    const values = Array.from({ length: 12_000 }, (_, index) => `user_${index}`);
    storage.transactionSync(() => {
      for (const round of [1, 2]) {
        for (const value of values) {
          const got = answer("count.24h", START_MS + round, { value });
          if (got !== round) throw new Error(`${value}: ${got}`);
        }
      }
    });
    expect(answer("count.1m", START_MS + MINUTE_MS + 1, { value: "user_0" })).toBe(2);
  });

  it("counts only what was stored after a commit that failed", () => {
    const known = payment(["count.1h"]);
    observe(known, START_MS);
    const failed = payment(["count.1h", "age_s"], { value: "user_2" });
    const commit = () =>
      storage.transactionSync(() => {
        observe(failed, START_MS);
        answer("count.1h", START_MS);
        windows.release(releaseOf(known, "declined"));
        throw new Error("commit failed");
      });
    expect(commit).toThrow("commit failed");
    windows = new VelocityCounter(storage.sql);
    expect(observe(failed, START_MS + 5_000)).toEqual([1, 0]);
    expect(observe(payment(["count.1h.completed"]), START_MS)).toEqual([2]);
  });
});

describe("a payment that is reported again", () => {
  it("gets the answers of the first time, whatever has happened since, and counts once", () => {
    const one = payment(MEASURE_NAMES, { amount_minor: 5 });
    const first = observe(one, START_MS);
    const two = payment(MEASURE_NAMES);
    const second = observe(two, START_MS);
    windows.release(releaseOf(one, "declined"));
    windows.release(releaseOf(two, "cancelled"));
    observe(payment([], { currency: "JPY", user_id: "user_2" }), START_MS);
    expect(observe(one, START_MS + 20)).toEqual(first);
    windows = new VelocityCounter(storage.sql);
    expect(observe(two, START_MS + DAY_MS - 1)).toEqual(second);
    sweep(storage.sql, START_MS + DAY_MS);
    expect(observe(two, START_MS + DAY_MS)).toEqual(second);
    expect(rowsOf("counted_payments")).toBe(3);
  });

  it("is counted once for each of its subjects", () => {
    const own = payment(["count.1h"]);
    for (const value of ["203.0.113.7", "203.0.113.8"]) {
      expect(observe({ ...own, subject: "metadata.ip", value }, START_MS)).toEqual([1]);
    }
    expect([observe(own, START_MS), observe(own, START_MS)]).toEqual([[1], [1]]);
    expect(rowsOf("counted_payments")).toBe(3);
  });
});

describe("a released payment", () => {
  const NAMES = ["count.1h", "count.1h.completed", "sum.1h.completed", "declined_percent.1h"];

  it.each([
    ["declined", [3, 2, 200, 50]],
    ["blocked", [3, 2, 200, 0]],
    ["cancelled", [3, 2, 200, 0]],
  ] as const)("that was %s counts where everything does", (outcome, expected) => {
    const released = payment(NAMES);
    observe(released, START_MS);
    expect(observe(payment(NAMES), START_MS)).toEqual([2, 2, 200, 0]);
    windows.release(releaseOf(released, outcome));
    for (const other of ["cancelled", "declined"] as const) {
      windows.release(releaseOf(released, other)); // The first outcome is the one.
    }
    expect(observe(payment(NAMES), START_MS)).toEqual(expected);
    windows = new VelocityCounter(storage.sql);
    expect(observe(payment(["count.1h.completed"]), START_MS)).toEqual([3]);
  });

  it("is passed over when nobody knows it, and another subject's stays", () => {
    const own = payment([]);
    observe(own, START_MS);
    windows.release({ ...releaseOf(own, "declined"), value: "user_2" });
    windows.release({ ...releaseOf(own, "declined"), merchant_id: "mer_2" });
    windows.release({ ...releaseOf(own, "declined"), transaction_id: "txn_x" });
    expect(answer("count.1h.completed", START_MS)).toBe(2);
  });
});

describe("different values", () => {
  const FIELDS = { subject: "metadata.ip", value: "203.0.113.7" } as const;
  const NAMES = ["customers.1m", "customers.1m.completed"];
  const at = (index: number, nowMs = START_MS + index) =>
    observe(payment(NAMES, { ...FIELDS, user_id: `user_${index}` }), nowMs);

  it.each([false, true])(
    `are counted up to ${MOST_DIFFERENT}, and exactly again when they have become fewer; reread: %s`,
    (isReread) => {
      const COUNT = 25_000; // One a millisecond, so that one leaves a millisecond later on.
      storage.transactionSync(() => {
        for (let index = 0; index < COUNT; index++) {
          const most = Math.min(index + 1, MOST_DIFFERENT);
          const got = at(index);
          if (got.some((count) => count !== most)) throw new Error(`${index}: ${got}`);
        }
      });
      storage.transactionSync(() => {
        for (let gone = 13_000; gone < COUNT; gone += 331) {
          if (isReread && gone % 5 === 0) windows = new VelocityCounter(storage.sql);
          const most = Math.min(COUNT - gone, MOST_DIFFERENT);
          expect(at(COUNT - 1, START_MS + MINUTE_MS + gone - 1)).toEqual([most, most]);
        }
      });
    },
    20_000,
  );

  it("that came to nothing stop counting, also from above the limit", () => {
    const made = Array.from({ length: 2 * MOST_DIFFERENT + 500 }, (_, index) =>
      payment(NAMES, { ...FIELDS, user_id: `user_${index}` }),
    );
    storage.transactionSync(() => {
      for (const one of made) observe(one, START_MS);
      for (const one of made.slice(20)) windows.release(releaseOf(one, "blocked"));
    });
    expect(at(0, START_MS)).toEqual([MOST_DIFFERENT, 20]);
  });
});

describe("a sweep", () => {
  it("deletes a payment a day after it left the longest window, and never the newest", () => {
    observe(payment([]), START_MS);
    observe(payment([]), START_MS + 1);
    expect(sweep(storage.sql, START_MS + KEPT_MS - 1)).toBe(0);
    expect(sweep(storage.sql, START_MS + KEPT_MS)).toBe(1);
    expect(sweep(storage.sql, START_MS + 2 * KEPT_MS)).toBe(0);
    expect(rowsOf("counted_payments")).toBe(1);
    expect(answer("count.7d", START_MS + 2 * KEPT_MS)).toBe(1);
  });

  it("goes on numbering after everything has left, so that no two subjects are one", () => {
    for (const value of ["a", "b"]) observe(payment([], { value }), START_MS);
    const late = START_MS + 2 * KEPT_MS;
    sweep(storage.sql, late);
    windows = new VelocityCounter(storage.sql);
    for (const value of ["c", "a", "b"]) expect(answer("count.7d", late, { value })).toBe(1);
  });

  it("deletes a bounded number at a time, the oldest first", () => {
    storage.transactionSync(() => {
      for (let row = 0; row < 2 * SWEEP_ROWS + 11; row++) observe(payment([]), START_MS + row);
    });
    const late = START_MS + 10 * DAY_MS;
    const swept = [1, 2, 3, 4].map(() => sweep(storage.sql, late));
    expect(swept).toEqual([SWEEP_ROWS, SWEEP_ROWS, 10, 0]);
    expect(rowsOf("counted_payments")).toBe(1);
  });

  it("keeps storage to what eight days bring, however long payments go on", () => {
    for (let hour = 0; hour < 24 * 30; hour++) {
      const nowMs = START_MS + hour * HOUR_MS;
      observe(payment(["count.7d"]), nowMs);
      sweep(storage.sql, nowMs);
      expect(rowsOf("counted_payments")).toBe(Math.min(hour + 1, 24 * 8));
    }
  });

  it("forgets subjects after 400 days without a payment, and their age with them", () => {
    for (const [day, expected_s] of [
      [0, 0],
      [399, 399 * 86_400],
      [798, 798 * 86_400],
      [1_198, 0],
    ] as const) {
      const nowMs = START_MS + day * DAY_MS;
      if (day === 798) expect(sweep(storage.sql, nowMs)).toBe(1); // The payment; the subject stays.
      expect(answer("age_s", nowMs + 999)).toBe(expected_s);
      windows = new VelocityCounter(storage.sql);
    }
    answer("count.1m", START_MS + 1_200 * DAY_MS, { value: "user_2" });
    for (let turn = 0; turn < 2; turn++) sweep(storage.sql, START_MS + 1_599 * DAY_MS);
    expect(rowsOf("subjects")).toBe(1);
  });
});

it("payments of the first release are taken over, and its repeated reports too", () => {
  const old = memoryStorage();
  old.sql.exec(`CREATE TABLE payments (position INTEGER PRIMARY KEY, transaction_id TEXT NOT NULL UNIQUE,
    customer TEXT NOT NULL, at INTEGER NOT NULL, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL)`);
  const customers = ["mer_1/a", "mer_1/b/c", "mer_2/a", "mer_1/a"];
  for (const [index, customer] of customers.entries()) {
    old.sql.exec(
      "INSERT INTO payments VALUES (?, ?, ?, ?, 'USD', 5)",
      7 + index,
      `txn_old_${index}`,
      customer,
      START_MS + index * 1_000,
    );
  }
  const names = ["count.24h", "sum.1h", "customers.1h", "age_s"];
  for (let start = 0; start < 2; start++) {
    const taken = new VelocityCounter(old.sql);
    const again = payment(names, { transaction_id: "txn_old_3", value: "a" });
    expect(observe(again, START_MS + 5_000, taken)).toEqual([2, 10, 1, 3]);
    const other = payment(names, { value: "b/c", user_id: "b/c" });
    expect(observe(other, START_MS + 6_000, taken)).toEqual([2 + start, 105 + start * 100, 1, 5]);
    expect(taken.newestAt).toBe(START_MS + 6_000);
  }
  expect(rowsOf("counted_payments", old)).toBe(6);
  expect(rowsOf("sqlite_master WHERE name = 'payments'", old)).toBe(0);
});

describe("any sequence of payments, repetitions, releases, waits, sweeps, faults and restarts", () => {
  const SUBJECTS: Pick<Observation, "merchant_id" | "subject" | "value">[] = [
    { merchant_id: "mer_1", subject: "customer", value: "a" },
    { merchant_id: "mer_1", subject: "metadata.ip", value: "a" },
    { merchant_id: "mer_2", subject: "customer", value: "a" },
  ];
  const EDGES_MS = [...WINDOWS.map((window) => WINDOWS_MS[window]), KEPT_MS, 400 * DAY_MS];
  const waits = fc.oneof(
    fc.constantFrom(0, 1, ...EDGES_MS.flatMap((edge) => [edge - 1, edge, edge + 1])),
    ...EDGES_MS.slice(0, 4).map((edge) => fc.nat(Math.floor(edge / 4))),
  );
  const made = fc.record({
    which: fc.subarray(SUBJECTS, { minLength: 1 }),
    user_id: fc.constantFrom("a", "b", "c"),
    currency: fc.constantFrom("USD", "JPY"),
    amount_minor: fc.constantFrom(1, 2, 300, LARGEST_AMOUNT),
    measures: fc.oneof(fc.subarray(MEASURE_NAMES), fc.subarray(MEASURE_NAMES, { maxLength: 2 })),
  });
  type Made = typeof made extends fc.Arbitrary<infer Value> ? Value : never;
  type Step =
    | { do: "pay" | "fail"; made: Made }
    | { do: "repeat"; back: number; measures: string[] }
    | { do: "release"; back: number; outcome: Release["outcome"] }
    | { do: "wait"; ms: number }
    | { do: "sweep" | "restart" };
  const one = <Name extends string>(name: Name) => fc.constant(name);
  const back = fc.nat(12);
  const steps: fc.Arbitrary<Step> = fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: one("pay"), made }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: one("repeat"), back, measures: fc.subarray(MEASURE_NAMES) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: one("release"),
        back,
        outcome: fc.constantFrom("blocked", "declined", "cancelled"),
      }),
    },
    { weight: 7, arbitrary: fc.record({ do: one("wait"), ms: waits }) },
    { weight: 1, arbitrary: fc.record({ do: one("fail"), made }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("sweep", "restart") }) },
  );

  it("gets the answers that counting afresh gives", () => {
    let compared = 0;
    const run = fc.property(fc.array(steps, { maxLength: 120, size: "max" }), (sequence) => {
      const held = memoryStorage();
      const model = new Model();
      const seen: Observation[] = [];
      let tested = new VelocityCounter(held.sql);
      let nowMs = START_MS;
      const paymentsOf = ({ which, ...fields }: Made) => {
        const own = payment([], fields);
        return which.map((subject) => ({ ...own, ...subject }));
      };
      const compare = (observation: Observation) => {
        const actual = observe(observation, nowMs, tested);
        const expected = model.observe(observation, nowMs);
        if (expected) expect(actual).toEqual(expected);
        compared += expected?.length ?? 0;
      };
      const last = (places: number) => seen[seen.length - 1 - (places % Math.max(1, seen.length))];
      for (const step of sequence) {
        if (step.do === "pay") {
          for (const observation of paymentsOf(step.made)) {
            seen.push(observation);
            compare(observation);
          }
        } else if (step.do === "repeat") {
          const again = last(step.back);
          if (again) compare({ ...again, measures: step.measures });
        } else if (step.do === "release") {
          const released = last(step.back);
          if (!released) continue;
          tested.release(releaseOf(released, step.outcome));
          model.release(releaseOf(released, step.outcome));
        } else if (step.do === "wait") nowMs += step.ms;
        else if (step.do === "sweep") expect(sweep(held.sql, nowMs)).toBe(model.sweep(nowMs));
        else if (step.do === "restart") tested = new VelocityCounter(held.sql);
        else if (step.do === "fail") {
          const commit = () => {
            for (const observation of paymentsOf(step.made)) observe(observation, nowMs, tested);
            for (const released of seen) tested.release(releaseOf(released, "declined"));
            throw new Error("commit failed");
          };
          expect(() => held.transactionSync(commit)).toThrow("commit failed");
          tested = new VelocityCounter(held.sql);
        }
      }
      expect(rowsOf("counted_payments", held)).toBe(model.rows);
    });
    fc.assert(run, { numRuns: 150 });
    expect(compared).toBeGreaterThan(20_000);
  });
});
