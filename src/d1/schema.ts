/** The book's tables in D1. Money is minor units; times are milliseconds since 1970
 *  unless a column says otherwise.
 *  `totals-schema.ts` has the tables of totals, `risk/risk-schema.ts` those of fraud rules, and `earlier-schema.ts` those that
 *  earlier releases wrote. */
import { sql } from "drizzle-orm";
import { blob, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { REFUND_STATUSES } from "../domain/transaction/refund";

export const merchants = sqliteTable(
  "merchants",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    created_at: integer().notNull(),
    /** The currency of creates that name none; never changes. USD for merchants from before it existed. */
    default_currency: text().notNull().default("USD"),
    /** The book that has the merchant's payments. */
    book: integer().notNull().default(1),
  },
  (table) => [index("merchants_by_time").on(table.created_at, table.id)],
);

export const apiKeys = sqliteTable(
  "api_keys",
  {
    id: text().primaryKey(),
    merchant_id: text()
      .notNull()
      .references(() => merchants.id),
    name: text(),
    /** SHA-256 of the key in hex; the key itself is shown once and not stored. */
    hash: text().notNull().unique(),
    /** The key's last four characters, by which its owner recognises it. */
    last_four: text().notNull(),
    scopes: text({ mode: "json" }).$type<string[]>().notNull(),
    created_at: integer().notNull(),
    expires_at: integer(),
    /** The start of the hour in which a request last used the key; null if none has. */
    last_used_at: integer(),
  },
  (table) => [
    index("api_keys_by_merchant").on(table.merchant_id, table.created_at, table.id),
    // Only these count for the limit; the number of ended keys is not bounded.
    index("api_keys_without_end").on(table.merchant_id).where(sql`expires_at IS NULL`),
  ],
);

/** Facts about the deployment that must not change unnoticed. */
export const settings = sqliteTable("settings", {
  name: text().primaryKey(),
  value: text().notNull(),
});

/** The number of each merchant's feed, which is the upper bits of the positions of its events, and its bounds. Never deleted. */
export const feeds = sqliteTable("feeds", {
  id: integer().primaryKey(),
  merchant_id: text().notNull().unique(),
  /** The place up to which the feed's events have been deleted. */
  deleted_through: integer().notNull().default(0),
  /** The newest `created_at` of the merchant's payments that were removed for the archive; null before there were any. */
  archived_through: integer(),
});

/** Places in a feed. The times that places begin with stay below it until the year 2109, and 64 bits hold two million
 *  feeds. A position does not fit into a JavaScript number; a place does. */
export const FEED_SIZE = 2 ** 42;

/** The feed: a row for all events of a transaction that were written together. The owner of the transaction has their
 *  texts. */
export const feedEvents = sqliteTable("feed_events", {
  /** Of the last event: the feed's id times `FEED_SIZE`, plus the event's place in the feed. So one integer, which is
   *  the key of a row without an index, orders the events of each merchant. Each event has a place of its own: that of
   *  the last but one is lower by 1. */
  position: integer().primaryKey(),
  /** The transaction's, as `packId` makes it. */
  id: blob({ mode: "buffer" }).notNull(),
  /** The sequences of the first and the last event of the row. */
  first: integer().notNull(),
  sequence: integer().notNull(),
});

/** What lists return, filter and sort by: each transaction as of its last event. Rows are stored in the order in which they
 *  are listed. There is no index by id alone: ids are as good as random, so it would cost each write a page of its own, and
 *  the shards serve reads by id. */
export const listedTransactions = sqliteTable(
  "listed_transactions",
  {
    /** The merchant's number in `feeds`. */
    feed: integer().notNull(),
    created_at: integer().notNull(),
    /** As `packId` makes it: it sorts like the id itself. */
    id: blob({ mode: "buffer" }).notNull(),
    version: integer().notNull(),
    /** One of `STATUS_NUMBERS`. */
    status: integer().notNull(),
    user_id: text().notNull(),
    amount_minor: integer().notNull(),
    currency: text().notNull(),
    updated_at: integer().notNull(),
    /** One of `FORMS`. */
    form: integer().notNull(),
    /** The JSON text of the response, packed against a blank payment with what the columns have when `form` says so. */
    data: text().notNull(),
  },
  (table) => [
    // WITHOUT ROWID, which drizzle cannot express.
    primaryKey({ columns: [table.feed, table.created_at, table.id] }),
    // The status before the time: it serves a customer's transactions of one status and, read once for each
    // status, all of them. D1 has no statistics to choose by, so the lists name their index.
    index("listed_by_user").on(table.feed, table.user_id, table.status, table.created_at, table.id),
    index("listed_by_status").on(table.feed, table.status, table.created_at, table.id),
  ],
);

/** Every refund as of its last event, in the order in which they are listed. */
export const refunds = sqliteTable(
  "refunds",
  {
    id: text().notNull(),
    merchant_id: text().notNull(),
    transaction_id: text().notNull(),
    status: text({ enum: REFUND_STATUSES }).notNull(),
    amount_minor: integer().notNull(),
    currency: text().notNull(),
    /** The sequence of the last event: a write of an earlier one changes nothing. */
    sequence: integer().notNull(),
    /** RFC 3339 UTC with milliseconds, as in the refund itself: its text sorts like its time. */
    created_at: text().notNull(),
    /** The JSON text of the response. */
    data: text().notNull(),
  },
  (table) => [
    // WITHOUT ROWID, which drizzle cannot express.
    primaryKey({ columns: [table.merchant_id, table.created_at, table.id] }),
    // Without the status: a transaction has at most a hundred refunds.
    index("refunds_by_transaction").on(
      table.merchant_id,
      table.transaction_id,
      table.created_at,
      table.id,
    ),
    index("refunds_by_status").on(table.merchant_id, table.status, table.created_at, table.id),
  ],
);

/** Who is signed in to the console. The token itself is only in the browser's cookie. */
export const consoleSessions = sqliteTable(
  "console_sessions",
  {
    /** SHA-256 of the token in hex. */
    id: text().primaryKey(),
    /** SHA-256 in hex of the API key or the admin token with which the session began. */
    credential: text().notNull(),
    kind: text({ enum: ["api_key", "admin"] }).notNull(),
    created_at: integer().notNull(),
    expires_at: integer().notNull(),
  },
  // WITHOUT ROWID, which drizzle cannot express.
  (table) => [index("console_sessions_by_end").on(table.expires_at)],
);
