/** The velocity object in its real surroundings: many callers at once, ends without warning, commits that
 *  fail, clocks that step, and the alarm that sweeps. What it counts is tested in test/unit/velocity. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Observation, Release } from "../../../src/domain/risk/observation";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";

const DAY_MS = 86_400_000;

let objects = 0;
/** An object of the test's own: it has no payments of other tests. */
const nameOfNew = () => `velocity-test-${++objects}`;
const velocity = (name: string) => env.VELOCITY.getByName(name);

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const payment = (id: number, measures: string[], fields: Partial<Observation> = {}) => ({
  transaction_id: `txn_${id}`,
  merchant_id: "mer_1",
  subject: "customer" as const,
  value: "user_1",
  user_id: "user_1",
  currency: "USD",
  amount_minor: 100,
  measures,
  ...fields,
});

const release = (id: number, outcome: Release["outcome"]): Release => {
  const { transaction_id, merchant_id, subject, value } = payment(id, []);
  return { transaction_id, merchant_id, subject, value, outcome };
};

/** Stops an object at once: nothing in memory survives. */
async function crash(name: string): Promise<void> {
  await runInDurableObject(velocity(name), (_, state) => state.abort("crash")).catch(() => {});
}

/** Repeats a call until it succeeds, as a shard's callers do. @returns also the number of calls. */
async function untilAnswered<Value>(ask: () => Promise<Value>) {
  let asked = 0;
  return eventually(async () => {
    asked += 1;
    return { value: await ask(), asked };
  });
}

const rowsOf = (name: string, table: string) =>
  runInDurableObject(
    velocity(name),
    (_, { storage }) =>
      storage.sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`).one().rows,
  );
const alarmOf = (name: string) =>
  runInDurableObject(velocity(name), (_, { storage }) => storage.getAlarm());
const clockAt = (now: number) => vi.useFakeTimers({ toFake: ["Date"], now });
afterEach(() => {
  vi.useRealTimers();
});

describe("1,000 concurrent payments", () => {
  const crashed = { end: crash, isNoticed: true };
  const evicted = { end: (name: string) => evictDurableObject(velocity(name)), isNoticed: false };

  it.each([
    ["one by one", 1, undefined],
    ["in batches", 7, undefined],
    ["one by one, with crashes", 1, crashed],
    ["in batches, with crashes", 7, crashed],
    ["in batches, with evictions", 7, evicted],
  ])(
    "Each of 1,000 concurrent payments is counted once, so exactly N are within any limit N: %s",
    async (_, size, ending) => {
      const name = nameOfNew();
      const rounds = times(Math.ceil(1_000 / size), (round) =>
        times(Math.min(size, 1_000 - round * size), (index) =>
          payment(round * size + index, ["count.24h", "count.1m.completed", "sum.7d"]),
        ),
      );
      const asking = [];
      for (const [index, round] of rounds.entries()) {
        asking.push(untilAnswered(() => velocity(name).observe(round)));
        if (index % Math.ceil(rounds.length / 20) === 7) await ending?.end(name);
      }
      const answered = await Promise.all(asking);
      const answers = answered.flatMap(({ value }) => value);
      const expected = times(1_000, (index) => [index + 1, index + 1, 100 * (index + 1)]);
      expect(answers.sort(([a = 0], [b = 0]) => a - b)).toEqual(expected);
      expect(answered.some(({ asked }) => asked > 1)).toBe(ending?.isNoticed ?? false);
      expect(await rowsOf(name, "subject_payments")).toBe(1_000);
    },
  );
});

describe("a velocity object", () => {
  it("A velocity object answers a repeated report as the first, after releases and a crash", async () => {
    const name = nameOfNew();
    const measures = ["count.1h.completed", "declined_percent.1h", "sum.1h", "age_s"];
    const reports = times(10, (id) => payment(id, measures));
    const first = await velocity(name).observe(reports);
    await velocity(name).release([release(0, "declined"), release(1, "blocked")]);
    expect(await velocity(name).observe(reports)).toEqual(first);
    await crash(name);
    await velocity(name).release([release(0, "cancelled")]);
    expect(await velocity(name).observe(reports)).toEqual(first);
    expect(await velocity(name).observe([payment(10, measures)])).toEqual([
      [9, 10, 1_100, expect.any(Number)],
    ]);
  });

  it("A velocity object counts nothing of a call that fails, not even in memory", async () => {
    const name = nameOfNew();
    const [good, other] = [payment(1, ["count.1h"]), payment(2, ["count.1h"], { value: "user_2" })];
    const broken = payment(3, ["count.1h"], { currency: null as unknown as string });
    const unknown = payment(4, ["count.1h", "count.2h"]);
    await velocity(name).observe([good]);
    const half = velocity(name).observe([other, payment(5, ["count.1h"]), broken]);
    expect(await half.then(String, String)).toContain("could not be written");
    await runInDurableObject(velocity(name), (object) => {
      expect(() => object.observe([other, unknown])).toThrow("no measure is called count.2h");
    });
    expect(await velocity(name).observe([other, payment(6, ["count.1h"])])).toEqual([[1], [2]]);
    expect(await rowsOf(name, "subject_payments")).toBe(3);
  });

  it("A velocity object's clock stands still while the machine's has stepped back a little, also after a crash", async () => {
    const name = nameOfNew();
    const now = Date.now();
    const count = async (id: number) =>
      (await velocity(name).observe([payment(id, ["count.1m", "age_s"])]))[0];
    clockAt(now + 1_000);
    expect(await count(1)).toEqual([1, 0]);
    clockAt(now - 59_000);
    expect(await count(2)).toEqual([2, 0]);
    await crash(name);
    expect(await count(3)).toEqual([3, 0]);
    clockAt(now + 1_000 + 59_999);
    expect(await count(4)).toEqual([4, 59]);
    clockAt(now + 1_000 + 60_000);
    expect(await count(5)).toEqual([2, 60]);
  });

  it.each([false, true])(
    "A velocity object whose clock was ahead counts earlier payments as of now, so that windows roll on (crash: %s)",
    async (crashes) => {
      const name = nameOfNew();
      const now = Date.now();
      const count = async (id: number) =>
        (await velocity(name).observe([payment(id, ["count.1m", "age_s"])]))[0];
      clockAt(now);
      expect(await count(1)).toEqual([1, 0]);
      clockAt(now + 365 * DAY_MS);
      expect(await count(2)).toEqual([1, 365 * 86_400]);
      if (crashes) await crash(name);
      clockAt(now + 60_000);
      expect(await count(3)).toEqual([2, 60]);
      expect(await alarmOf(name)).toBeLessThanOrEqual(now + 60_000 + DAY_MS);
      clockAt(now + 120_000);
      expect(await count(4)).toEqual([1, 120]);
    },
  );

  it("A velocity object sweeps by its alarm, which is set from the beginning and again after each sweep", async () => {
    const name = nameOfNew();
    const now = Date.now();
    clockAt(now);
    await velocity(name).observe([payment(1, ["count.7d"])]);
    expect(await alarmOf(name)).toBe(now + DAY_MS);
    await velocity(name).observe([payment(2, []), payment(3, [])]);
    await runDurableObjectAlarm(velocity(name));
    expect(await rowsOf(name, "subject_payments")).toBe(3);
    clockAt(now + 9 * DAY_MS);
    expect(await velocity(name).observe([payment(4, ["count.7d", "age_s"])])).toEqual([
      [1, 9 * 86_400],
    ]);
    expect(await runDurableObjectAlarm(velocity(name))).toBe(true);
    expect(await rowsOf(name, "subject_payments")).toBe(2);
    expect(await alarmOf(name)).toBe(now + 10 * DAY_MS);
  });

  it("A velocity object counts payments while it sweeps thousands of rows, and keeps those", async () => {
    const name = nameOfNew();
    const now = Date.now();
    clockAt(now);
    const ROWS = 12_000;
    for (let at = 0; at < ROWS; at += 1_000) {
      await velocity(name).observe(times(1_000, (index) => payment(at + index, [])));
    }
    clockAt(now + 9 * DAY_MS);
    const sweeping = runDurableObjectAlarm(velocity(name));
    const counted: number[][] = [];
    for (let index = 0; index < 5; index++) {
      counted.push(...(await velocity(name).observe([payment(ROWS + index, ["count.7d"])])));
    }
    expect(await sweeping).toBe(true);
    expect(counted).toEqual([[1], [2], [3], [4], [5]]);
    expect(await rowsOf(name, "subject_payments")).toBe(1 + 5);
  });

  it("A velocity object of an earlier release carries its payments over before it counts", async () => {
    const name = nameOfNew();
    const now = Date.now();
    const [SUBJECTS, EACH] = [2_000, 20];
    const values = times(SUBJECTS, (index) => `user_${index}`);
    await runInDurableObject(velocity(name), async (_, { storage }) => {
      const { sql } = storage;
      for (const table of ["subject_payments", "clock", "schema_version"]) {
        sql.exec(`DROP TABLE ${table}`);
      }
      sql.exec(
        "CREATE TABLE payments (position INTEGER PRIMARY KEY, transaction_id, customer, at, currency, amount_minor)",
      );
      sql.exec(
        `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${EACH * SUBJECTS})
         INSERT INTO payments SELECT n, 'txn_old_' || n, 'mer_1/user_' || (n % ${SUBJECTS}), ?, 'USD', 5 FROM numbers`,
        now - 60_000,
      );
      await storage.sync();
    });
    await crash(name);
    const asked = values.map((value, id) => payment(id, ["sum.1h", "age_s"], { value }));
    const answers = await velocity(name).observe(asked);
    expect(answers.filter(([sum, age = 0]) => sum !== 5 * EACH + 100 || age < 60)).toEqual([]);
    expect(answers).toHaveLength(SUBJECTS);
    expect(await rowsOf(name, "sqlite_master WHERE name = 'subjects'")).toBe(0);
    expect(await rowsOf(name, "subject_payments")).toBe((EACH + 1) * SUBJECTS);
  });
});
