/** The tables of transactions and events as releases before `listed_transactions` wrote them. They are read, and their rows
 *  move or are deleted; nothing is added. */
import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { STATUSES } from "../domain/transaction/status";
import type { EarlierEvent } from "./events/earlier-events";

/** All events of a transaction that were written together are one row: the last one, and before it the `earlier` ones.
 *  Positions are as in `feed_events`. */
export const earlierEvents = sqliteTable("events", {
  position: integer().primaryKey(),
  merchant_id: text().notNull(),
  transaction_id: text().notNull(),
  sequence: integer().notNull(),
  type: text().notNull(),
  created_at: integer().notNull(),
  /** The transaction as of then: the JSON text of the response. */
  data: text().notNull(),
  /** Oldest first. */
  earlier: text({ mode: "json" }).$type<EarlierEvent[]>().notNull(),
  /** The refund as of then, the JSON text of the response, if the last event is about one. */
  refund: text(),
});

/** The columns that transactions are filtered and sorted by; their text is in their last event. */
export const earlierTransactions = sqliteTable(
  "transactions",
  {
    id: text().notNull(),
    merchant_id: text().notNull(),
    idempotency_key: text().notNull(),
    user_id: text().notNull(),
    amount_minor: integer().notNull(),
    currency: text().notNull(),
    status: text({ enum: STATUSES }).notNull(),
    fraud_score: integer().notNull(),
    version: integer().notNull(),
    /** RFC 3339 UTC with milliseconds, as in the transaction itself: its text sorts like its time. */
    created_at: text().notNull(),
    last_event: integer().notNull(),
  },
  (table) => [
    // WITHOUT ROWID, which drizzle cannot express.
    primaryKey({ columns: [table.merchant_id, table.created_at, table.id] }),
    index("transactions_by_user").on(
      table.merchant_id,
      table.user_id,
      table.status,
      table.created_at,
      table.id,
    ),
    index("transactions_by_status").on(table.merchant_id, table.status, table.created_at, table.id),
    check("amount_is_positive", sql`${table.amount_minor} > 0`),
  ],
);
