/** The feed of events: its texts come from the owners of its transactions, also of those that an earlier release wrote, and
 *  it ends before what an owner does not return. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config";
import { FEED_SIZE } from "../../../src/d1/schema";
import { packId } from "../../../src/domain/identity/packed-id";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { EventRanges, EventsReply } from "../../../src/transactions/rpc";
import { type Client, newClient, TRANSACTIONS } from "../../support/api";
import { ask, type Bindings, expectRefusal } from "../../support/contract";
import { writeEarlierRows } from "../../support/earlier-tables";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { ownerOf } from "../../support/owner";

const EVENTS = "/api/v1/events";
type Item = { id: string; transaction_id: string; sequence: number; data: Transaction };
type Page = { data: Item[]; has_more: boolean; next_cursor: string };

/** Whether the tests' payments stay in the tables of their objects. */
const isInTables = !env.ARCHIVES_BEFORE_CALLS;

let client: Client;
beforeEach(async () => {
  client = await newClient();
});

async function pageOf(query: string, bindings: Bindings = {}): Promise<Page> {
  const response = await ask(`${EVENTS}${query}`, { key: client.key, env: bindings });
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

/** All pages of the feed, in pages of some events. */
async function whole(limit: number, query = ""): Promise<Item[]> {
  const items: Item[] = [];
  let from = query;
  for (;;) {
    const page = await pageOf(`?limit=${limit}${from}`);
    items.push(...page.data);
    if (!page.has_more) return items;
    from = `&cursor=${page.next_cursor}`;
  }
}

/** The objects, of which those of some transactions fail when they are called for events. */
function withFailing(ids: string[], fault: unknown): Bindings {
  const failing = new Set(ids.map((id) => ownerOf(id).name));
  return {
    TRANSACTIONS: {
      getByName(name: string) {
        const stub = env.TRANSACTIONS.getByName(name);
        return {
          refreshBook: (merchant: string | null) => stub.refreshBook(merchant),
          eventsOfMany: (wanted: EventRanges) =>
            failing.has(name) ? Promise.reject(fault) : stub.eventsOfMany(wanted),
        };
      },
    },
  };
}

const OVERLOADED = Object.assign(new Error("overloaded"), { overloaded: true });

/** Charged payments, in the order of the feed: each is written to D1 before the next one. */
async function paid(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { id } = await client.created({ process: true });
    await pageOf("");
    ids.push(id);
  }
  return ids;
}

describe("the texts of the feed", () => {
  it("Every event has the bytes that its transaction's own list has, whatever the size of the pages", async () => {
    const ids = await paid(6);
    const lists = await Promise.all(
      ids.map(async (id) => {
        const { data } = (await (await client.get(`${TRANSACTIONS}/${id}/events`)).json()) as Page;
        return data;
      }),
    );
    for (const limit of [1, 4, 100]) expect(await whole(limit)).toEqual(lists.flat());
  });

  it("The feed has nothing of another merchant's transaction, also if a row of it were in the feed", async () => {
    const [own] = await paid(1);
    const other = await newClient();
    const { id } = await other.created();
    await ownerOf(id).refreshBook(null);
    const feed = (merchant: string) =>
      `(SELECT id FROM feeds WHERE merchant_id = '${merchant}') * ${FEED_SIZE}`;
    await env.DB.prepare(
      `INSERT INTO feed_events SELECT position - ${feed(other.merchant_id)} + ${feed(client.merchant_id)} + 1, id, first, sequence
       FROM feed_events WHERE position > ${feed(other.merchant_id)}`,
    ).run();
    const items = await whole(100);
    expect(new Set(items.map(({ transaction_id }) => transaction_id))).toEqual(new Set([own]));
    expect(await whole(1)).toEqual(items);
  });
});

describe("a feed while an owner fails", () => {
  it("The page ends before the first event whose owner fails, and its cursor goes on there", async () => {
    const ids = await paid(8);
    const all = await whole(100);
    const first = ownerOf(ids[0] ?? "").name;
    const at = ids.findIndex((id) => ownerOf(id).name !== first);
    expect(at).toBeGreaterThan(0);
    const failing = withFailing([ids[at] ?? ""], OVERLOADED);
    const page = await pageOf("?limit=100", failing);
    expect(page.data).toEqual(all.slice(0, 3 * at));
    expect(page.has_more).toBe(true);
    expect(await whole(100, `&cursor=${page.next_cursor}`)).toEqual(all.slice(3 * at));
    // The same at the end of the feed.
    const tail = await pageOf("?limit=100&tail=true", failing);
    expect([tail.data, tail.has_more]).toEqual([page.data, true]);
  });

  it("Without any event before it the request is refused, and can be repeated", async () => {
    const [id] = await paid(2);
    const failing = withFailing([id ?? ""], OVERLOADED);
    const refused = await ask(EVENTS, { key: client.key, env: failing });
    expect(refused.headers.get("Retry-After")).toBe("2");
    await expectRefusal(refused, "unavailable");
    expect(await whole(100)).toHaveLength(6);
  });

  it.runIf(isInTables)("An event that its object has lost does not end the feed", async () => {
    const ids = await paid(2);
    const lost = ids[0] ?? "";
    await runInDurableObject(ownerOf(lost), (_, { storage }) => {
      storage.sql.exec(
        "DELETE FROM events WHERE sequence = 3 AND first_position = (SELECT position FROM events WHERE transaction_id = ?)",
        lost,
      );
    });
    const items = await whole(2);
    expect(items.map(({ sequence }) => sequence)).toEqual([1, 2, 1, 2, 3]);
  });
});

it("A cursor whose next events have been deleted is a 410 that says how to go on", async () => {
  const [oldest = ""] = await paid(2);
  const first = await pageOf("?limit=1");
  const third = await pageOf("?limit=3");
  // A payment has one row or several, by when D1 was written.
  const ofOldest = packId(oldest);
  await env.DB.prepare(
    `UPDATE feeds SET deleted_through = (SELECT max(position) FROM feed_events WHERE id = ?) - id * ${FEED_SIZE}
       WHERE merchant_id = ?`,
  )
    .bind(ofOldest, client.merchant_id)
    .run();
  await env.DB.prepare("DELETE FROM feed_events WHERE id = ?").bind(ofOldest).run();
  const expired = await ask(`${EVENTS}?cursor=${first.next_cursor}`, { key: client.key });
  const { detail } = await expectRefusal(expired, "cursor_expired");
  expect(detail).toContain("without a cursor");
  const rest = await whole(100);
  expect(rest).toHaveLength(3);
  expect(await whole(100, `&cursor=${third.next_cursor}`)).toEqual(rest);
});

/** Gives the book the rows of a transaction as an earlier release wrote them, and its object the mark of the upgrade. */
async function toEarlierBook(id: string): Promise<void> {
  const address = { merchant_id: client.merchant_id, transaction_id: id, traceparent: null };
  const shards = readConfig(env).transaction_shards;
  const reply = (await ownerOf(id).events({ ...address, shards })) as EventsReply;
  if (!reply.ok) throw new Error("no events");
  for (const table of ["feed_events", "listed_transactions"]) {
    await env.DB.prepare(`DELETE FROM ${table} WHERE id = ?`).bind(packId(id)).run();
  }
  await writeEarlierRows([reply.events], Date.now());
  await runInDurableObject(ownerOf(id), (_, { storage }) => {
    storage.sql.exec(
      `UPDATE state SET checkpoints = json_set(checkpoints, '$.book_move_until',
         (SELECT max(position) FROM events))`,
    );
  });
}

it.runIf(env.TRANSACTION_SHARDS !== "0" && isInTables)(
  "Payments of an earlier release are moved by the alarms of their objects, while they are listed and change",
  async () => {
    const ids = await paid(6);
    const before = await pageOf("?limit=100");
    for (const id of ids) await toEarlierBook(id);
    for (const id of ids) {
      await runInDurableObject(ownerOf(id), (_, state) => state.abort("crash")).catch(() => {});
    }
    const listed = async () =>
      ((await (await client.get(`${TRANSACTIONS}?limit=100`)).json()) as { data: Transaction[] })
        .data;
    const expectWhole = async () => {
      const list = await listed();
      expect(list.map(({ id }) => id)).toEqual(ids.toReversed());
      for (const transaction of list)
        expect(transaction).toEqual(await client.find(transaction.id));
    };
    await expectWhole();
    expect(await whole(100)).toEqual(before.data);
    // One changes before it is moved.
    expect((await client.refund(ids[0] ?? "", { amount: 1 })).status).toBe(201);
    await expectWhole();
    await eventually(async () => {
      for (const id of ids) await runDurableObjectAlarm(ownerOf(id)).catch(() => false);
      await expectWhole();
      const left = await env.DB.prepare("SELECT count(*) AS left FROM transactions").first("left");
      expect(left).toBe(0);
    });
    const items = await whole(100);
    expect(items.slice(0, before.data.length)).toEqual(before.data);
    expect(items.slice(before.data.length).map(({ transaction_id }) => transaction_id)).toEqual([
      ids[0],
      ids[0],
    ]);
    for (const id of ids) {
      await runInDurableObject(ownerOf(id), (_, { storage }) => {
        const [state] = storage.sql
          .exec<{ checkpoints: string }>("SELECT checkpoints FROM state")
          .toArray();
        const { book_moved_through, book_move_until } = JSON.parse(state?.checkpoints ?? "{}");
        expect(book_moved_through).toBeGreaterThanOrEqual(book_move_until);
      });
    }
  },
);
