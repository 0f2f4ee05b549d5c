/** Velocity objects of earlier releases: their payments keep their meaning in the tables of this one. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Observation, Release } from "../../../src/domain/risk/observation";
import { carryOver } from "../../../src/velocity/carry-over";
import { ObjectClock } from "../../../src/velocity/clock";
import { type MemoryStorage, memoryStorage } from "../../support/sqlite";
import {
  counterOf,
  DAY_MS,
  HOUR_MS,
  observe,
  payment,
  releaseOf,
  rowsOf,
  START_MS,
  sweepAll,
} from "../../support/velocity";
import { MEASURE_NAMES, Model } from "../../support/velocity-model";

const VERSION_1 = `
  CREATE TABLE schema_version (version INTEGER NOT NULL);
  INSERT INTO schema_version VALUES (1);
  CREATE TABLE subjects (merchant_id TEXT NOT NULL, subject TEXT NOT NULL, value TEXT NOT NULL, id INTEGER NOT NULL,
    first_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, PRIMARY KEY (merchant_id, subject, value)) WITHOUT ROWID;
  CREATE INDEX subjects_by_seen_at ON subjects (seen_at);
  CREATE TABLE counted_payments (subject_id INTEGER NOT NULL, at INTEGER NOT NULL, position INTEGER NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL, user_id TEXT NOT NULL, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    outcome TEXT, released_after INTEGER, PRIMARY KEY (subject_id, at, position), UNIQUE (transaction_id, subject_id))
    WITHOUT ROWID;`;

/** Stores payments as version 1 did: one numbering for all subjects, and a subject's number is its first position. */
class Version1 {
  readonly storage: MemoryStorage = memoryStorage();
  readonly #ids = new Map<string, number>();
  #position = 0;

  constructor() {
    this.storage.sql.exec(VERSION_1);
  }

  observe(one: Observation, at: number): void {
    const { sql } = this.storage;
    const position = ++this.#position;
    const key = `${one.merchant_id} ${one.subject} ${one.value}`;
    const id = this.#ids.get(key) ?? position;
    const named = [one.merchant_id, one.subject, one.value];
    if (id === position)
      sql.exec("INSERT INTO subjects VALUES (?,?,?,?,?,?)", ...named, id, at, at);
    this.#ids.set(key, id);
    sql.exec(
      "INSERT INTO counted_payments VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
      id,
      at,
      position,
      one.transaction_id,
      one.user_id,
      one.currency,
      one.amount_minor,
    );
  }

  release({ transaction_id, outcome }: Release): void {
    this.storage.sql.exec(
      "UPDATE counted_payments SET outcome = ?, released_after = ? WHERE transaction_id = ? AND outcome IS NULL",
      outcome,
      this.#position,
      transaction_id,
    );
  }
}

it("Payments of version 1 count on, and each repeated report gets the result of the first", () => {
  const values = ["a", "b", '"c/"'];
  const step = fc.record({
    value: fc.constantFrom(...values),
    user_id: fc.constantFrom("u", "v"),
    amount_minor: fc.constantFrom(1, 300),
    waitMs: fc.constantFrom(0, 1, 59_999, HOUR_MS),
    released: fc.option(fc.nat(5), { freq: 2 }),
  });
  const run = fc.property(
    fc.array(step, { maxLength: 40 }),
    fc.array(step, { maxLength: 20 }),
    (before, after) => {
      const earlier = new Version1();
      const model = new Model();
      const seen: Observation[] = [];
      let nowMs = START_MS;
      const play = (steps: typeof before, by: Pick<Version1, "observe" | "release">) => {
        for (const { waitMs, released, ...fields } of steps) {
          nowMs += waitMs;
          const one = payment(MEASURE_NAMES, fields);
          seen.push(one);
          by.observe(one, nowMs);
          const ended = released === null ? undefined : seen.at(-1 - released);
          if (!ended) continue;
          by.release(releaseOf(ended, "declined"));
          model.release(releaseOf(ended, "declined"));
        }
      };
      play(before, {
        observe: (one, at) => {
          earlier.observe(one, at);
          model.observe(one, at);
        },
        release: (release) => earlier.release(release),
      });
      const counter = counterOf(earlier.storage);
      const compare = (one: Observation) =>
        expect(observe(one, nowMs, counter)).toEqual(model.observe(one, nowMs));
      for (const one of seen) compare(one);
      play(after, { observe: compare, release: (release) => counter.release(release) });
      for (const one of seen) compare(one);
      expect(rowsOf("subject_payments", earlier.storage)).toBe(before.length + after.length);
    },
  );
  fc.assert(run, { numRuns: 100 });
});

it("A subject without a stored payment keeps its first and its last time, and then counts no payment", () => {
  const earlier = new Version1();
  const { sql } = earlier.storage;
  for (const [id, value, first_day, seen_day] of [
    [101, "once", -100, -100],
    [102, "often", -500, -20],
    [103, "long ago", -500, -399],
  ] as const) {
    const times = [START_MS + first_day * DAY_MS, START_MS + seen_day * DAY_MS];
    sql.exec("INSERT INTO subjects VALUES ('mer_1', 'customer', ?, ?, ?, ?)", value, id, ...times);
  }
  earlier.observe(payment([], { value: "paying" }), START_MS);
  sql.exec("UPDATE subjects SET first_at = ? WHERE value = 'paying'", START_MS - 30 * DAY_MS);
  const counter = counterOf(earlier.storage);
  expect(sweepAll(START_MS, earlier.storage)).toBe(0);
  const answers = (value: string, nowMs: number) =>
    observe(payment(["age_s", "count.7d"], { value }), nowMs, counter);
  expect(answers("once", START_MS)).toEqual([100 * 86_400, 1]);
  expect(answers("often", START_MS)).toEqual([500 * 86_400, 1]);
  expect(answers("paying", START_MS)).toEqual([30 * 86_400, 2]);
  expect(answers("long ago", START_MS + DAY_MS)).toEqual([0, 1]);
});

it("Many payments of version 1 are carried over in several commits, also when it is ended in between", () => {
  const earlier = new Version1();
  const { sql, transactionSync } = earlier.storage;
  const [SUBJECTS, EACH] = [3_000, 40];
  const numbers = (most: number) =>
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${most})`;
  sql.exec(
    `${numbers(SUBJECTS)} INSERT INTO subjects SELECT 'mer_1', 'customer', 'user_' || n, n, ?1 + n, ?1 + n FROM numbers`,
    START_MS,
  );
  sql.exec(
    `${numbers(SUBJECTS * EACH)} INSERT INTO counted_payments
     SELECT 1 + (n - 1) % ${SUBJECTS}, ? + n, n, 'txn_old_' || n, 'user', 'USD', 1, NULL, NULL FROM numbers`,
    START_MS,
  );
  counterOf(earlier.storage);
  let commits = 1;
  for (let hasMore = true; hasMore; commits++) {
    expect(rowsOf("subjects", earlier.storage)).toBeGreaterThan(0);
    const fails = () =>
      transactionSync(() => {
        carryOver(sql);
        throw new Error("ended");
      });
    expect(fails).toThrow("ended");
    hasMore = transactionSync(() => carryOver(sql));
  }
  expect(commits).toBe(3);
  expect(rowsOf("subject_payments", earlier.storage)).toBe(SUBJECTS * EACH);
  expect(carryOver(sql)).toBe(false);
  const counter = counterOf(earlier.storage);
  for (let number = 1; number <= SUBJECTS; number += 97) {
    const one = payment(["count.1h", "age_s"], { value: `user_${number}` });
    const age_s = Math.floor(200 - number / 1_000);
    expect(observe(one, START_MS + 200_000, counter)).toEqual([EACH + 1, age_s]);
  }
});

it("The clock of version 1 goes on", () => {
  const earlier = new Version1();
  earlier.observe(payment([]), START_MS + HOUR_MS);
  earlier.observe(payment([], { value: "user_2" }), START_MS + HOUR_MS + 1);
  counterOf(earlier.storage);
  const setBackTo: number[] = [];
  new ObjectClock(earlier.storage.sql).tick(START_MS, (to) => setBackTo.push(to));
  expect(setBackTo).toEqual([START_MS]);
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
    const taken = counterOf(old);
    const again = payment(names, { transaction_id: "txn_old_3", value: "a" });
    expect(observe(again, START_MS + 5_000, taken)).toEqual([2, 10, 1, 3]);
    const other = payment(names, { value: "b/c", user_id: "b/c" });
    expect(observe(other, START_MS + 6_000, taken)).toEqual([2 + start, 105 + start * 100, 1, 5]);
  }
  expect(rowsOf("subject_payments", old)).toBe(6);
  for (const table of ["payments", "subjects", "counted_payments"]) {
    expect(rowsOf(`sqlite_master WHERE name = '${table}'`, old)).toBe(0);
  }
});
