/** What the book adds up to: one small table that triggers keep, so asking never reads the events. */
import { ask, type Database } from "./ask";
import { totals } from "./schema";

/** Events of one kind. `code` is why their transactions failed, or empty; `amount_minor` is in `currency`. */
export type Total = typeof totals.$inferSelect;

/** All of them. @throws DatabaseUnavailable when there is no answer within `limitMs`. */
export function readTotals(db: Database, limitMs: number): Promise<Total[]> {
  return ask(db.select().from(totals), limitMs);
}
