/** The tables of totals in D1, which every write maintains. Money is minor units.
 *  `webhook_totals` is written by triggers on `webhook_counts` (a migration of their own), never by hand. */
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** How many events there are of each kind and the sum of their amounts, so that no query reads all events. */
export const totals = sqliteTable(
  "totals",
  {
    type: text().notNull(),
    currency: text().notNull(),
    /** Why the transaction or the refund failed: a code of `total_codes`, or `other`. What was claimed beside a charge:
     *  `capture` or `void`. Otherwise mostly empty (`toCounted`). */
    code: text().notNull(),
    /** The decision of the fraud rules. */
    decision: text().notNull(),
    count: integer().notNull(),
    amount_minor: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.type, table.currency, table.code, table.decision] })],
);

/** The `merchant_id` of the sums of all merchants, which the operator's overview reads instead of each of them. */
export const ALL_MERCHANTS = "";

/** What happened in each hour, so that a chart reads neither events nor transactions. Amounts are in minor units of
 *  `currency`. */
export const hourlyTotals = sqliteTable(
  "hourly_totals",
  {
    /** Or `ALL_MERCHANTS`. */
    merchant_id: text().notNull(),
    /** Whole hours since 1970, of the times of the events. */
    hour: integer().notNull(),
    currency: text().notNull(),
    created: integer().notNull(),
    created_minor: integer().notNull(),
    authorized: integer().notNull(),
    /** Charged, or authorized before and captured now; the amount is what was charged or captured. */
    completed: integer().notNull(),
    completed_minor: integer().notNull(),
    /** Failed at the processor, or recorded as declined by an operator. */
    declined: integer().notNull(),
    /** By the fraud rules. */
    blocked: integer().notNull(),
    /** Put into review by the fraud rules, and rejected there. */
    held: integer().notNull(),
    rejected: integer().notNull(),
    /** Cancelled, voided or expired: all that end with the status `cancelled`. */
    cancelled: integer().notNull(),
    /** Refunds that succeeded, and those that failed after they had succeeded: the second are not taken off the first. */
    refunded: integer().notNull(),
    refunded_minor: integer().notNull(),
    reversed: integer().notNull(),
    reversed_minor: integer().notNull(),
    /** Disputes that were opened, with the disputed amount. */
    disputed: integer().notNull(),
    disputed_minor: integer().notNull(),
  },
  // WITHOUT ROWID, which drizzle cannot express.
  (table) => [primaryKey({ columns: [table.merchant_id, table.hour, table.currency] })],
);

/** The failure codes with totals of their own: ours and the first ones that processors sent, at most `MAX_TOTAL_CODES`,
 *  permanently. A processor chooses its codes, so without a limit it would choose the number of series. */
export const totalCodes = sqliteTable("total_codes", { code: text().primaryKey() });

/** Card networks have about forty decline codes. */
export const MAX_TOTAL_CODES = 64;

/** The counters of each merchant's dispatcher, as it last reported them. `labels` are pairs: `outcome=delivered`. */
export const webhookCounts = sqliteTable(
  "webhook_counts",
  {
    merchant_id: text().notNull(),
    name: text().notNull(),
    labels: text().notNull(),
    value: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchant_id, table.name, table.labels] })],
);

/** The sums of `webhook_counts` over all merchants, kept by triggers (a migration of their own). */
export const webhookTotals = sqliteTable(
  "webhook_totals",
  {
    name: text().notNull(),
    labels: text().notNull(),
    value: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.labels] })],
);
