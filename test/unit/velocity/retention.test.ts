/** What velocity deletes, and when. */
import { describe, expect, it } from "vitest";
import { SWEEP_ROWS, sweep } from "../../../src/velocity/retention";
import { VelocityCounter } from "../../../src/velocity/velocity-counter";
import { memoryStorage } from "../../support/sqlite";
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
} from "../../support/velocity";

describe("a sweep", () => {
  it("A sweep deletes a payment a day after it left the longest window, and never the newest", () => {
    observe(payment([]), START_MS);
    observe(payment([]), START_MS + 1);
    expect(sweep(storage.sql, START_MS + KEPT_MS - 1)).toBe(0);
    expect(sweep(storage.sql, START_MS + KEPT_MS)).toBe(1);
    expect(sweep(storage.sql, START_MS + 2 * KEPT_MS)).toBe(0);
    expect(rowsOf("counted_payments")).toBe(1);
    expect(answer("count.7d", START_MS + 2 * KEPT_MS)).toBe(1);
  });

  it("After a sweep of everything the numbers of subjects go on, so that no two subjects share one", () => {
    for (const value of ["a", "b"]) observe(payment([], { value }), START_MS);
    const late = START_MS + 2 * KEPT_MS;
    sweep(storage.sql, late);
    restart();
    for (const value of ["c", "a", "b"]) expect(answer("count.7d", late, { value })).toBe(1);
  });

  it("A sweep deletes a bounded number at a time, the oldest first", () => {
    storage.transactionSync(() => {
      for (let row = 0; row < 2 * SWEEP_ROWS + 11; row++) observe(payment([]), START_MS + row);
    });
    const late = START_MS + 10 * DAY_MS;
    const swept = [1, 2, 3, 4].map(() => sweep(storage.sql, late));
    expect(swept).toEqual([SWEEP_ROWS, SWEEP_ROWS, 10, 0]);
    expect(rowsOf("counted_payments")).toBe(1);
  });

  it("Sweeps keep storage to the payments of eight days, however long payments go on", () => {
    for (let hour = 0; hour < 24 * 30; hour++) {
      const nowMs = START_MS + hour * HOUR_MS;
      observe(payment(["count.7d"]), nowMs);
      sweep(storage.sql, nowMs);
      expect(rowsOf("counted_payments")).toBe(Math.min(hour + 1, 24 * 8));
    }
  });

  it("A sweep deletes subjects after 400 days without a payment, and their age with them", () => {
    for (const [day, expected_s] of [
      [0, 0],
      [399, 399 * 86_400],
      [798, 798 * 86_400],
      [1_198, 0],
    ] as const) {
      const nowMs = START_MS + day * DAY_MS;
      if (day === 798) expect(sweep(storage.sql, nowMs)).toBe(1); // The payment; the subject stays.
      expect(answer("age_s", nowMs + 999)).toBe(expected_s);
      restart();
    }
    answer("count.1m", START_MS + 1_200 * DAY_MS, { value: "user_2" });
    for (let turn = 0; turn < 2; turn++) sweep(storage.sql, START_MS + 1_599 * DAY_MS);
    expect(rowsOf("subjects")).toBe(1);
  });
});

it("Payments of the first release are migrated, and so are its repeated reports", () => {
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
