/** The migration for refunds, on a filled database of the release before: nothing changes, that release can go on writing
 *  and reading, and this one writes what that one could not. Over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { packEarlier } from "../../../src/d1/events/earlier-events";
import { eventText, listEvents } from "../../../src/d1/events/event-queries";
import { openDatabase } from "../../../src/d1/query";
import { listRefunds } from "../../../src/d1/refund-queries";
import { FEED_SIZE } from "../../../src/d1/schema";
import { listTransactions } from "../../../src/d1/transaction-queries";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { ENDS, heldLife, holdLife, life, refunded, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

const { before, rest } = migrationsAround("refunds");
const MERCHANT = "mer_a";
const LIVES = [
  ...ENDS.map((end) => life(`order-${end}`, end)),
  heldLife("order-held", undefined),
  heldLife("order-rejected", "reject"),
].map((events) => events.map((event) => toRecord(event, MERCHANT)));

let book: DatabaseSync;
let d1: D1Database;
let place = 0;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  place = 0;
  migrate(book, before);
  book.exec(`INSERT INTO feeds VALUES (1, '${MERCHANT}')`);
});

/** Writes the events of a transaction in one row, as the release before does. */
function writeBefore(events: EventRecord[]): void {
  const { transaction_id, sequence, type, created_at_ms, data } = events.at(-1) as EventRecord;
  const states = events.map((event) => JSON.parse(event.data));
  const earlier = JSON.stringify(packEarlier(events, states));
  place += events.length;
  book
    .prepare(
      `INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at, data, earlier)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(FEED_SIZE + place, MERCHANT, transaction_id, sequence, type, created_at_ms, data, earlier);
}

const rows = (sql: string) => book.prepare(sql).all();
const transactions = () => rows("SELECT * FROM transactions");
const feed = async () => (await listEvents(openDatabase(d1), MERCHANT, 0, 100)).items;
const listed = async () =>
  (await listTransactions(openDatabase(d1), MERCHANT, {}, undefined, 100)).items;

it("The transactions, the lists and the feed are after the migration what they were before", async () => {
  for (const events of LIVES) writeBefore(events);
  const kept = transactions();
  expect(kept).toHaveLength(LIVES.length);
  migrate(book, rest);
  expect(transactions()).toEqual(kept);
  expect(await feed()).toEqual(LIVES.flat().map(eventText));
  expect((await listed()).toSorted()).toEqual(
    LIVES.flatMap((events) => events.at(-1)?.data ?? []).toSorted(),
  );
});

it("The release before can write into the migrated tables, and this one goes on behind it", async () => {
  migrate(book, rest);
  const completed = life("order-1", "completed");
  const all = refunded(completed, [[100, "succeeded"]]).map((event) => toRecord(event, MERCHANT));
  writeBefore(all.slice(0, 2));
  writeBefore(all.slice(2, 3));
  await appendEvents(d1, all.slice(3));
  expect(await feed()).toEqual(all.map(eventText));
  expect(await listed()).toEqual([all.at(-1)?.data]);
  const refunds = await listRefunds(openDatabase(d1), MERCHANT, {}, undefined, 10);
  expect(refunds.items).toEqual([all.at(-1)?.refund]);
});

it("A transaction that the release before began is authorized and captured in the migrated tables", async () => {
  const all = holdLife("order-1", "captured").map((event) => toRecord(event, MERCHANT));
  writeBefore(all.slice(0, 1));
  migrate(book, rest);
  for (const event of all.slice(1)) {
    await appendEvents(d1, [event]);
    const { status } = JSON.parse(event.data);
    expect(rows("SELECT status, version FROM transactions")).toEqual([
      { status, version: event.sequence },
    ]);
  }
});
