/** What velocity deletes, and when. */
import { describe, expect, it } from "vitest";
import { STEP_ROWS, Sweep } from "../../../src/velocity/retention";
import {
  answer,
  DAY_MS,
  HOUR_MS,
  KEPT_MS,
  observe,
  payment,
  restart,
  rowsOf,
  START_MS,
  storage,
  sweepAll,
  windows,
} from "../../support/velocity";

const FORGOTTEN_MS = 400 * DAY_MS;
const step = (sweep: Sweep, nowMs: number, most?: number) =>
  storage.transactionSync(() => sweep.step(storage.sql, nowMs, most));

describe("a sweep", () => {
  it("A sweep deletes a payment a day after it left the longest window, but not a subject's first and newest", () => {
    for (let index = 0; index < 4; index++) observe(payment([]), START_MS + index);
    expect(sweepAll(START_MS + KEPT_MS)).toBe(0);
    expect(sweepAll(START_MS + KEPT_MS + 1)).toBe(1);
    expect(sweepAll(START_MS + 2 * KEPT_MS)).toBe(1);
    const left = storage.sql.exec<{ at: number }>("SELECT at FROM subject_payments ORDER BY at");
    expect(left.toArray().map(({ at }) => at - START_MS)).toEqual([0, 3]);
    expect(answer("count.7d", START_MS + 2 * KEPT_MS)).toBe(1);
  });

  it("A sweep reads a bounded number of rows at a time and goes on where it ended", () => {
    storage.transactionSync(() => {
      for (let row = 0; row < 2 * STEP_ROWS + 11; row++) observe(payment([]), START_MS + row);
    });
    const sweep = new Sweep();
    const steps = [1, 2, 3, 4].map(() => step(sweep, START_MS + 10 * DAY_MS));
    expect(steps).toEqual([
      { deleted: STEP_ROWS - 2, isComplete: false },
      { deleted: STEP_ROWS, isComplete: false },
      { deleted: 11, isComplete: true },
      { deleted: 0, isComplete: true },
    ]);
    expect(rowsOf("subject_payments")).toBe(2);
  });

  it.each([1, 2, 3, 4, 5, 7])(
    "Steps of %i rows delete the same as one step, wherever subjects begin and end",
    (most) => {
      const late = START_MS + KEPT_MS + 2;
      for (const [value, payments] of [
        ["a", 1],
        ["b", 2],
        ["c", 3],
        ["d", 9],
        ["e", 1],
        ["f", 4],
      ] as const) {
        for (let index = 0; index < payments; index++) {
          observe(payment([], { value }), START_MS + index);
        }
      }
      const sweep = new Sweep();
      let deleted = 0;
      for (let isComplete = false; !isComplete; ) {
        const done = step(sweep, late, most);
        deleted += done.deleted;
        isComplete = done.isComplete;
      }
      expect(deleted).toBe(1 + 2 + 2); // Of c, d and f.
      expect(sweepAll(late)).toBe(0);
    },
  );

  it("Payments that are counted between two steps stay", () => {
    for (const value of ["a", "b"]) {
      for (let index = 0; index < 3; index++) observe(payment([], { value }), START_MS + index);
    }
    const sweep = new Sweep();
    const late = START_MS + FORGOTTEN_MS + 2;
    expect(step(sweep, late, 3)).toEqual({ deleted: 1, isComplete: false });
    expect(answer("age_s", late, { value: "a" })).toBe(0);
    expect(step(sweep, late, 10)).toEqual({ deleted: 4 - 1, isComplete: true });
    restart();
    expect(answer("age_s", late + 5_000, { value: "a" })).toBe(5);
  });

  it("A subject that begins anew between two steps keeps its first payment", () => {
    observe(payment([]), START_MS);
    const sweep = new Sweep();
    step(sweep, START_MS, 1);
    const late = START_MS + FORGOTTEN_MS;
    for (const afterMs of [0, 1, KEPT_MS + 1]) observe(payment([]), late + afterMs);
    expect(step(sweep, late + KEPT_MS + 1, 9)).toEqual({ deleted: 1, isComplete: true });
    restart();
    expect(answer("age_s", late + KEPT_MS + 1_000)).toBe(KEPT_MS / 1_000 + 1);
  });

  it("Sweeps keep storage to the payments of eight days and the first, however long payments go on", () => {
    for (let hour = 0; hour < 24 * 30; hour++) {
      const nowMs = START_MS + hour * HOUR_MS;
      observe(payment(["count.7d"]), nowMs);
      sweepAll(nowMs);
      expect(rowsOf("subject_payments")).toBe(Math.min(hour + 1, 24 * 8 + 1));
    }
  });

  it("A subject keeps its age for 400 days after its newest payment, over restarts and sweeps", () => {
    for (const [at, expected_s] of [
      [0, 0],
      [FORGOTTEN_MS - 1, 34_559_999],
      [2 * FORGOTTEN_MS - 2, 69_119_999],
      [3 * FORGOTTEN_MS - 2, 0],
      [3 * FORGOTTEN_MS + 998, 1],
    ] as const) {
      const nowMs = START_MS + at;
      sweepAll(nowMs - 1);
      expect(answer("age_s", nowMs)).toBe(expected_s);
      restart();
    }
    expect(rowsOf("subject_payments")).toBe(2);
  });

  it("A sweep deletes a subject 400 days after its newest payment, and one with a single payment as well", () => {
    for (const at of [0, DAY_MS]) answer("count.1m", START_MS + at);
    answer("count.1m", START_MS + DAY_MS, { value: "user_2" });
    answer("count.1m", START_MS + DAY_MS + 1, { value: "user_3" });
    expect(sweepAll(START_MS + DAY_MS + FORGOTTEN_MS - 1)).toBe(0);
    expect(sweepAll(START_MS + DAY_MS + FORGOTTEN_MS)).toBe(3);
    expect(rowsOf("subject_payments")).toBe(1);
  });

  it("A subject that is new again counts like a new one, although no sweep has run and its windows are in memory", () => {
    const late = START_MS + FORGOTTEN_MS + 1;
    const old = payment(["count.7d", "age_s"]);
    observe(old, START_MS);
    observe(payment(["count.7d"]), START_MS + 1);
    expect(observe(payment(["count.7d", "age_s"]), late)).toEqual([1, 0]);
    restart();
    expect(observe(payment(["count.7d", "age_s"]), late + 2_000)).toEqual([2, 2]);
    windows.release({ ...old, outcome: "declined" });
    expect(rowsOf("subject_payments WHERE outcome IS NOT NULL")).toBe(0);
  });
});
