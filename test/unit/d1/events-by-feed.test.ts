/** The migration that numbers events by merchant, on a filled database of the release before: nothing is lost, every
 *  cursor of the feed stays valid, and writing goes on. Over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { keepCursorSecret } from "../../../src/d1/cursor-secret";
import { eventText, listEvents } from "../../../src/d1/events/event-queries";
import { openDatabase } from "../../../src/d1/query";
import { listTransactions } from "../../../src/d1/transaction-queries";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { textsOfPage } from "../../support/feed";
import { heldLife, life, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

const { before, rest } = migrationsAround("events_by_feed");
const MERCHANTS = ["mer_c", "mer_a", "mer_b"];
/** The transactions of three merchants, their events mixed as shards write them. */
const EVENTS = interleave(
  ["completed", "declined", "cancelled", "blocked", "pending", "processing"].flatMap((end, at) =>
    MERCHANTS.map((merchant) =>
      life(`order-${at}-${merchant}`, end as "completed").map((event) => toRecord(event, merchant)),
    ),
  ),
);

let book: DatabaseSync;
let d1: D1Database;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  migrate(book, before);
});

function interleave(lives: EventRecord[][]): EventRecord[] {
  return [0, 1, 2, 3, 4].flatMap((at) => lives.flatMap((events) => events[at] ?? []));
}

/** Writes an event as the release before did. */
function writeBefore({ merchant_id, transaction_id, sequence, type, ...event }: EventRecord): void {
  book
    .prepare(
      "INSERT INTO events (merchant_id, transaction_id, sequence, type, created_at, data) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(merchant_id, transaction_id, sequence, type, event.created_at_ms, event.data);
}

const rows = (sql: string) => book.prepare(sql).all();
const feedAfter = async (merchant: string, place: number, written: EventRecord[] = []) =>
  textsOfPage(await listEvents(openDatabase(d1), merchant, place, 100), written);
const listed = async (merchant: string) =>
  (await listTransactions(openDatabase(d1), merchant, {}, undefined, 100)).items;
const textsOf = (merchant: string, events: EventRecord[]) =>
  events.filter(({ merchant_id }) => merchant_id === merchant).map(eventText);

it("Every cursor of the feed continues at the same event after the migration, and the feed goes on behind it", async () => {
  for (const event of EVENTS) writeBefore(event);
  migrate(book, rest);
  for (const merchant of MERCHANTS) {
    for (let position = 0; position <= EVENTS.length; position++) {
      const later = textsOf(merchant, EVENTS.slice(position));
      expect(await feedAfter(merchant, position)).toEqual(later);
    }
  }
  const next = life("order-new", "completed").map((event) => toRecord(event, "mer_b"));
  await appendEvents(d1, next);
  expect(await feedAfter("mer_b", EVENTS.length, next)).toEqual(next.map(eventText));
});

it("The lists, transactions and totals are after the migration what they were before", async () => {
  for (const event of EVENTS) writeBefore(event);
  const state = () => rows("SELECT * FROM totals ORDER BY type, currency, code, decision");
  const transactions = () =>
    rows("SELECT merchant_id, id, status, version, user_id, created_at FROM transactions");
  const lists = () =>
    rows(
      "SELECT data FROM transactions AS t JOIN events ON position = last_event ORDER BY t.merchant_id, t.created_at DESC, t.id DESC",
    ).map(({ data }) => data);
  const [totalsBefore, transactionsBefore, listsBefore] = [state(), transactions(), lists()];
  expect(transactionsBefore).toHaveLength(18);
  migrate(book, rest);
  expect([state(), transactions()]).toEqual([totalsBefore, transactionsBefore]);
  const listsAfter = await Promise.all(MERCHANTS.toSorted().map(listed));
  expect(listsAfter.flat()).toEqual(listsBefore);
});

it("A rebuild after the migration writes nothing twice", async () => {
  for (const event of EVENTS) writeBefore(event);
  migrate(book, rest);
  const state = () => [
    rows("SELECT CAST(position AS TEXT), data FROM events"),
    rows("SELECT * FROM feed_events"),
    rows("SELECT * FROM totals"),
  ];
  const migrated = state();
  await appendEvents(d1, EVENTS);
  expect(state()).toEqual(migrated);
});

it("A transaction that the release before had begun is finished by this one, in its list and in the feed", async () => {
  const events = heldLife("order-1", "approve", "completed").map((event) =>
    toRecord(event, "mer_a"),
  );
  for (const event of events.slice(0, 2)) writeBefore(event);
  migrate(book, rest);
  await appendEvents(d1, events.slice(1));
  expect(await feedAfter("mer_a", 0, events)).toEqual(events.map(eventText));
  expect(await listed("mer_a")).toEqual([events.at(-1)?.data]);
});

it("The release before cannot write into the migrated tables, and can read the lists", async () => {
  const [first, ...others] = EVENTS;
  if (first) writeBefore(first);
  migrate(book, rest);
  for (const event of others) expect(() => writeBefore(event)).toThrow(/earlier releases/);
  expect(rows("SELECT data FROM transactions JOIN events ON position = last_event")).toEqual([
    { data: first?.data },
  ]);
});

it("Cursors that were not sealed are accepted up to the last position of all merchants, and none in a new D1", async () => {
  for (const event of EVENTS) writeBefore(event);
  migrate(book, rest);
  await appendEvents(
    d1,
    life("order-new", "completed").map((event) => toRecord(event)),
  );
  const secret = await keepCursorSecret(d1, "00".repeat(32));
  expect(secret.unsealed_event).toBe(EVENTS.length);
  book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  migrate(book);
  await appendEvents(d1, EVENTS);
  expect((await keepCursorSecret(d1, "00".repeat(32))).unsealed_event).toBe(0);
});
