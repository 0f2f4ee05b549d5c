/** What payments, deliveries and reads cost in rows, requests and operations, counted in the built Worker (bench/cost).
 *  A change that costs more fails here; one that costs less lowers a limit. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRICED_NAMES, type Priced } from "../../bench/cost/cases";
import { type Counts, noCounts, PARTS } from "../../bench/cost/counts";
import { dollarsForMillion, withBytesOf, withLater } from "../../bench/cost/dollars";
import { type Measured, measure } from "../../bench/cost/measure";
import { buildWorker } from "../../bench/fresh-server";

const LOCAL = join(import.meta.dirname, "../../.wrangler");
const INTERVAL_MS = 1_500;

/** Rows written for one payment (create and process), what sweeps delete later included. */
const ROWS = {
  busy: { d1: 5, shard: 7, velocity: 2.5 },
  /** One payment of each shard each 1.5 seconds. Of D1 the payments of this test are too few to tell: the dispatcher
   *  reports to it every few seconds. */
  paced: { shard: 12, velocity: 2.5 },
  /** For one delivery: paced, its later sweep included. */
  delivery: 7,
};

/** For one of what else is priced, among many of them. */
const OTHERS: Record<Priced, { d1: number; shard: number }> = {
  "a payment in one request": { d1: 5, shard: 7 },
  "a held payment and its capture": { d1: 7, shard: 15 },
  // One whose two commits nothing else shares writes nine.
  "a refund": { d1: 9, shard: 9.5 },
};

/** What is written once in a while and not for each payment, such as the clock of a velocity object. The paced payments
 *  are few and take long. */
const BESIDES = { busy: 0.05, paced: 0.2 };

/** For a million payments, and what an endpoint adds to them. */
const DOLLARS = { busy: 20, paced: 32, endpoint: 30 };

let home = "";
let busy: Measured;
let paced: Measured;

beforeAll(async () => {
  mkdirSync(LOCAL, { recursive: true });
  home = mkdtempSync(join(LOCAL, "cost-"));
  const build = await buildWorker(home);
  [busy, paced] = await Promise.all([
    measure(build, join(home, "busy"), {
      name: "busy",
      kind: "busy",
      shards: 1,
      connections: 32,
      payments: 600,
      others: 200,
      reads: 50,
      has_endpoint: false,
    }),
    measure(build, join(home, "paced"), {
      name: "paced",
      kind: "paced",
      shards: 4,
      interval_ms: INTERVAL_MS,
      per_shard: 10,
      reads: 25,
      has_endpoint: true,
    }),
  ]);
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

const rowsOf = ({ a_payment, later }: Measured, part: keyof Counts) =>
  a_payment[part].rows_written + later[part].rows_written;

describe("a payment", () => {
  it.each(["d1", "shard", "velocity"] as const)(
    "A payment among many writes no more rows than its limit: %s",
    (part) => {
      expect(rowsOf(busy, part)).toBeLessThanOrEqual(ROWS.busy[part] + BESIDES.busy);
    },
  );

  it.each(["shard", "velocity"] as const)(
    "A payment each 1.5 seconds writes no more rows than its limit: %s",
    (part) => {
      expect(rowsOf(paced, part)).toBeLessThanOrEqual(ROWS.paced[part] + BESIDES.paced);
    },
  );

  it("A payment among many shares the calls of objects, and writes a log line for each request", () => {
    const { worker, d1, shard, velocity, dispatcher, quota, queue } = busy.a_payment;
    expect(worker.requests).toBe(2);
    // A slow machine may be reason for a warning.
    expect(worker.log_lines).toBeLessThan(2.1);
    expect(d1.requests).toBeLessThan(1);
    expect(shard.requests).toBeLessThan(1);
    expect(velocity.requests).toBeLessThan(0.5);
    expect(dispatcher).toMatchObject({ rows_written: 0, alarms_set: 0 });
    expect(quota.rows_written).toBeLessThan(0.1);
    expect(queue.operations).toBe(0);
  });

  it("A payment stores less than eight kilobytes", () => {
    const bytes = PARTS.reduce((sum, part) => sum + busy.a_payment[part].bytes, 0);
    expect(bytes).toBeGreaterThan(500);
    expect(bytes).toBeLessThan(8_000);
  });
});

describe("what else is priced", () => {
  it.each(PRICED_NAMES)("It writes no more rows than its limit: %s", (name) => {
    const { d1, shard, worker } = busy.others[name] ?? noCounts();
    expect(worker.requests).toBeGreaterThanOrEqual(1);
    expect(d1.rows_written).toBeLessThanOrEqual(OTHERS[name].d1);
    expect(shard.rows_written).toBeLessThanOrEqual(OTHERS[name].shard);
  });

  it("A payment in one request writes no more rows than one in two, and one log line", () => {
    const { shard, worker } = busy.others["a payment in one request"] ?? noCounts();
    expect(shard.rows_written).toBeLessThanOrEqual(busy.a_payment.shard.rows_written + 0.5);
    expect(worker.requests).toBe(1);
    expect(worker.log_lines).toBeLessThan(1.1);
  });
});

describe("dollars", () => {
  const totalOf = ({ a_payment, later }: Measured) =>
    dollarsForMillion(withBytesOf(withLater(a_payment, later), busy.a_payment)).at(-1)?.dollars;

  it("A million payments among many cost no more than their limit", () => {
    expect(totalOf(busy)).toBeLessThanOrEqual(DOLLARS.busy);
  });

  it("A million paced payments with an endpoint cost no more than their limit", () => {
    expect(totalOf(paced)).toBeLessThanOrEqual(DOLLARS.paced + DOLLARS.endpoint);
  });
});

describe("a delivery", () => {
  const perDelivery = (count: number) => (count * paced.payments) / paced.deliveries;

  it("Each event of a payment is delivered once", () => {
    expect(paced.deliveries).toBe(3 * paced.payments);
  });

  it("A delivery writes no more rows than its limit, its later sweep included", () => {
    expect(perDelivery(rowsOf(paced, "dispatcher"))).toBeLessThanOrEqual(ROWS.delivery);
  });

  it("A delivery is one message, which is written, read and deleted", () => {
    expect(perDelivery(paced.a_payment.queue.operations)).toBeCloseTo(3);
  });

  it("A delivery writes one log line", () => {
    expect(perDelivery(paced.a_payment.worker.log_lines - 2)).toBeCloseTo(1);
  });
});

describe("a read", () => {
  const of = (counts = noCounts()) => counts;

  it("A get costs one call of the owner, and almost no row", () => {
    const { worker, d1, shard, quota } = of(busy.a_get);
    expect([worker.requests, worker.log_lines, shard.requests]).toEqual([1, 1, 1]);
    expect(shard.rows_read).toBeLessThan(2);
    expect(shard.rows_written).toBeLessThan(0.3);
    expect(d1.requests).toBeLessThan(0.3);
    expect(quota.rows_written).toBeLessThan(0.3);
  });

  it.each(["one shard", "four shards"])(
    "A list of ten costs a call of D1, 22 rows read and a call of each shard: %s",
    (shards) => {
      const { worker, d1, shard } = of(shards === "one shard" ? busy.a_list : paced.a_list);
      expect([worker.requests, worker.log_lines]).toEqual([1, 1]);
      expect(d1.requests).toBeLessThan(1.5);
      expect(d1.rows_written).toBeLessThan(0.5);
      expect(d1.rows_read).toBeGreaterThanOrEqual(10);
      expect(d1.rows_read).toBeLessThan(25);
      expect(shard.requests).toBeLessThanOrEqual(shards === "one shard" ? 1 : 4);
      expect(shard.rows_written).toBeLessThan(0.3);
    },
  );
});

describe("the counting", () => {
  it("The sweeps delete what payments and deliveries have stored", () => {
    expect(busy.later.velocity.rows_written).toBeGreaterThan(0.9);
    const perDelivery = (paced.later.dispatcher.rows_written * paced.payments) / paced.deliveries;
    expect(perDelivery).toBeGreaterThan(0.9);
  });

  it("Every statement was counted: none is a call with several, whose rows are not reported", () => {
    for (const { a_payment } of [busy, paced]) {
      for (const part of PARTS) expect(a_payment[part].unmetered, part).toBe(0);
    }
  });
});
