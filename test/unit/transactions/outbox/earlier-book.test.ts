/** A shard moves its transactions in the book from the tables of earlier releases: some at a time, and each once. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import { Journal } from "../../../../src/transactions/journal/journal";
import { EarlierBook } from "../../../../src/transactions/outbox/earlier-book";
import { writeEarlier } from "../../../support/earlier-book";
import { MERCHANT } from "../../../support/examples";
import { life } from "../../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../../support/memory-book";
import { type MemoryStorage, memoryStorage } from "../../../support/sqlite";

/** More than two moves. */
const PAYMENTS = 150;
const NOW_MS = 1_000_000;
const { before, rest } = migrationsAround("compact_book");

let storage: MemoryStorage;
let journal: Journal;
let book: DatabaseSync;
let d1: D1Database;
let logged: string[];

function restart(): EarlierBook {
  journal = storage.transactionSync(() => new Journal(storage.sql));
  return new EarlierBook(journal, d1, (_, event) => logged.push(event));
}

function pay(key: string): void {
  const events = life(key, "completed");
  journal.append(MERCHANT, { events } as Change, null); // It reads nothing else.
  journal.write();
}

/** A shard whose events an earlier release has written to the book. */
beforeEach(() => {
  storage = memoryStorage();
  logged = [];
  journal = storage.transactionSync(() => new Journal(storage.sql));
  for (let at = 0; at < PAYMENTS; at++) pay(`order-${at}`);
  book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  migrate(book, before);
  const events = journal.eventsAfter(0, 10_000, Number.MAX_SAFE_INTEGER);
  writeEarlier(book, [...Map.groupBy(events, ({ transaction_id }) => transaction_id).values()]);
  migrate(book, rest);
  storage.sql.exec("UPDATE schema_version SET version = 6");
});

const count = (table: string) =>
  Number(book.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows);

it("Every transaction is moved in some steps, and then nothing is due", async () => {
  const earlier = restart();
  let steps = 0;
  while (earlier.dueAtMs !== undefined) {
    steps += 1;
    expect(earlier.dueAtMs).toBeLessThanOrEqual(NOW_MS);
    await earlier.move(NOW_MS);
    expect(count("transactions") + count("listed_transactions")).toBe(PAYMENTS);
  }
  expect(steps).toBeGreaterThan(2);
  expect([count("transactions"), count("feed_events"), logged]).toEqual([0, 0, []]);
});

it("A shard that stops goes on where its last stored checkpoint was, and moves nothing twice", async () => {
  await restart().move(NOW_MS); // Stops before the checkpoint is stored.
  const again = restart();
  await again.move(NOW_MS);
  await again.move(NOW_MS);
  journal.state.write();
  const left = count("transactions");
  expect(left).toBeGreaterThan(0);
  const last = restart();
  while (last.dueAtMs !== undefined) await last.move(NOW_MS);
  expect([count("transactions"), count("listed_transactions")]).toEqual([0, PAYMENTS]);
});

it("It ends at the last event before the release, whatever comes meanwhile", async () => {
  const earlier = restart();
  const until = journal.lastPosition;
  for (let steps = 0; earlier.dueAtMs !== undefined; steps++) {
    expect(steps).toBeLessThan(10);
    for (let at = 0; at < 100; at++) pay(`new-${steps}-${at}`);
    await earlier.move(NOW_MS);
  }
  expect(journal.checkpoints.get("book_move_until")).toBe(until);
  expect([count("transactions"), count("listed_transactions")]).toEqual([0, PAYMENTS]);
});

it("A D1 that fails is tried again after a while, and the failure is logged", async () => {
  book.exec("ALTER TABLE listed_transactions RENAME TO gone");
  const earlier = restart();
  await earlier.move(NOW_MS);
  expect(logged).toEqual(["book_move.failed"]);
  expect(earlier.dueAtMs).toBe(NOW_MS + 30_000);
  book.exec("ALTER TABLE gone RENAME TO listed_transactions");
  await earlier.move(NOW_MS + 29_999);
  expect(count("listed_transactions")).toBe(0);
  await earlier.move(NOW_MS + 30_000);
  expect(count("listed_transactions")).toBeGreaterThan(0);
});

it("A move does not begin while another one is under way", async () => {
  const earlier = restart();
  await Promise.all([earlier.move(NOW_MS), earlier.move(NOW_MS), earlier.move(NOW_MS)]);
  const moved = count("listed_transactions");
  await earlier.move(NOW_MS);
  expect(moved).toBeLessThanOrEqual(count("listed_transactions") / 2 + 1);
});

it("A shard that is newer than the release moves nothing", () => {
  storage = memoryStorage();
  restart();
  pay("order-1");
  expect(restart().dueAtMs).toBeUndefined();
});
