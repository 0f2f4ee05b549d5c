/** What D1 adds up to: small tables that triggers keep, so asking never reads the events or the merchants. */
import type { Count } from "../observability/durable-counters";
import { type Database, queryD1 } from "./query";
import { totals, webhookTotals } from "./schema";

/** Events of one kind. `code` is why their transactions failed, or empty; `amount_minor` is in `currency`. */
export type Total = typeof totals.$inferSelect;

/** All of the book, and the sums of what the merchants' dispatchers have counted, in one call.
 *  @throws DatabaseUnavailable when there is no answer within `limitMs`. */
export async function readTotals(
  db: Database,
  limitMs: number,
): Promise<{ book: Total[]; webhooks: Count[] }> {
  const questions = [db.select().from(totals), db.select().from(webhookTotals)] as const;
  const [book, webhooks] = await queryD1(db.batch(questions), limitMs);
  return { book, webhooks };
}
