/** Three books over Node's own SQLite, merchants that move between them, and a writer that does what a shard does. */
import { DatabaseSync } from "node:sqlite";
import { appendEvents } from "../../src/d1/append-events";
import { advanceMove, KEEP_MS } from "../../src/d1/books/moves/advance";
import { isMoved } from "../../src/d1/books/moves/pointers";
import type { Sizes } from "../../src/d1/books/moves/sizes";
import { listEvents } from "../../src/d1/events/event-queries";
import { openDatabase } from "../../src/d1/query";
import { listRefunds } from "../../src/d1/refund-queries";
import { listTransactions } from "../../src/d1/transaction-queries";
import type { EventRecord } from "../../src/domain/transaction/event";
import { MerchantBooks } from "../../src/transactions/outbox/merchant-books";
import { memoryD1, migrate } from "./memory-book";

/** So small that a few payments need several steps. */
export const SMALL: Sizes = {
  rows: { events: 5, payments: 2, refunds: 2, hours: 2 },
  characters: 600_000,
  changes: 4,
  deleted: 3,
  compared: 2,
};

/** What happens around each call of D1: before it and after it. Either may throw or wait. */
export type Interference = {
  before?: (call: number) => Promise<void> | void;
  after?: (call: number) => Promise<void> | void;
};

/** The same database, with something around each call. */
function interfered(db: D1Database, count: () => number, { before, after }: Interference) {
  type Bound = Record<"all" | "run" | "first" | "raw", () => Promise<unknown>> & {
    bind: (...values: unknown[]) => Bound;
    original: D1PreparedStatement;
  };
  const around = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    const call = count();
    await before?.(call);
    const value = await work();
    await after?.(call);
    return value;
  };
  const wrap = (statement: D1PreparedStatement): Bound => ({
    original: statement,
    bind: (...values) => wrap(statement.bind(...values)),
    all: () => around(() => statement.all()),
    run: () => around(() => statement.run()),
    first: () => around(() => statement.first()),
    raw: () => around(() => statement.raw()),
  });
  return {
    prepare: (sql: string) => wrap(db.prepare(sql)),
    batch: (all: Bound[]) => around(() => db.batch(all.map(({ original }) => original))),
  } as unknown as D1Database;
}

/** The tables of a book and the codes in them, as the migrations leave them. */
let template: string | undefined;

/** A new book. Running the migrations takes five times as long as creating what they end with. */
function migrated(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  if (template === undefined) {
    const first = new DatabaseSync(":memory:");
    migrate(first);
    const tables = first
      .prepare(
        `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'
         ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END`,
      )
      .all()
      .map(({ sql }) => `${sql};`);
    const codes = first.prepare("SELECT code FROM total_codes").all();
    const kept = codes.map(({ code }) => `INSERT INTO total_codes VALUES ('${code}');`);
    template = [...tables, ...kept].join("\n");
  }
  database.exec(template);
  return database;
}

export function movingBooks(merchants: string[]) {
  const databases = [1, 2, 3].map(migrated);
  const [one, two, three] = databases.map((database) => memoryD1(database));
  if (!one || !two || !three) throw new Error("three were made");
  const env = { DB: one, BOOK_2: two, BOOK_3: three };
  const directory = databases[0] as DatabaseSync;
  for (const id of merchants) {
    directory.prepare("INSERT INTO merchants (id, name, created_at) VALUES (?, 'Shop', 1)").run(id);
  }
  // A merchant's feed has another number in each book.
  for (const [at, database] of databases.entries()) {
    for (let count = 0; count < at * 3; count++) {
      database.prepare("INSERT INTO feeds (merchant_id) VALUES (?)").run(`mer_before_${count}`);
    }
  }
  const bookOf = (merchant: string) =>
    Number(directory.prepare("SELECT book FROM merchants WHERE id = ?").get(merchant)?.book);
  const dbOf = (book: number) => [one, two, three][book - 1] as D1Database;
  const rows = (book: number, sql: string, ...values: string[]) =>
    (databases[book - 1] as DatabaseSync).prepare(sql).all(...values);

  let nowMs = Date.now();
  /** An environment of a caller of its own. */
  const interfere = (interference: Interference) => {
    let calls = 0;
    const count = () => {
      calls += 1;
      return calls;
    };
    const [DB, BOOK_2, BOOK_3] = [one, two, three].map((db) => interfered(db, count, interference));
    return { env: { DB, BOOK_2, BOOK_3 } as typeof env, calls: () => calls };
  };
  /** Makes steps until the move has ended. @param between called before each step */
  const move = async (
    merchant: string,
    to: number,
    between: (step: number) => Promise<void> | void = () => {},
    by: typeof env = env,
  ) => {
    for (let step = 0; step < 2_000; step++) {
      await between(step);
      const status = await advanceMove(by, merchant, to, nowMs, SMALL);
      if (!status) throw new Error("no merchant");
      if (status.phase === "done") return;
      if (status.wait_ms > 0) nowMs += KEEP_MS;
    }
    throw new Error("the move does not end");
  };

  /** What a shard does: the book it knows, or that to which it points. @returns whether all is written */
  const books = new MerchantBooks(env, 3);
  const write = async (events: EventRecord[]) => {
    try {
      await books.each(events, (db, own) => appendEvents(db, own));
      return true;
    } catch (fault) {
      if (isMoved(fault)) return false;
      throw fault;
    }
  };

  /** Everything of a merchant that readers see in a book. */
  const readAll = async (merchant: string, book = bookOf(merchant)) => {
    const db = openDatabase(dbOf(book));
    const [payments, refunds, feed] = await Promise.all([
      listTransactions(db, merchant, {}, undefined, 1_000),
      listRefunds(db, merchant, {}, undefined, 1_000),
      listEvents(db, merchant, "oldest", 1_000),
    ]);
    const statement = (databases[book - 1] as DatabaseSync).prepare(
      "SELECT * FROM hourly_totals WHERE merchant_id = ? ORDER BY hour, currency",
    );
    statement.setReadBigInts(true); // A sum can exceed the numbers of JavaScript.
    const hours = statement.all(merchant);
    return {
      payments: payments.items,
      refunds: refunds.items,
      feed: feed.entries,
      hours,
      archived_through_ms: payments.archived_through_ms,
    };
  };
  /** How many rows of a merchant a book has, in all tables. */
  const countRows = (merchant: string, book: number) =>
    Number(
      rows(
        book,
        `SELECT (SELECT count(*) FROM feeds JOIN feed_events ON position / 4398046511104 = feeds.id WHERE merchant_id = ?1)
         + (SELECT count(*) FROM feeds JOIN listed_transactions ON feed = feeds.id WHERE merchant_id = ?1)
         + (SELECT count(*) FROM refunds WHERE merchant_id = ?1)
         + (SELECT count(*) FROM hourly_totals WHERE merchant_id = ?1)
         + (SELECT count(*) FROM book_changes) AS n`,
        merchant,
      )[0]?.n,
    );
  return {
    env,
    dbOf,
    bookOf,
    rows,
    interfere,
    move,
    write,
    readAll,
    countRows,
    books,
    now: () => nowMs,
  };
}
