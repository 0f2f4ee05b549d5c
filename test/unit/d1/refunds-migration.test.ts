/** The migration for refunds, on a filled database of the release before: nothing changes, that release can go on writing
 *  and reading, and this one writes what that one could not. Over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { eventText, listEvents } from "../../../src/d1/events/event-queries";
import { openDatabase } from "../../../src/d1/query";
import { listRefunds } from "../../../src/d1/refund-queries";
import { listTransactions } from "../../../src/d1/transaction-queries";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { writeEarlier } from "../../support/earlier-book";
import { textsOfPage } from "../../support/feed";
import { ENDS, heldLife, holdLife, life, refunded, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

const { before, rest } = migrationsAround("refunds");
/** The next migrations, until the tables of the release before are closed. */
const open = rest.slice(0, rest.indexOf(migrationsAround("compact_book").rest[0] ?? ""));
const closed = rest.slice(open.length);
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
  book.exec(`INSERT INTO feeds (id, merchant_id) VALUES (1, '${MERCHANT}')`);
});

/** Writes the events of a transaction in one row, as the releases before do. */
function writeBefore(events: EventRecord[]): void {
  place += events.length;
  writeEarlier(book, [events], [place]);
}

const rows = (sql: string) => book.prepare(sql).all();
const transactions = () => rows("SELECT * FROM transactions");
const feed = async (written: EventRecord[] = []) =>
  textsOfPage(await listEvents(openDatabase(d1), MERCHANT, 0, 100), written);
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
  migrate(book, open);
  const completed = life("order-1", "completed");
  const all = refunded(completed, [[100, "succeeded"]]).map((event) => toRecord(event, MERCHANT));
  writeBefore(all.slice(0, 2));
  writeBefore(all.slice(2, 3));
  migrate(book, closed);
  await appendEvents(d1, all.slice(3));
  expect(await feed(all)).toEqual(all.map(eventText));
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
    expect(await listed()).toEqual([event.data]);
  }
});
