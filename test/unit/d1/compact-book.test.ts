/** The migration to small rows, on a filled database of the release before: while rows are moved and written, in any order
 *  and repeated in any way, each payment is listed once and each event is in the feed once. Over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { eventText } from "../../../src/d1/events/event-queries";
import { openDatabase } from "../../../src/d1/query";
import { listRecorded } from "../../../src/d1/recorded-queries";
import { countReviews } from "../../../src/d1/review-queries";
import { listTransactions } from "../../../src/d1/transaction-queries";
import { moveEarlier } from "../../../src/d1/transactions/move-earlier";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { STATUSES } from "../../../src/domain/transaction/status";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { writeEarlier } from "../../support/earlier-book";
import { readFeed } from "../../support/feed";
import { journals, MERCHANTS } from "../../support/journals";
import { heldLife, life, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

const { before, rest } = migrationsAround("compact_book");

let book: DatabaseSync;
let d1: D1Database;
beforeEach(openBook);

function openBook(): void {
  book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  migrate(book, before);
}

const rows = (sql: string) => book.prepare(sql).all();
const count = (table: string) => rows(`SELECT count(*) AS count FROM ${table}`)[0]?.count;

/** Consecutive events of a transaction, some at a time. */
function toRows(events: EventRecord[], size: number): EventRecord[][] {
  const histories = Map.groupBy(events, ({ transaction_id }) => transaction_id);
  return [...histories.values()].flatMap((history) =>
    Array.from({ length: Math.ceil(history.length / size) }, (_, at) =>
      history.slice(at * size, (at + 1) * size),
    ),
  );
}

/** All pages of a merchant's list. */
async function readList(merchant: string, order: "asc" | "desc", limit: number): Promise<string[]> {
  const items: string[] = [];
  let after: Parameters<typeof listTransactions>[3];
  do {
    const page = await listTransactions(openDatabase(d1), merchant, {}, after, limit, order);
    items.push(...page.items);
    after = page.next;
  } while (after);
  return items;
}

const keyOf = (text: string) => {
  const { created_at, id } = JSON.parse(text) as Transaction;
  return `${created_at} ${id}`;
};

/** The last texts of a merchant's transactions, in the order of the list. */
function listOf(merchant: string, events: EventRecord[]): string[] {
  const own = events.filter(({ merchant_id }) => merchant_id === merchant);
  const last = new Map(own.map((event) => [event.transaction_id, event.data]));
  return [...last.values()].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

async function expectLists(events: EventRecord[]): Promise<void> {
  for (const merchant of MERCHANTS) {
    const list = listOf(merchant, events);
    expect(await readList(merchant, "asc", 2)).toEqual(list);
    expect(await readList(merchant, "desc", 3)).toEqual(list.toReversed());
    const inReview = list.filter((text) => (JSON.parse(text) as Transaction).status === "review");
    expect(await countReviews(openDatabase(d1), merchant)).toBe(inReview.length);
  }
  const range = { from: "2026-01-01T00:00:00.000Z", until: "2027-01-01T00:00:00.000Z" };
  const { rows } = await listRecorded(openDatabase(d1), "payments", range, undefined, 100);
  expect(rows.map(({ created_at, id }) => `${created_at} ${id}`)).toEqual(
    MERCHANTS.flatMap((merchant) => listOf(merchant, events).map(keyOf)),
  );
}

/** What a shard does: writes its next events, or some again, or moves earlier ones, from its checkpoint or from before it. */
const work = fc.array(
  fc.record({
    shard: fc.nat(2),
    kind: fc.constantFrom("write", "move"),
    back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40) }),
    rows: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 30 },
);

it("While rows are moved and written, each payment is listed once and each event is in the feed once", async () => {
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 3,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(
      journals,
      shares,
      fc.integer({ min: 1, max: 3 }),
      work,
      async (all, written, size, steps) => {
        openBook();
        const shards = all.map((events, shard) => {
          const end = Math.floor(events.length * (written[shard] ?? 0));
          return { events, until: end, written: end, moved: 0 };
        });
        const known = shards.flatMap(({ events, until }) => events.slice(0, until));
        // The feed of the release before, in the order of its writes.
        const earlier = toRows(known, size);
        writeEarlier(book, earlier);
        migrate(book, rest);
        const followed = new Map<string, { items: string[]; place: number | undefined }>();
        const follow = async () => {
          for (const merchant of MERCHANTS) {
            const { items = [], place } = followed.get(merchant) ?? {};
            const next = await readFeed(d1, merchant, all.flat(), 3, place);
            followed.set(merchant, { items: [...items, ...next.items], place: next.place });
          }
        };
        await expectLists(known);
        await follow();
        const last = shards.flatMap((_, shard) =>
          (["write", "move"] as const).map((kind) => ({ shard, kind, back: 0, rows: 1_000 })),
        );
        for (const { shard: drawn, kind, back, rows } of [...steps, ...last]) {
          const shard = shards[drawn % shards.length];
          if (!shard) continue; // None was drawn.
          const name = kind === "write" ? "written" : "moved";
          const from = Math.max(0, shard[name] - back);
          const end = Math.min(from + rows, shard.events.length);
          // A move sends events that the book may not have yet.
          const send = kind === "write" ? appendEvents : moveEarlier;
          await send(d1, shard.events.slice(from, end));
          shard[name] = Math.max(end, kind === "write" ? shard.written : 0);
          await expectLists(shards.flatMap(({ events, written }) => events.slice(0, written)));
          await follow();
        }
        expect(count("transactions")).toBe(0);
        for (const merchant of MERCHANTS) {
          const own = all.flat().filter(({ merchant_id }) => merchant_id === merchant);
          const { items = [] } = followed.get(merchant) ?? {};
          expect(items.toSorted()).toEqual(own.map(eventText).toSorted());
          expect((await readFeed(d1, merchant, all.flat(), 100)).items).toEqual(items);
          const histories = Map.groupBy(items, (text) => JSON.parse(text).transaction_id);
          for (const history of histories.values()) {
            expect(history.map((text) => JSON.parse(text).sequence)).toEqual(
              history.map((_, at) => at + 1),
            );
          }
        }
        // Only what the release before had not counted is counted.
        const [{ events = 0 } = {}] = rows("SELECT sum(count) AS events FROM totals");
        expect(events ?? 0).toBe(all.flat().length - known.length);
      },
    ),
    { numRuns: 200 },
  );
});

it("An event that only the shard has yet is not taken for one that the book has by a move", async () => {
  const events = life("order-1", "completed").map((event) => toRecord(event, "mer_a"));
  writeEarlier(book, [events.slice(0, 1)]);
  migrate(book, rest);
  await moveEarlier(d1, events);
  expect(count("listed_transactions")).toBe(0);
  await appendEvents(d1, events.slice(1));
  expect((await readFeed(d1, "mer_a", events)).items).toEqual(events.map(eventText));
  expect([count("transactions"), count("listed_transactions")]).toEqual([0, 1]);
});

it("A move after D1 was emptied writes nothing, so that a rebuild writes the whole feed", async () => {
  const events = heldLife("order-1", "approve", "completed").map((event) =>
    toRecord(event, "mer_a"),
  );
  writeEarlier(book, [events]);
  migrate(book, rest);
  for (const table of ["events", "transactions"]) book.exec(`DELETE FROM ${table}`);
  await moveEarlier(d1, events);
  expect(count("listed_transactions")).toBe(0);
  await appendEvents(d1, events);
  expect((await readFeed(d1, "mer_a", events)).items).toEqual(events.map(eventText));
});

it("A rebuild moves what is left of the release before, and adds nothing to its feed", async () => {
  const events = life("order-1", "completed").map((event) => toRecord(event, "mer_a"));
  writeEarlier(book, [events]);
  migrate(book, rest);
  await appendEvents(d1, events);
  expect([count("transactions"), count("listed_transactions"), count("feed_events")]).toEqual([
    0, 1, 0,
  ]);
  expect(await readList("mer_a", "asc", 10)).toEqual([events.at(-1)?.data]);
});

it("The release before cannot add to its tables, and its lists and its feed can be read until the deployment", async () => {
  const events = life("order-1", "completed").map((event) => toRecord(event, "mer_a"));
  writeEarlier(book, [events]);
  migrate(book, rest);
  const other = life("order-2", "completed").map((event) => toRecord(event, "mer_a"));
  expect(() => writeEarlier(book, [other], [100])).toThrow(/earlier releases/);
  expect(rows("SELECT data FROM transactions JOIN events ON position = last_event")).toEqual([
    { data: events.at(-1)?.data },
  ]);
});

it("For statements by hand every transaction has its id, its status and its time as text, wherever its row is", async () => {
  const lives = STATUSES.flatMap((status, at) => {
    const [event] = life(`order-${at}`, "pending").map((event) => toRecord(event, "mer_a"));
    const state = { ...(JSON.parse(event?.data ?? "") as Transaction), status };
    const created_at = new Date(Date.parse(state.created_at) + at * 7).toISOString();
    return [{ ...(event as EventRecord), data: JSON.stringify({ ...state, created_at }) }];
  });
  writeEarlier(
    book,
    lives.slice(0, 2).map((event) => [event]),
  );
  migrate(book, rest);
  await appendEvents(d1, lives.slice(2));
  const shown = rows("SELECT * FROM payments ORDER BY created_at");
  expect(shown).toEqual(
    lives.map(({ data }) => {
      const { id, user_id, amount_minor, currency, status, version, created_at } = JSON.parse(
        data,
      ) as Transaction;
      const row = { id, merchant_id: "mer_a", user_id, amount_minor, currency, status };
      return { ...row, version, created_at };
    }),
  );
});
