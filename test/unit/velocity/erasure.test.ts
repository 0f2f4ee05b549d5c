/** Payments of a customer that are deleted from a velocity object, over Node's own SQLite. */
import { beforeEach, expect, it } from "vitest";
import { parseMeasure } from "../../../src/domain/risk/measure";
import type { Subject } from "../../../src/domain/risk/rule-set";
import { forgetCustomer } from "../../../src/velocity/erasure";
import type { Place } from "../../../src/velocity/rpc";
import { migrateVelocity } from "../../../src/velocity/schema";
import { VelocityCounter } from "../../../src/velocity/velocity-counter";
import { tablesWith } from "../../support/erasure/scan";
import { type MemoryStorage, memoryStorage } from "../../support/sqlite";

const NOW_MS = Date.parse("2026-11-22T21:00:00.000Z");
const MEASURES = ["count.24h", "customers.24h", "count.24h.completed", "age_s"];
const CUSTOMER = { merchant_id: "mer_a", user_id: "gone", through_ms: NOW_MS };

let storage: MemoryStorage;
let counter: VelocityCounter;
beforeEach(() => {
  storage = memoryStorage();
  migrateVelocity(storage.sql);
  counter = new VelocityCounter(storage.sql);
});

function observe(id: string, user_id: string, subject: Subject, value: string, atMs = NOW_MS) {
  const payment = { transaction_id: id, merchant_id: "mer_a", subject, value, user_id };
  const requested = MEASURES.map((name) => parseMeasure(name)).filter((one) => one !== undefined);
  const observation = { ...payment, currency: "USD", amount_minor: 100, measures: MEASURES };
  const [measured] = counter.observe([{ payment: observation, requested }], atMs);
  return measured;
}
const rows = (where = "TRUE") =>
  storage.sql.exec(`SELECT * FROM subject_payments WHERE ${where}`).toArray();
/** Calls until nothing is left. */
function forgetAll(customer = CUSTOMER, most?: number): number {
  let deleted = 0;
  for (let after: Place | null = null; ; ) {
    const step: ReturnType<typeof forgetCustomer> = forgetCustomer(
      storage.sql,
      customer,
      after,
      most,
    );
    deleted += step.deleted;
    if (!step.next) return deleted;
    after = step.next;
  }
}

it("All payments of the customer are deleted, of every subject, and those of others are the same", () => {
  for (let at = 0; at < 30; at += 1) {
    const user_id = at % 3 === 0 ? "gone" : `stays-${at % 4}`;
    observe(`txn_${at}`, user_id, "customer", user_id, NOW_MS - at);
    observe(`txn_${at}`, user_id, "metadata.ip", `10.0.0.${at % 2}`, NOW_MS - at);
  }
  const others = rows("user_id <> 'gone'");
  expect(forgetAll(CUSTOMER, 7)).toBe(20);
  expect(rows()).toEqual(others);
  expect(tablesWith(storage.sql, ["gone"])).toEqual([]);
  expect(forgetAll(CUSTOMER, 7)).toBe(0);
});

it("A merchant whose id begins in the same way keeps its customers of the same name", () => {
  observe("txn_1", "gone", "customer", "gone");
  storage.sql.exec(
    `INSERT INTO subject_payments SELECT '["mer_ab","customer","gone"]', at, position, 'txn_2', user_id, currency,
       amount_minor, outcome, released_after FROM subject_payments`,
  );
  expect(forgetAll()).toBe(1);
  expect(rows()).toHaveLength(1);
});

it("Payments of after the request stay", () => {
  observe("txn_1", "gone", "customer", "gone", NOW_MS);
  observe("txn_2", "gone", "customer", "gone", NOW_MS + 1);
  expect(forgetAll()).toBe(1);
  expect(rows()).toMatchObject([{ transaction_id: "txn_2" }]);
});

it("Signals of later payments do not count what was deleted, from memory or from the rows", () => {
  observe("txn_1", "gone", "metadata.ip", "ip");
  observe("txn_2", "stays", "metadata.ip", "ip", NOW_MS + 1_000);
  expect(observe("txn_3", "gone", "metadata.ip", "ip", NOW_MS + 2_000)).toEqual([3, 2, 3, 2]);
  counter.forget({ ...CUSTOMER, through_ms: NOW_MS + 2_000 }, null);
  const fromMemory = observe("txn_4", "new", "metadata.ip", "ip", NOW_MS + 3_000);
  expect(fromMemory).toEqual([2, 2, 2, 2]);
  counter = new VelocityCounter(storage.sql);
  expect(observe("txn_4", "new", "metadata.ip", "ip", NOW_MS + 4_000)).toEqual(fromMemory);
});

it("A release that refers to a deleted payment counts for the payments after it", () => {
  observe("txn_1", "stays", "metadata.ip", "ip");
  for (const id of ["txn_2", "txn_3"]) observe(id, "gone", "metadata.ip", "ip");
  const { merchant_id } = CUSTOMER;
  counter.release({
    ...{ transaction_id: "txn_1", merchant_id, subject: "metadata.ip", value: "ip" },
    outcome: "cancelled",
  });
  counter.forget(CUSTOMER, null);
  // Its position was that of a deleted one. Only the payment itself is not released.
  expect(observe("txn_4", "new", "metadata.ip", "ip", NOW_MS + 1)?.[2]).toBe(1);
  counter = new VelocityCounter(storage.sql);
  expect(observe("txn_5", "new", "metadata.ip", "ip", NOW_MS + 2)?.[2]).toBe(2);
});

it("Times that are all that is left of a subject are deleted with its last payment", () => {
  observe("txn_1", "gone", "metadata.email", "gone@mail.example");
  storage.sql.exec(
    "INSERT INTO subject_payments VALUES (?, ?, 0, 'first', '', '', 0, NULL, NULL)",
    '["mer_a","metadata.email","gone@mail.example"]',
    NOW_MS - 1_000,
  );
  forgetAll();
  expect(rows()).toEqual([]);
});
