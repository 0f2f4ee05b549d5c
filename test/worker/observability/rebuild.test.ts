/** D1 is set back to an earlier time, and the shards write it again: once, whole and in order. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Refund } from "../../../src/domain/transaction/refund";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { admin, type Client, call, freshKey, newClient, TRANSACTIONS } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { parseExposition, sumsOf } from "../../support/exposition";

const REBUILD = "/api/v1/operations/rebuild-book";
const shards = ["shard-0", "shard-1"];
/** A stub of a dead object is dead, too, so each question has one of its own. */
const stubs = () => shards.map((name) => env.TRANSACTIONS.getByName(name));

let shop: Client;
beforeEach(async () => {
  shop = await newClient();
});

/** A test that fails leaves no pause to the others. */
afterEach(async () => {
  await rebuild();
});

async function rebuild(body?: object) {
  const response = await admin(REBUILD, body, "POST");
  expect(response.status).toBe(202);
  return (await response.json()) as { events: number; shards: number; starts_at: string };
}

/** What `GET /transactions` says of each, the feed's events in order, and what `GET /refunds` says. */
async function book() {
  const read = async (path: string) =>
    (await (await shop.get(`${path}?limit=100`)).json()) as never;
  const list: { data: Transaction[] } = await read(TRANSACTIONS);
  const refunds: { data: Refund[] } = await read("/api/v1/refunds");
  const feed: { data: { transaction_id: string; sequence: number; data: Transaction | Refund }[] } =
    await read("/api/v1/events");
  const histories = Map.groupBy(feed.data, ({ transaction_id }) => transaction_id);
  return Object.fromEntries(
    list.data.map((transaction) => {
      const history = histories.get(transaction.id) ?? [];
      const versions = history.map(({ sequence }) => sequence);
      const own = refunds.data.filter(({ transaction_id }) => transaction_id === transaction.id);
      const announced = history.map(({ data }) => data).filter((data) => "transaction_id" in data);
      return [transaction.id, { transaction, versions, refunds: own, announced }];
    }),
  );
}

async function counted() {
  const key = { Authorization: `Bearer ${env.METRICS_TOKEN}` };
  const scrape = parseExposition(await (await call("/metrics", { headers: key })).text());
  return sumsOf(scrape, "payments_transaction_events_total", "type", "currency", "code");
}

async function feedAfter(cursor?: string): Promise<{ ids: string[]; cursor: string }> {
  const from = cursor === undefined ? "" : `&cursor=${cursor}`;
  const page = (await (await shop.get(`/api/v1/events?limit=100${from}`)).json()) as {
    data: { id: string }[];
    next_cursor: string;
  };
  return { ids: page.data.map(({ id }) => id), cursor: page.next_cursor };
}

const KINDS = 5;
/** A transaction of each kind, one of them with two refunds. */
async function pay(): Promise<void> {
  const done = await shop.created({ metadata: { processor: "settle" } });
  await shop.process(done.id);
  const refused = await shop.created({ metadata: { processor: "decline:expired_card" } });
  await shop.process(refused.id);
  await shop.cancel((await shop.created()).id);
  await shop.created();
  const held = await shop.created({ capture_method: "manual" });
  await shop.process(held.id);
  await shop.capture(held.id, 8);
  const refund = (body: object) => shop.refund(held.id, body);
  expect((await refund({ amount: 3 })).status).toBe(201);
  const declined = await refund({ amount: 2, metadata: { processor: "decline:closed_card" } });
  expect(await declined.json()).toMatchObject({ status: "failed" });
}

const isWritten = (count: number) =>
  eventually(async () => {
    const found = await book();
    expect(Object.keys(found)).toHaveLength(count);
    for (const { transaction, versions } of Object.values(found)) {
      expect(versions).toEqual(Array.from({ length: transaction.version }, (_, at) => at + 1));
    }
    return found;
  });

/** The tables that events fill. */
const TABLES = [
  "feed_events",
  "listed_transactions",
  "refunds",
  "totals",
  "hourly_totals",
  "total_codes",
  "feeds",
];
type Snapshot = Record<string, string>;

async function takeSnapshot(): Promise<Snapshot> {
  const rows = TABLES.map(async (table) => {
    const { results } = await env.DB.prepare(`PRAGMA table_info(${table})`).all<{ name: string }>();
    const columns = results.map(({ name }) => (isId(table, name) ? `hex(${name})` : name)).join();
    const text = `SELECT json_group_array(json_array(${columns})) AS text FROM ${table}`;
    return [table, (await env.DB.prepare(text).first<string>("text")) ?? "[]"] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

/** D1 as it was before. Empty where there is no snapshot. */
async function setBack(snapshot: Snapshot = {}): Promise<void> {
  await env.DB.batch(
    (await Promise.all(TABLES.map((table) => restoreTable(table, snapshot[table] ?? "[]")))).flat(),
  );
}

async function restoreTable(table: string, rows: string): Promise<D1PreparedStatement[]> {
  const { results } = await env.DB.prepare(`PRAGMA table_info(${table})`).all<{ name: string }>();
  const values = results
    .map(({ name }, at) => (isId(table, name) ? `unhex(value ->> ${at})` : `value ->> ${at}`))
    .join();
  return [
    env.DB.prepare(`DELETE FROM ${table}`),
    env.DB.prepare(`INSERT INTO ${table} SELECT ${values} FROM json_each(?)`).bind(rows),
  ];
}

/** Whether a column has packed ids, which JSON cannot hold. */
const isId = (table: string, column: string) =>
  column === "id" && ["feed_events", "listed_transactions"].includes(table);

async function lastPosition(): Promise<string | null> {
  const last = "SELECT CAST(max(position) AS TEXT) AS last FROM feed_events"; // More than a number can hold.
  return env.DB.prepare(last).first<string>("last");
}

describe("a book that was set back", () => {
  it("A D1 that was restored from an earlier state is whole after a rebuild, with nothing twice, although payments went on", async () => {
    await pay();
    await isWritten(KINDS);
    const earlier = await takeSnapshot();
    await pay();
    const before = await isWritten(2 * KINDS);
    const countedBefore = await counted();

    const askedMs = Date.now();
    const { starts_at } = await rebuild({ pause_s: 600 });
    expect(Date.parse(starts_at)).toBeGreaterThanOrEqual(askedMs + 600_000);
    await setBack(earlier);
    expect(Object.keys(await book())).toHaveLength(KINDS);
    // Not even an object that is started anew writes into it meanwhile, and payments go on at once.
    for (const shard of stubs()) {
      await runInDurableObject(shard, (_, state) => state.abort("crash")).catch(() => {});
    }
    const late = await shop.created({}, freshKey("late"));
    await shop.process(late.id);
    for (const shard of stubs()) await runDurableObjectAlarm(shard);
    expect(Object.keys(await book())).toHaveLength(KINDS);
    expect(await (await call("/health/ready")).json()).toMatchObject({
      status: "degraded",
      outboxes: { book: { failing: true } },
    });

    const { events, shards: asked } = await rebuild();
    expect([events > 20, asked]).toEqual([true, 2]);
    const after = await isWritten(2 * KINDS + 1);
    expect(after).toMatchObject(before);
    expect(after[late.id]?.transaction.status).toBe("completed");
    const own = {
      "transaction.created USD ": 1,
      "transaction.processing USD ": 1,
      "transaction.completed USD ": 1,
    };
    await eventually(async () => {
      const now = await counted();
      for (const [kind, count] of Object.entries(countedBefore)) {
        const more = own[kind as keyof typeof own] ?? 0;
        expect([kind, now[kind]]).toEqual([kind, count + more]);
      }
    });
  });

  it("An empty D1 is filled by a rebuild", async () => {
    await pay();
    const before = await isWritten(KINDS);
    const countedBefore = await counted();
    await rebuild({ pause_s: 600 });
    await setBack();
    expect(await book()).toEqual({});
    await rebuild({});
    expect(await isWritten(KINDS)).toEqual(before);
    await eventually(async () => expect(await counted()).toEqual(countedBefore));
  });

  it("A reader of the feed goes on with its old cursor after D1 was emptied, and misses no event", async () => {
    await pay();
    const before = await isWritten(KINDS);
    const read = await feedAfter();
    expect(read.ids).toHaveLength(9 + 5 + 4);
    await rebuild({ pause_s: 600 });
    await setBack();
    await rebuild({});
    expect(await isWritten(KINDS)).toEqual(before);
    const again = await feedAfter(read.cursor);
    expect(again.ids.toSorted()).toEqual(read.ids.toSorted());
  });

  it("A D1 that was not set back does not change in a rebuild", async () => {
    await pay();
    const before = await isWritten(KINDS);
    const last = await lastPosition();
    await rebuild();
    await eventually(async () => {
      const said = await (await call("/health/ready")).json();
      expect(said).toMatchObject({ outboxes: { book: { depth: 0, failing: false } } });
    });
    expect([await book(), await lastPosition()]).toEqual([before, last]);
  });

  it("Only the administrator can start a rebuild, within limits", async () => {
    expect((await shop.ask("POST", REBUILD, {})).status).toBe(401);
    for (const pause_s of [-1, 0.5, 3_601, "1"]) {
      expect((await admin(REBUILD, { pause_s })).status).toBe(400);
    }
  });
});
