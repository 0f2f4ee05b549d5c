/** Several books as the destination of an outbox. */
import { DatabaseSync } from "node:sqlite";
import { expect, it, vi } from "vitest";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import { Journal } from "../../../../src/transactions/journal/journal";
import { BookDestination } from "../../../../src/transactions/outbox/book-destination";
import { MerchantBooks } from "../../../../src/transactions/outbox/merchant-books";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { toBook } from "../../../../src/transactions/outbox/to-book";
import { fakeClock, turn } from "../../../support/fake-clock";
import { life } from "../../../support/lives";
import { memoryD1, migrate } from "../../../support/memory-book";
import { memoryStorage } from "../../../support/sqlite";

fakeClock();

/** A shard whose merchants `one…` are in book 1 and `two…` in book 2. Of the books some are broken, also `directory`. */
function shard() {
  const { sql } = memoryStorage();
  const journal = new Journal(sql);
  const database = new DatabaseSync(":memory:");
  migrate(database);
  const directory = memoryD1(database);
  const broken = new Set<string>();
  const hanging = new Set<string>();
  const queries: string[] = [];
  const two = {} as D1Database;
  const env = {
    DB: {
      ...directory,
      prepare: (text: string) => {
        queries.push(text);
        if (broken.has("directory")) throw new Error("broken");
        return directory.prepare(text);
      },
    } as D1Database,
    BOOK_2: two,
  };
  for (const id of ["one", "one-b", "two", "two-b"]) {
    database
      .prepare("INSERT INTO merchants (id, name, created_at, book) VALUES (?, 'Shop', 1, ?)")
      .run(id, id.startsWith("two") ? 2 : 1);
  }
  const written: { book: number; merchant: string; position: number }[] = [];
  const calls: number[] = [];
  const append = (merchant: string, count = 1) => {
    for (let at = 0; at < count; at++) {
      const created_at = new Date().toISOString();
      const transaction_id = `${merchant}-${journal.lastPosition}`;
      const event = { transaction_id, sequence: 1, type: "transaction.created", created_at };
      journal.append(merchant, { events: [{ ...event, data: {} }] } as unknown as Change, null);
      journal.write();
    }
  };
  const start = () => {
    const books = new MerchantBooks(env, 2);
    const destination = new BookDestination(
      sql,
      journal,
      books,
      async (db, events) => {
        const book = db === two ? 2 : 1;
        calls.push(book);
        await turn();
        if (hanging.has(String(book))) await new Promise(() => {});
        if (broken.has(String(book))) throw new Error("broken");
        for (const { merchant_id: merchant, position } of events) {
          written.push({ book, merchant, position });
        }
      },
      () => {},
    );
    return new OutboxRelay(journal, {
      name: "book",
      deliver: (events) => destination.deliver(events),
      due_at_ms: () => destination.retryAtMs,
      waiting: () => destination.waiting,
      waiting_from: (merchantId) => destination.waitingFrom(merchantId),
      rewind: () => destination.rewind(),
      onFailure: () => {},
    });
  };
  const rows = () => sql.exec("SELECT 1 FROM book_waiting").toArray().length;
  const positionsOf = (merchant: string) =>
    written.filter((one) => one.merchant === merchant).map(({ position }) => position);
  return {
    sql,
    journal,
    append,
    broken,
    hanging,
    written,
    calls,
    queries,
    start,
    rows,
    positionsOf,
    outbox: start(),
  };
}

it("Events are written to the book of their merchant, and the directory is read once", async () => {
  const { append, written, outbox, queries } = shard();
  for (const merchant of ["one", "two", "one-b", "two-b", "nobody"]) append(merchant);
  await outbox.drain(Date.now());
  append("two");
  await outbox.drain(Date.now());
  expect(written.map(({ book, merchant }) => `${book} ${merchant}`).sort()).toEqual([
    "1 nobody",
    "1 one",
    "1 one-b",
    "2 two",
    "2 two",
    "2 two-b",
  ]);
  expect(queries.length).toBe(1);
  expect(outbox.backlog(Date.now()).depth).toBe(0);
});

it("A book that fails delays only its own merchants, whose events keep their order", async () => {
  const { append, broken, outbox, positionsOf, rows } = shard();
  broken.add("2");
  append("two", 3);
  append("one", 2);
  await outbox.drain(Date.now());
  append("two", 2);
  append("two-b");
  append("one");
  await outbox.drain(Date.now());
  expect(positionsOf("one")).toEqual([4, 5, 9]);
  expect(positionsOf("two")).toEqual([]);
  expect(outbox.backlog(Date.now() + 9_000)).toEqual({
    depth: 6,
    oldest_age_ms: 9_000,
    failures: 1,
  });
  expect(outbox.settledThrough).toBe(0);
  expect([
    outbox.waitingFrom("one"),
    outbox.waitingFrom("two"),
    outbox.waitingFrom("two-b"),
  ]).toEqual([undefined, 1, 8]);
  broken.clear();
  vi.setSystemTime(Date.now() + 60_000);
  await outbox.drain(Date.now());
  expect(positionsOf("two")).toEqual([1, 2, 3, 6, 7]);
  expect(rows()).toBe(0);
  expect(outbox.backlog(Date.now())).toEqual({ depth: 0, oldest_age_ms: 0, failures: 0 });
  expect(outbox.settledThrough).toBe(9);
});

it("More waiting events than one write holds are all written, in order, also after a restart", async () => {
  const { append, broken, outbox, positionsOf, start, rows } = shard();
  broken.add("2");
  append("two", 330);
  append("two-b", 5);
  await outbox.drain(Date.now());
  outbox.storeCheckpoint();
  expect(rows()).toBe(335);
  broken.clear();
  vi.setSystemTime(Date.now() + 60_000);
  const restarted = start();
  await restarted.drain(Date.now());
  expect(positionsOf("two")).toEqual(Array.from({ length: 330 }, (_, at) => at + 1));
  expect(positionsOf("two-b").length).toBe(5);
  expect(rows()).toBe(0);
});

it("A book that fails is called rarely, however many merchants and events it has", async () => {
  const { append, broken, calls, outbox } = shard();
  broken.add("2");
  for (let second = 0; second < 20; second++) {
    append("two");
    append("two-b");
    append("one");
    vi.setSystemTime(Date.now() + 1_000);
    await outbox.drain(Date.now());
  }
  const count = (book: number) => calls.filter((one) => one === book).length;
  // At once, and after 1, 2, 4 and 8 seconds.
  expect([count(1), count(2)]).toEqual([20, 5]);
});

it("A book that hangs delays a delivery to the others once, and then none until it is tried again", async () => {
  const { append, hanging, outbox, positionsOf } = shard();
  hanging.add("2");
  append("two");
  append("one");
  const first = outbox.drain(Date.now());
  await vi.advanceTimersByTimeAsync(4_000);
  await first;
  expect(positionsOf("one")).toEqual([2]);
  append("two");
  append("one");
  await outbox.drain(Date.now()); // The clock stands still.
  expect(positionsOf("one")).toEqual([2, 4]);
});

it("While the directory fails, the merchants that are known are written, and the others wait", async () => {
  const { append, broken, outbox, positionsOf, written } = shard();
  append("one");
  append("two");
  await outbox.drain(Date.now());
  broken.add("directory");
  append("one");
  append("two");
  append("two-b");
  await outbox.drain(Date.now());
  expect(positionsOf("two")).toEqual([2, 4]);
  expect(positionsOf("two-b")).toEqual([]);
  broken.clear();
  vi.setSystemTime(Date.now() + 60_000);
  await outbox.drain(Date.now());
  expect(written).toContainEqual({ book: 2, merchant: "two-b", position: 5 });
  expect(positionsOf("one")).toEqual([1, 3]);
});

it("A rewind forgets what waits, because everything is delivered again in order", async () => {
  const { append, broken, outbox, positionsOf, rows } = shard();
  broken.add("2");
  append("two", 2);
  append("one");
  await outbox.drain(Date.now());
  broken.clear();
  outbox.rewind(0);
  expect(rows()).toBe(0);
  vi.setSystemTime(Date.now() + 60_000);
  await outbox.drain(Date.now());
  expect(positionsOf("two")).toEqual([1, 2]);
  expect(positionsOf("one")).toEqual([3, 3]);
});

it("Events that were set aside while there were several books are written when there is one again", async () => {
  const { sql } = memoryStorage();
  const journal = new Journal(sql);
  const database = new DatabaseSync(":memory:");
  migrate(database);
  const books = new MerchantBooks({ DB: memoryD1(database) }, 1);
  const deliver = () => toBook(sql, journal, books, 0, () => {});
  expect(deliver().due_at_ms).toBeUndefined();
  journal.append("mer_a", { events: life("order", "completed") } as unknown as Change, null);
  journal.write();
  sql.exec("INSERT INTO book_waiting SELECT position, 'mer_a' FROM events");
  const delivery = deliver();
  expect(delivery.due_at_ms?.()).toBeLessThanOrEqual(Date.now());
  await delivery.deliver([], 0);
  expect(delivery.waiting?.()).toBe(0);
  expect(database.prepare("SELECT version FROM listed_transactions").all()).toEqual([
    { version: 3 },
  ]);
});
