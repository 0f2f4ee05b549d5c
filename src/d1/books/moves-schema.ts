/** The tables of moves of merchants between books. Triggers (`0020_book_moves.sql`) refuse writes for a merchant that is in another book,
 *  and note what changes of one that is being copied. */
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** In the directory: the last move of each merchant. */
export const bookMoves = sqliteTable("book_moves", {
  merchant_id: text().primaryKey(),
  /** Rises with each move of the merchant, so that a late statement of an earlier one changes nothing. */
  move: integer().notNull(),
  from_book: integer().notNull(),
  to_book: integer().notNull(),
  phase: text({ enum: ["copying", "deleting", "done"] }).notNull(),
  /** When the merchant got its new book, in ms since 1970; null before that. */
  switched_at: integer(),
});

/** In each book that a merchant is copied from or to, or was. Kept: a reader or a writer that still takes the book for the
 *  merchant's follows it. */
export const feedMoves = sqliteTable("feed_moves", {
  feed: integer().primaryKey(),
  merchant_id: text().notNull().unique(),
  /** The last move that this book took part in. */
  move: integer().notNull(),
  /** The book that has the merchant's payments; null: this one. */
  moved_to: integer(),
  /** 1 while changes of the merchant's rows are noted in `book_changes`. */
  is_logged: integer().notNull(),
});

/** In the book that a merchant is copied from: keys of rows that were written or deleted since the copy began. */
export const bookChanges = sqliteTable(
  "book_changes",
  {
    feed: integer().notNull(),
    sequence: integer().notNull(),
    /** `payments`, `refunds` or `hours`. */
    part: text().notNull(),
    /** A JSON array. */
    key: text().notNull(),
  },
  // WITHOUT ROWID, which drizzle cannot express.
  (table) => [primaryKey({ columns: [table.feed, table.sequence] })],
);

/** In the book that a merchant is copied to: how far, changed in the transaction that writes the rows. */
export const bookArrivals = sqliteTable("book_arrivals", {
  merchant_id: text().primaryKey(),
  move: integer().notNull(),
  step: integer().notNull(),
  /** Of the attempt that made the step. */
  token: text().notNull(),
  /** A JSON object. */
  progress: text().notNull(),
});
