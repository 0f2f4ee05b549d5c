/** Velocity counts: windows, repetitions, releases and distinct values. */
import { describe, expect, it } from "vitest";
import { MOST_DIFFERENT, parseMeasure, WINDOWS_MS } from "../../../src/domain/risk/measure";
import { WINDOWS } from "../../../src/domain/risk/rule-set";

import {
  answer,
  DAY_MS,
  LARGEST_AMOUNT,
  MINUTE_MS,
  observe,
  payment,
  releaseOf,
  restart,
  rowsOf,
  START_MS,
  storage,
  sweepAll,
  windows,
} from "../../support/velocity";
import { MEASURE_NAMES } from "../../support/velocity-model";

describe("the measures", () => {
  it("The velocity signals are a closed set: six measures in four windows, with and without failed payments, and an age", () => {
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
      it(`A window of ${window} holds a payment until, and not at, its end; ${memory}`, () => {
        for (const [step, expected] of [
          [length - 1, 2],
          [length, 1],
          [length + 1, 1],
        ] as const) {
          const value = `${step}`;
          answer(`count.${window}`, START_MS, { value });
          if (memory !== "in memory") restart();
          expect(answer(`count.${window}`, START_MS + step, { value })).toBe(expected);
        }
      });
    }

    it(`A window of ${window} drops each payment once`, () => {
      const steps = [0, 1, length, length + 1, 2 * length, 2 * length + 1];
      const names = [`count.${window}`, `sum.${window}`];
      const all = steps.map((step) => observe(payment(names), START_MS + step));
      expect(all).toEqual([1, 2, 2, 2, 2, 2].map((count) => [count, 100 * count]));
    });
  }

  it("A window belongs to one subject: by merchant, by field, by value", () => {
    for (const merchant_id of ["mer_1", "mer_2"]) {
      for (const subject of ["customer", "metadata.ip", "metadata.i"] as const) {
        for (const value of ["user_1", "a/b", "a", "", '"', "p"]) {
          const fields = { merchant_id, subject, value };
          expect(observe(payment(["count.7d", "age_s"], fields), START_MS)).toEqual([1, 0]);
        }
      }
    }
  });

  it("A window sums the payment's own currency, and stops at the largest safe integer without losing count", () => {
    const large = (step: number) =>
      answer("sum.1m", START_MS + step, { amount_minor: LARGEST_AMOUNT });
    expect(answer("sum.1m", START_MS, { currency: "JPY" })).toBe(100);
    const exact = Array.from({ length: 9 }, (_, index) => (index + 1) * LARGEST_AMOUNT);
    expect(exact.map((_, index) => large(index))).toEqual(exact);
    expect([large(9), large(10)]).toEqual([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
    expect(large(MINUTE_MS + 9)).toBe(2 * LARGEST_AMOUNT);
    restart();
    expect(large(MINUTE_MS + 10)).toBe(2 * LARGEST_AMOUNT);
  });

  it("A window sums a week of the largest amounts, which need more than 64 bits", () => {
    storage.transactionSync(() => {
      for (let count = 0; count < 9_300; count++) {
        observe(payment([], { amount_minor: LARGEST_AMOUNT }), START_MS);
      }
    });
    expect(answer("sum.7d", START_MS)).toBe(Number.MAX_SAFE_INTEGER);
    expect(answer("sum.1m", START_MS + MINUTE_MS)).toBe(100);
  });

  it("Windows are right for more subjects than are kept in memory", () => {
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

  it("A window counts only what was stored after a commit that failed", () => {
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
    restart();
    expect(observe(failed, START_MS + 5_000)).toEqual([1, 0]);
    expect(observe(payment(["count.1h.completed"]), START_MS)).toEqual([2]);
  });
});

describe("a payment that is reported again", () => {
  it("A payment that is reported again gets the signals of the first time, and counts once", () => {
    const one = payment(MEASURE_NAMES, { amount_minor: 5 });
    const first = observe(one, START_MS);
    const two = payment(MEASURE_NAMES);
    const second = observe(two, START_MS);
    windows.release(releaseOf(one, "declined"));
    windows.release(releaseOf(two, "cancelled"));
    observe(payment([], { currency: "JPY", user_id: "user_2" }), START_MS);
    expect(observe(one, START_MS + 20)).toEqual(first);
    restart();
    expect(observe(two, START_MS + DAY_MS - 1)).toEqual(second);
    sweepAll(START_MS + DAY_MS);
    expect(observe(two, START_MS + DAY_MS)).toEqual(second);
    expect(rowsOf("subject_payments")).toBe(3);
  });

  it("A payment that is reported again is counted once for each of its subjects", () => {
    const own = payment(["count.1h"]);
    for (const value of ["203.0.113.7", "203.0.113.8"]) {
      expect(observe({ ...own, subject: "metadata.ip", value }, START_MS)).toEqual([1]);
    }
    expect([observe(own, START_MS), observe(own, START_MS)]).toEqual([[1], [1]]);
    expect(rowsOf("subject_payments")).toBe(3);
  });
});

describe("a released payment", () => {
  const NAMES = ["count.1h", "count.1h.completed", "sum.1h.completed", "declined_percent.1h"];

  it.each([
    ["declined", [3, 2, 200, 50]],
    ["blocked", [3, 2, 200, 0]],
    ["cancelled", [3, 2, 200, 0]],
  ] as const)(
    "A released payment that was %s counts where all payments do",
    (outcome, expected) => {
      const released = payment(NAMES);
      observe(released, START_MS);
      expect(observe(payment(NAMES), START_MS)).toEqual([2, 2, 200, 0]);
      windows.release(releaseOf(released, outcome));
      for (const other of ["cancelled", "declined"] as const) {
        windows.release(releaseOf(released, other)); // The first outcome is the one.
      }
      expect(observe(payment(NAMES), START_MS)).toEqual(expected);
      restart();
      expect(observe(payment(["count.1h.completed"]), START_MS)).toEqual([3]);
    },
  );

  it("A release of an unknown payment is ignored, and another subject's payment stays", () => {
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
    `Different values are counted up to ${MOST_DIFFERENT}, and exactly again when they have become fewer; reread: %s`,
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
          if (isReread && gone % 5 === 0) restart();
          const most = Math.min(COUNT - gone, MOST_DIFFERENT);
          expect(at(COUNT - 1, START_MS + MINUTE_MS + gone - 1)).toEqual([most, most]);
        }
      });
    },
    20_000,
  );

  it("Different values of failed payments stop counting, also from above the limit", () => {
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
