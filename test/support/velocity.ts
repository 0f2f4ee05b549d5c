/** A velocity counter in memory, and payments that are reported to it. */
import { beforeEach } from "vitest";
import { type Asked, parseMeasure, WINDOWS_MS } from "../../src/domain/risk/measure";
import type { Observation, Release } from "../../src/domain/risk/observation";
import { Sweep } from "../../src/velocity/retention";
import { migrateVelocity } from "../../src/velocity/schema";
import { VelocityCounter } from "../../src/velocity/velocity-counter";
import { type MemoryStorage, memoryStorage } from "./sqlite";

export const START_MS = Date.parse("2026-11-22T21:00:00.000Z");
export const [MINUTE_MS, HOUR_MS, DAY_MS] = [WINDOWS_MS["1m"], WINDOWS_MS["1h"], WINDOWS_MS["24h"]];
export const KEPT_MS = 8 * DAY_MS;
export const LARGEST_AMOUNT = 999_999_999_999_999;
export let storage: MemoryStorage;
export let windows: VelocityCounter;
let payments = 0;
beforeEach(() => {
  storage = memoryStorage();
  windows = counterOf(storage);
});

/** A counter that has nothing in memory. */
export function counterOf({ sql }: MemoryStorage): VelocityCounter {
  migrateVelocity(sql);
  return new VelocityCounter(sql);
}

/** Forgets what was in memory. */
export function restart(): void {
  windows = counterOf(storage);
}

/** Runs a whole sweep. @returns how many rows it deleted */
export function sweepAll(nowMs: number, { sql, transactionSync } = storage): number {
  const sweep = new Sweep();
  for (let all = 0; ; ) {
    const { deleted, isComplete } = transactionSync(() => sweep.step(sql, nowMs));
    all += deleted;
    if (isComplete) return all;
  }
}

/** A payment of its own unless one is given. */
export function payment(measures: string[], fields: Partial<Observation> = {}): Observation {
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

/** What payments of one call are answered. */
export const observeAll = (observations: Observation[], nowMs: number, by = windows) =>
  by.observe(
    observations.map((payment) => ({ payment, requested: payment.measures.map(asked) })),
    nowMs,
  );
export const observe = (observation: Observation, nowMs: number, by = windows): number[] =>
  observeAll([observation], nowMs, by)[0] ?? [];

/** What a new payment is answered. */
export const answer = (name: string, nowMs: number, fields: Partial<Observation> = {}) =>
  observe(payment([name], fields), nowMs)[0];
export const releaseOf = (observation: Observation, outcome: Release["outcome"]): Release => {
  const { transaction_id, merchant_id, subject, value } = observation;
  return { transaction_id, merchant_id, subject, value, outcome };
};

export const rowsOf = (table: string, { sql } = storage) =>
  sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`).one().rows;
