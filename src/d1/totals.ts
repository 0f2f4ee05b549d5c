/** Totals in D1: small tables that every write maintains, so that a scrape reads neither events nor merchants. */
import type { Count } from "../observability/durable-counters";
import { type Database, queryD1 } from "./query";
import { totals, webhookTotals } from "./schema";

/** Events of one kind. `code` is why their transactions failed, or empty; `amount_minor` is in `currency`. */
export type Total = typeof totals.$inferSelect;

/** The code of transactions that were cancelled during their review: it separates them from those that were pending, so
 *  that the totals add up to the number of transactions in each status. */
export const CANCELLED_IN_REVIEW = "in_review";

/** The totals of events and of the merchants' dispatchers, in one call.
 *  @throws DatabaseUnavailable when there is no response within `limitMs` */
export async function readTotals(
  db: Database,
  limitMs: number,
): Promise<{ book: Total[]; webhooks: Count[] }> {
  const queries = [db.select().from(totals), db.select().from(webhookTotals)] as const;
  const [book, webhooks] = await queryD1(db.batch(queries), limitMs);
  return { book, webhooks };
}
