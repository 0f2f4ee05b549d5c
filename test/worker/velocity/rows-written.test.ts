/** The rows that a velocity object writes. Each is billed, so the numbers are exact; a set alarm is a row as well. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import type { Observation } from "../../../src/domain/risk/observation";
import { env } from "../../support/env";

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];
const START_MS = Date.now();

let objects = 0;
let payments = 0;
/** An object whose tables, alarm and clock are there. */
async function velocityObject() {
  const object = env.VELOCITY.getByName(`velocity-rows-${++objects}`);
  clockAt(START_MS);
  await object.observe([payment("before")]);
  return object;
}

const clockAt = (now: number) => vi.useFakeTimers({ toFake: ["Date"], now });
afterEach(() => {
  vi.useRealTimers();
});

function payment(value: string, fields: Partial<Observation> = {}): Observation {
  return {
    transaction_id: `txn_rows_${++payments}`,
    merchant_id: "mer_1",
    subject: "customer",
    value,
    user_id: value,
    currency: "USD",
    amount_minor: 100,
    measures: ["count.24h", "age_s"],
    ...fields,
  };
}

const releaseOf = ({ transaction_id, merchant_id, subject, value }: Observation) =>
  ({ transaction_id, merchant_id, subject, value, outcome: "declined" }) as const;

/** Rows that all objects of this isolate write, from their cursors, and alarms that they set. */
async function writtenBy(work: () => Promise<unknown>): Promise<{ rows: number; alarms: number }> {
  const anyObject = env.VELOCITY.getByName("velocity-rows-1");
  const { sql, storage } = await runInDurableObject(anyObject, (_, state) => ({
    sql: Object.getPrototypeOf(state.storage.sql) as SqlStorage,
    storage: Object.getPrototypeOf(state.storage) as DurableObjectStorage,
  }));
  const cursors: { rowsWritten: number }[] = [];
  const exec = sql.exec;
  const spied = vi.spyOn(sql, "exec").mockImplementation(function (this: SqlStorage, ...call) {
    const cursor = exec.apply(this, call);
    cursors.push(cursor);
    return cursor as never;
  });
  const setAlarm = vi.spyOn(storage, "setAlarm");
  await work();
  const rows = cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  const alarms = setAlarm.mock.calls.length;
  spied.mockRestore();
  setAlarm.mockRestore();
  expect(cursors.length).toBeGreaterThan(0);
  return { rows, alarms };
}

it("A payment writes a row for each of its subjects, and one of an index unless it is the subject's first", async () => {
  const object = await velocityObject();
  for (const [value, rows] of [
    ["user_1", 1],
    ["user_1", 2],
    ["user_1", 2],
    ["user_2", 1],
  ] as const) {
    expect(await writtenBy(() => object.observe([payment(value)]))).toEqual({ rows, alarms: 0 });
  }
  const two = (value: string) => {
    const own = payment(value);
    return [own, { ...own, subject: "metadata.ip" as const, value: "203.0.113.7" }];
  };
  expect(await writtenBy(() => object.observe(two("user_3")))).toEqual({ rows: 2, alarms: 0 });
  expect(await writtenBy(() => object.observe(two("user_3")))).toEqual({ rows: 4, alarms: 0 });
});

it("A payment that is reported again writes nothing, in memory or not", async () => {
  const object = await velocityObject();
  const both = [payment("user_1"), payment("user_1")];
  await object.observe(both);
  expect(await writtenBy(() => object.observe(both))).toEqual({ rows: 0, alarms: 0 });
  await runInDurableObject(object, (_, state) => state.abort("again")).catch(() => {});
  const again = env.VELOCITY.getByName(`velocity-rows-${objects}`);
  expect(await writtenBy(() => again.observe(both))).toEqual({ rows: 0, alarms: 0 });
});

it("A release writes one row, and none when it is repeated or the payment is unknown", async () => {
  const object = await velocityObject();
  const both = [payment("user_1"), payment("user_1")];
  await object.observe(both);
  const releases = [...both, payment("user_1")].map(releaseOf);
  const release = () => object.release(releases);
  expect(await writtenBy(release)).toEqual({ rows: 2, alarms: 0 });
  expect(await writtenBy(release)).toEqual({ rows: 0, alarms: 0 });
});

it("The clock is one more row, at most once a minute", async () => {
  const object = await velocityObject();
  await object.observe([payment("user_1")]);
  for (const [afterMs, rows] of [
    [MINUTE_MS - 1, 2],
    [MINUTE_MS, 3],
    [MINUTE_MS + 1, 2],
    [2 * MINUTE_MS, 3],
  ] as const) {
    clockAt(START_MS + afterMs);
    const written = await writtenBy(() => object.observe([payment("user_1")]));
    expect(written).toEqual({ rows, alarms: 0 });
  }
});

it("A payment costs three rows with its sweep, and a customer's first payment two", async () => {
  const object = await velocityObject();
  const PAYMENTS = 600;
  const customers = Array.from({ length: PAYMENTS }, (_, index) => `user_${index % 400}`);
  const counted = await writtenBy(() => object.observe(customers.map((value) => payment(value))));
  expect(counted).toEqual({ rows: 2 * PAYMENTS - 400, alarms: 0 });
  const swept = async (days: number) => {
    clockAt(START_MS + days * DAY_MS);
    return writtenBy(() => runDurableObjectAlarm(object));
  };
  const CLOCK = 1;
  // Nothing to delete: a customer has one or two payments, its first and its newest.
  expect(await swept(9)).toEqual({ rows: CLOCK, alarms: 1 });
  await object.observe(customers.map((value) => payment(value)));
  await object.observe(customers.map((value) => payment(value)));
  // Of 1,800 payments, two remain of each customer.
  expect(await swept(18)).toEqual({ rows: 3 * PAYMENTS - 2 * 400 + CLOCK, alarms: 1 });
  // A day later there is nothing to be read but the same rows.
  expect(await swept(19)).toEqual({ rows: CLOCK, alarms: 1 });
  expect(await swept(418)).toEqual({ rows: 2 * 400 + 1 + CLOCK, alarms: 1 });
});
