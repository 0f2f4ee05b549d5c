/** D1 is set back to an earlier time, and the shards write it again: once, whole and in order. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

/** What `GET /transactions` says of each, and the feed's events in order. */
async function book() {
  const list = (await (await shop.get(`${TRANSACTIONS}?limit=100`)).json()) as {
    data: Transaction[];
  };
  const feed = (await (await shop.get("/api/v1/events?limit=100")).json()) as {
    data: { data: Transaction }[];
  };
  const histories = Map.groupBy(feed.data, ({ data }) => data.id);
  return Object.fromEntries(
    list.data.map((transaction) => {
      const versions = histories.get(transaction.id)?.map(({ data }) => data.version);
      return [transaction.id, { transaction, versions }];
    }),
  );
}

async function counted() {
  const key = { Authorization: `Bearer ${env.METRICS_TOKEN}` };
  const scrape = parseExposition(await (await call("/metrics", { headers: key })).text());
  return sumsOf(scrape, "payments_transaction_events_total", "type", "currency", "code");
}

/** A transaction of each kind. */
async function pay(): Promise<void> {
  const done = await shop.created({ metadata: { processor: "settle" } });
  await shop.process(done.id);
  const refused = await shop.created({ metadata: { processor: "decline:expired_card" } });
  await shop.process(refused.id);
  await shop.cancel((await shop.created()).id);
  await shop.created();
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

/** The book's own tables as they were at a point of the feed; triggers see to the others. */
async function setBack(position: number): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT json_group_array(json_array(position, merchant_id, transaction_id, sequence, type, created_at, data)) AS kept FROM events WHERE position <= ?",
  )
    .bind(position)
    .all<{ kept: string }>();
  await env.DB.batch([
    ...["events", "transactions", "totals"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare(
      "INSERT INTO events SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?) ORDER BY value ->> 0",
    ).bind(results[0]?.kept ?? "[]"),
  ]);
}

async function lastPosition(): Promise<number> {
  return (await env.DB.prepare("SELECT max(position) AS last FROM events").first("last")) ?? 0;
}

describe("a book that was set back", () => {
  it("A D1 that was restored from an earlier state is whole after a rebuild, with nothing twice, although payments went on", async () => {
    await pay();
    await isWritten(4);
    const earlier = await lastPosition();
    await pay();
    const before = await isWritten(8);
    const countedBefore = await counted();

    const askedMs = Date.now();
    const { starts_at } = await rebuild({ pause_s: 600 });
    expect(Date.parse(starts_at)).toBeGreaterThanOrEqual(askedMs + 600_000);
    await setBack(earlier);
    expect(Object.keys(await book())).toHaveLength(4);
    // Not even an object that is started anew writes into it meanwhile, and payments go on at once.
    for (const shard of stubs()) {
      await runInDurableObject(shard, (_, state) => state.abort("crash")).catch(() => {});
    }
    const late = await shop.created({}, freshKey("late"));
    await shop.process(late.id);
    for (const shard of stubs()) await runDurableObjectAlarm(shard);
    expect(Object.keys(await book())).toHaveLength(4);
    expect(await (await call("/health/ready")).json()).toMatchObject({
      status: "degraded",
      outboxes: { book: { failing: true } },
    });

    const { events, shards: asked } = await rebuild();
    expect([events > 20, asked]).toEqual([true, 2]);
    const after = await isWritten(9);
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
    const before = await isWritten(4);
    const countedBefore = await counted();
    await rebuild({ pause_s: 600 });
    await setBack(0);
    expect(await book()).toEqual({});
    await rebuild({});
    expect(await isWritten(4)).toEqual(before);
    await eventually(async () => expect(await counted()).toEqual(countedBefore));
  });

  it("A D1 that was not set back does not change in a rebuild", async () => {
    await pay();
    const before = await isWritten(4);
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
