/** Merchants whose book refuses them, because they are in another one or are being moved. */
import { expect, it, vi } from "vitest";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import { Journal } from "../../../../src/transactions/journal/journal";
import { BookDestination } from "../../../../src/transactions/outbox/book-destination";
import { MerchantBooks } from "../../../../src/transactions/outbox/merchant-books";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { fakeClock } from "../../../support/fake-clock";
import { movingBooks } from "../../../support/moving-books";
import { memoryStorage } from "../../../support/sqlite";

fakeClock();

/** A shard whose merchants are in book 1 as far as it has read. */
function shard(merchants: string[]) {
  const { sql } = memoryStorage();
  const journal = new Journal(sql);
  const { env, rows, dbOf } = movingBooks(merchants);
  const written: { book: number; merchant: string; position: number }[] = [];
  const calls: string[] = [];
  const pointerOf = (book: number, merchant: string) =>
    rows(book, "SELECT moved_to FROM feed_moves WHERE merchant_id = ?", merchant)[0]?.moved_to ??
    null;
  /** Makes a book point elsewhere, or not any more. */
  const point = (book: number, merchant: string, to: number | null) => {
    rows(book, "INSERT INTO feeds (merchant_id) VALUES (?) ON CONFLICT DO NOTHING", merchant);
    rows(book, "DELETE FROM feed_moves WHERE merchant_id = ?", merchant);
    const sent = to === null ? "NULL" : String(to);
    rows(
      book,
      `INSERT INTO feed_moves SELECT id, merchant_id, 1, ${sent}, 0 FROM feeds WHERE merchant_id = ?`,
      merchant,
    );
  };
  const destination = new BookDestination(
    sql,
    journal,
    new MerchantBooks(env, 3),
    async (db, events) => {
      const book = [1, 2, 3].find((one) => dbOf(one) === db) ?? 0;
      const names = [...new Set(events.map(({ merchant_id }) => merchant_id))];
      calls.push(`${book} ${names.join(",")}`);
      if (names.some((name) => pointerOf(book, name) !== null)) {
        throw new Error("D1_ERROR: merchant_moved: SQLITE_CONSTRAINT");
      }
      for (const { merchant_id: merchant, position } of events) {
        written.push({ book, merchant, position });
      }
    },
    () => {},
  );
  const outbox = new OutboxRelay(journal, {
    name: "book",
    deliver: (events) => destination.deliver(events),
    due_at_ms: () => destination.retryAtMs,
    waiting: () => destination.waiting,
    waiting_from: (merchantId) => destination.waitingFrom(merchantId),
    rewind: () => destination.rewind(),
    onFailure: () => {},
  });
  const append = (merchant: string) => {
    const created_at = new Date().toISOString();
    const transaction_id = `${merchant}-${journal.lastPosition}`;
    const event = { transaction_id, sequence: 1, type: "transaction.created", created_at };
    journal.append(merchant, { events: [{ ...event, data: {} }] } as unknown as Change, null);
    journal.write();
  };
  return { outbox, append, point, written, calls, rows };
}

it("Events of a merchant that has moved go to its book at once, and those of others in the same write too", async () => {
  const { outbox, append, point, written, calls } = shard(["a", "b", "c"]);
  append("a");
  await outbox.drain(Date.now());
  point(1, "b", 2);
  point(1, "c", 2);
  point(2, "c", 3);
  for (const merchant of ["a", "b", "c"]) append(merchant);
  await outbox.drain(Date.now());
  const found = written.map(({ book, merchant }) => `${book} ${merchant}`).sort();
  expect(found).toEqual(["1 a", "1 a", "2 b", "3 c"]);
  expect(outbox.backlog(Date.now()).depth).toBe(0);
  calls.length = 0;
  for (const merchant of ["a", "b", "c"]) append(merchant);
  await outbox.drain(Date.now());
  expect(calls.sort()).toEqual(["1 a", "2 b", "3 c"]);
});

it("A merchant that two books refuse waits alone, is tried every few seconds, and then goes where it is", async () => {
  const { outbox, append, point, written, calls } = shard(["a", "b"]);
  point(1, "b", 2);
  point(2, "b", 1);
  append("a");
  append("b");
  await outbox.drain(Date.now());
  expect(written).toEqual([{ book: 1, merchant: "a", position: 1 }]);
  expect(outbox.waitingFrom("b")).toBe(2);
  expect(outbox.waitingFrom("a")).toBeUndefined();
  calls.length = 0;
  for (let second = 0; second < 20; second++) {
    append("b");
    append("a");
    vi.setSystemTime(Date.now() + 1_000);
    await outbox.drain(Date.now());
  }
  expect(calls.filter((call) => call === "1 a").length).toBe(20);
  // After 0.5, 1, 2 and then every 4 seconds; each time both books are asked, one of them twice.
  expect(calls.filter((call) => call.endsWith("b")).length).toBeLessThanOrEqual(3 * 7);
  point(2, "b", null);
  vi.setSystemTime(Date.now() + 4_000);
  await outbox.drain(Date.now());
  const own = written.filter(({ merchant }) => merchant === "b");
  expect(own.map(({ book }) => book)).toEqual(Array.from({ length: 21 }, () => 2));
  const positions = own.map(({ position }) => position);
  expect(positions).toEqual(positions.toSorted((one, other) => one - other));
  expect(outbox.backlog(Date.now())).toEqual({ depth: 0, oldest_age_ms: 0, failures: 0 });
});

it("A merchant whose move was given up is written where it was", async () => {
  const { outbox, append, point, written } = shard(["b"]);
  point(1, "b", 2);
  point(2, "b", 1);
  append("b");
  await outbox.drain(Date.now());
  point(1, "b", null);
  vi.setSystemTime(Date.now() + 4_000);
  await outbox.drain(Date.now());
  expect(written).toEqual([{ book: 1, merchant: "b", position: 1 }]);
});

it("After books were set back, a rebuild writes where the directory has the merchant now", async () => {
  const { outbox, append, point, written, rows } = shard(["b"]);
  append("b");
  await outbox.drain(Date.now());
  // Another shard's events have made the directory's book known there, and not here.
  point(1, "b", 2);
  rows(1, "UPDATE merchants SET book = 2 WHERE id = 'b'");
  // Book 1 is set back to a time before the pointer, and the directory is corrected.
  point(1, "b", null);
  written.length = 0;
  outbox.rewind(0);
  vi.setSystemTime(Date.now() + 60_000);
  await outbox.drain(Date.now());
  expect(written).toEqual([{ book: 2, merchant: "b", position: 1 }]);
});
