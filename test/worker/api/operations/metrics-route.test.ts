/** `GET /metrics`: who may see it, its form, and that it counts exactly what happened. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { type Client, freshKey, newClient } from "../../../support/api";
import { ask, type Bindings, expectRefusal } from "../../../support/contract";
import { env } from "../../../support/env";
import { eventually } from "../../../support/eventually";
import { growthOf, parseExposition, type Scrape, sumsOf } from "../../../support/exposition";
import { endHanging } from "../../../support/with-timeout";

const SHARDS = 16;
const shards = Array.from({ length: SHARDS }, (_, at) => `shard-${at}`);

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const askMetrics = (bindings: Bindings = {}) =>
  ask("/metrics", { key: env.METRICS_TOKEN, env: bindings });

async function scrape(bindings: Bindings = {}): Promise<Scrape> {
  const response = await askMetrics(bindings);
  expect(response.status).toBe(200);
  return parseExposition(await response.text());
}

/** A scrape when everything has arrived everywhere. */
async function scrapeAtRest(): Promise<Scrape> {
  return eventually(async () => {
    const now = await scrape();
    expect(sumsOf(now, "payments_outbox_depth", "destination")).toEqual({});
    return now;
  });
}

/** Stops all shards at once, as a crash would: nothing in memory survives. */
async function crashAll(): Promise<void> {
  await Promise.all(
    shards.map((name) =>
      runInDurableObject(env.TRANSACTIONS.getByName(name), (_, state) =>
        state.abort("crash"),
      ).catch(() => {}),
    ),
  );
}

/** Evicts all shards, as the runtime does with idle ones. */
async function evictAll(): Promise<void> {
  await Promise.all(shards.map((name) => evictDurableObject(env.TRANSACTIONS.getByName(name))));
}

/** Lets every shard's alarm ring that is set. */
async function ringAll(): Promise<void> {
  const ring = (name: string) => runDurableObjectAlarm(env.TRANSACTIONS.getByName(name));
  await Promise.all(shards.map(ring));
}

const times = <Value>(count: number, make: (index: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

/** Sends 300 requests of every kind. @param between is done after each kind */
async function sendMixed(between: () => Promise<void> = async () => {}): Promise<void> {
  const ok = async (count: number, request: (index: number) => Promise<Response>, status = 200) => {
    const responses = await times(count, request);
    expect(responses.map((response) => response.status)).toEqual(Array(count).fill(status));
    await between();
    return responses;
  };
  const run = freshKey("mixed");
  const bodyOf = (index: number) => ({
    user_id: `${run}-user-${index}`,
    amount: index < 10 ? 700 : 5,
    currency: index < 10 ? "JPY" : "USD",
    metadata: { processor: index < 45 ? "settle" : "decline:insufficient_funds" },
  });
  const createOf = (index: number) => shop.create(bodyOf(index), `${run}-${index}`);
  const blockedOf = (index: number) =>
    shop.create({ user_id: `${run}-rich-${index}`, amount: 20_000 }, `${run}-rich-${index}`);
  const created = await Promise.all(
    (await ok(80, createOf, 201)).map(async (response) => (await response.json()) as Transaction),
  );
  const idOf = (index: number) => created[index]?.id ?? "";
  await ok(10, blockedOf, 201);
  await ok(65, createOf, 201);
  await ok(10, blockedOf, 201);
  await ok(20, (index) => shop.create({ amount: 6 }, `${run}-${index}`), 422);
  await ok(60, (index) => shop.process(idOf(index)));
  await ok(20, (index) => shop.process(idOf(index + 35)));
  await ok(15, (index) => shop.cancel(idOf(index + 60)));
  await ok(10, (index) => shop.cancel(idOf(index + 60)));
  await ok(10, (index) => shop.cancel(idOf(index)), 409);
}

/** @param times they were sent; `gets` are what came on top */
function expectMixed(before: Scrape, after: Scrape, times = 1, gets = {}): void {
  const each = (counts: Record<string, number>) =>
    Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, times * count]));
  const commands = each({
    "create created": 80,
    "create blocked": 10,
    "create replayed": 75,
    "create conflict": 20,
    "process processed": 60,
    "process replayed": 20,
    "cancel cancelled": 15,
    "cancel replayed": 10,
    "cancel refused:illegal_transition": 10,
  });
  const growth = growthOf(before, after, "payments_commands_total", "kind", "outcome");
  expect(growth).toEqual({ ...commands, ...gets });
  expect(growthOf(before, after, "payments_charges_total", "outcome")).toEqual(
    each({
      settled: 45,
      declined: 15,
    }),
  );
  const events = growthOf(
    before,
    after,
    "payments_transaction_events_total",
    "type",
    "currency",
    "code",
  );
  expect(events).toEqual(
    each({
      "transaction.created USD ": 80,
      "transaction.created JPY ": 10,
      "transaction.processing USD ": 50,
      "transaction.processing JPY ": 10,
      "transaction.completed USD ": 35,
      "transaction.completed JPY ": 10,
      "transaction.failed USD insufficient_funds": 15,
      "transaction.failed USD risk_blocked": 10,
      "transaction.cancelled USD ": 15,
    }),
  );
  expect(growthOf(before, after, "payments_transactions", "status")).toEqual(
    each({
      pending: 5,
      completed: 45,
      failed: 25,
      cancelled: 15,
    }),
  );
  expect(growthOf(before, after, "payments_risk_decisions_total", "decision")).toEqual(
    each({
      approve: 80,
      block: 10,
    }),
  );
  expect(growthOf(before, after, "payments_completed_amount_minor_total", "currency")).toEqual(
    each({
      USD: 35 * 500,
      JPY: 10 * 700,
    }),
  );
}

const EVENTS = 80 + 2 * 10 + 2 * 60 + 15;

describe("the metrics", () => {
  it("The metrics are shown only for their own token", async () => {
    const ways: Record<string, string>[] = [
      {},
      { Authorization: "Bearer " },
      { Authorization: `Bearer ${env.ADMIN_TOKEN}` },
      { Authorization: `Bearer ${shop.key}` },
      { Authorization: env.METRICS_TOKEN },
      { Authorization: `Basic ${env.METRICS_TOKEN}` },
      { Authorization: `Bearer ${env.METRICS_TOKEN}x` },
      { Authorization: `Bearer ${env.METRICS_TOKEN.slice(0, -1)}` },
    ];
    for (const headers of ways) {
      await expectRefusal(await ask("/metrics", { headers }), "metrics_token_invalid");
    }
    for (const METRICS_TOKEN of ["", undefined]) {
      for (const key of ["", "undefined", env.METRICS_TOKEN]) {
        const response = await ask("/metrics", { key, env: { METRICS_TOKEN } });
        await expectRefusal(response, "metrics_token_invalid");
      }
    }
    await expectRefusal(
      await ask("/api/v1/merchants", { key: env.METRICS_TOKEN }),
      "admin_token_invalid",
    );
  });

  it("The metrics have the form that Prometheus reads, whatever a processor calls its declines", async () => {
    const code = 'odd "code" \\ of\ntwo lines {a="b"} 1';
    const { id } = await shop.created({ metadata: { processor: `decline:${code}` } });
    await shop.process(id);
    const response = await askMetrics();
    expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    const { series, types } = parseExposition(text);
    const kept = code.replace("\n", " ");
    expect(series.some(({ labels }) => labels.code === kept)).toBe(true);
    expect(types.get("payments_command_duration_seconds")).toBe("histogram");
    expect(text).not.toContain(shop.merchant_id);
  });

  it("The metrics contain which parts responded, and that there is no stream", async () => {
    const now = await scrape();
    expect(sumsOf(now, "payments_shards", "state")).toEqual({ asked: SHARDS, answered: SHARDS });
    const sources = Object.fromEntries(["book", ...shards].map((source) => [source, 1]));
    expect(sumsOf(now, "payments_scrape_ok", "source")).toEqual(sources);
    const destinations = now.series.map(({ labels }) => labels.destination);
    expect(new Set(destinations)).toEqual(new Set([undefined, "book", "webhooks", "velocity"]));
  });

  it("The metrics grow by exactly what was sent", async () => {
    const before = await scrapeAtRest();
    await sendMixed();
    const after = await scrapeAtRest();
    expectMixed(before, after);
    const growth = (name: string, ...by: string[]) => growthOf(before, after, name, ...by);
    expect(growth("payments_command_duration_seconds_count", "kind")).toEqual({
      create: 185,
      process: 80,
      cancel: 35,
    });
    expect(growth("payments_round_commands_sum", "rounds")).toEqual({
      claims: 80,
      others: 185 + 35 + 60,
    });
    for (const name of ["delivered_events_total", "delivery_events_sum"]) {
      expect(growth(`payments_outbox_${name}`, "destination")).toEqual({
        book: EVENTS,
        webhooks: EVENTS,
        velocity: 10 + 15 + 15, // Blocked, declined and cancelled.
      });
    }
  });

  it("The metrics grow by exactly what 1,000 requests did, although shards are evicted and crash", async () => {
    const before = await scrapeAtRest();
    await sendMixed(async () => {
      await ringAll();
      await evictAll();
    });
    await sendMixed(async () => {
      await ringAll();
      await crashAll();
    });
    await sendMixed();
    await times(100, (index) => shop.get(`/api/v1/idempotency-keys/nobody-has-it-${index}`));
    const gets = { "get refused:transaction_not_found": 100 };
    expectMixed(before, await scrapeAtRest(), 3, gets);
  });

  it("The metrics lose nothing that was committed when a shard crashes at once", async () => {
    const before = await scrapeAtRest();
    const made = await times(40, () => shop.created());
    await crashAll();
    await times(40, async (index) => shop.process(made[index]?.id ?? ""));
    await crashAll();
    await times(40, (index) => shop.created({ user_id: `late-${index}` }));
    await crashAll();
    const after = await scrapeAtRest();
    expect(growthOf(before, after, "payments_commands_total", "kind", "outcome")).toEqual({
      "create created": 80,
      "process processed": 40,
    });
    expect(growthOf(before, after, "payments_charges_total", "outcome")).toEqual({ settled: 40 });
  });

  it("The metrics never go back, even those outside commits", async () => {
    const key = freshKey("told");
    await shop.created({}, key);
    await times(5, () => shop.created({}, key));
    const told = await scrape();
    await crashAll();
    const after = await scrape();
    for (const name of ["payments_commands_total", "payments_command_duration_seconds_count"]) {
      expect(growthOf(told, after, name, "kind", "outcome")).toEqual({});
    }
  });

  it("The metrics show a charge that stays open", async () => {
    const { id } = await shop.created({ metadata: { processor: "pending,pending,settle" } });
    const before = await scrapeAtRest();
    const claimedMs = Date.now();
    expect((await shop.process(id)).status).toBe(202);
    const after = await scrape();
    const openS = (Date.now() - claimedMs) / 1_000;
    const gauges = (of: Scrape) => sumsOf(of, "payments_open_charges")[""] ?? 0;
    expect(gauges(after) - gauges(before)).toBe(1);
    expect(sumsOf(after, "payments_open_charge_oldest_age_seconds")[""]).toBeLessThanOrEqual(openS);
    expect(growthOf(before, after, "payments_charges_total", "outcome")).toEqual({ unknown: 1 });
    expect(growthOf(before, await scrapeAtRest(), "payments_transactions", "status")).toEqual({
      pending: -1,
      processing: 1,
    });
  });

  it("The metrics show the size of each shard's database", async () => {
    const sizes = sumsOf(await scrape(), "payments_shard_bytes", "shard");
    expect(Object.keys(sizes)).toHaveLength(SHARDS);
    for (const bytes of Object.values(sizes)) expect(bytes).toBeGreaterThanOrEqual(4_096);
  });
});

describe("the metrics of gets", () => {
  it("The metrics of gets count each by its outcome and its duration", async () => {
    const { id } = await shop.created();
    const stranger = await newClient();
    const before = await scrapeAtRest();
    await times(7, () => shop.get(`/api/v1/transactions/${id}`));
    await times(3, () => stranger.get(`/api/v1/transactions/${id}`));
    await times(2, () => shop.get(`/api/v1/idempotency-keys/nobody-has-it-${id}`));
    const after = await scrapeAtRest();
    expect(growthOf(before, after, "payments_commands_total", "kind", "outcome")).toEqual({
      "get found": 7,
      "get refused:transaction_not_found": 5,
    });
    const durations = "payments_command_duration_seconds_count";
    expect(growthOf(before, after, durations, "kind")).toEqual({ get: 12 });
  });
});

describe("when a part is dead, the metrics", () => {
  const never = new Promise<never>(() => {});
  const rejects = () => Promise.reject(new Error("dead"));
  const database = (fate: () => unknown) => ({
    prepare: () => ({ bind: () => ({ raw: fate, all: fate, run: fate, first: fate }) }),
    batch: fate,
  });
  const shardThat = (dead: string, metrics: () => unknown) => ({
    getByName: (name: string) => (name === dead ? { metrics } : env.TRANSACTIONS.getByName(name)),
  });
  /** A scrape of which one part may hang. @param asker whose limit ends that */
  async function inTime(asker: string, bindings: Bindings): Promise<Scrape> {
    let now: Scrape | undefined;
    await endHanging(asker, 1, async () => {
      now = await scrape(bindings);
    });
    if (!now) throw new Error("no scrape");
    return now;
  }

  it.each([
    ["rejects", rejects],
    ["hangs", () => never],
  ])("The metrics leave out a D1 that %s", async (_, fate) => {
    const now = await inTime("d1/query", { DB: database(fate) });
    const sources = Object.fromEntries(shards.map((source) => [source, 1]));
    expect(sumsOf(now, "payments_scrape_ok", "source")).toEqual(sources);
    expect(now.series).toContainEqual({
      name: "payments_scrape_ok",
      labels: { source: "book" },
      value: 0,
    });
    expect(now.types.has("payments_transactions")).toBe(false);
    expect(now.types.has("payments_commands_total")).toBe(true);
  });

  it.each([
    ["rejects", rejects],
    ["hangs", () => never],
  ])("The metrics leave out a shard that %s", async (_, fate) => {
    await shop.created();
    const all = await scrape();
    const dead = all.series.find(({ name }) => name === "payments_commands_total")?.labels.shard;
    const now = await inTime("api/operations/read-shards", {
      TRANSACTIONS: shardThat(`shard-${dead}`, fate),
    });
    expect(sumsOf(now, "payments_shards", "state")).toEqual({
      asked: SHARDS,
      answered: SHARDS - 1,
    });
    expect(now.series).toContainEqual({
      name: "payments_scrape_ok",
      labels: { source: `shard-${dead}` },
      value: 0,
    });
    const seen = new Set(now.series.map(({ labels }) => labels.shard));
    expect(seen.has(dead)).toBe(false);
    expect(seen.size).toBe(SHARDS); // The other ones, and none at all for the book's.
    expect(now.types.has("payments_transactions")).toBe(true);
  });

  it("The metrics have no shards when every transaction has an object of its own", async () => {
    const now = await scrape({ TRANSACTION_SHARDS: "0" });
    expect(sumsOf(now, "payments_scrape_ok", "source")).toEqual({ book: 1 });
    expect(now.series.filter(({ labels }) => labels.shard !== undefined)).toEqual([]);
    expect(now.types.has("payments_shards")).toBe(false);
  });
});
