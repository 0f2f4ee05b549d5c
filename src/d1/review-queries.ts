/** Reads how many payments wait for a reviewer. */
import { sql } from "drizzle-orm";
import { STATUS_NUMBERS } from "../domain/transaction/stored/status-numbers";
import { type Database, queryD1 } from "./query";

/** What `countReviews` counts at most. */
export const MAX_COUNTED_REVIEWS = 1_000;

/** How many payments of a merchant are in review, up to `MAX_COUNTED_REVIEWS`. Reads the index alone.
 *  @throws DatabaseUnavailable */
export async function countReviews(db: Database, merchantId: string): Promise<number> {
  const [found] = await queryD1(
    db.all<{ count: number }>(sql`
      SELECT count(*) AS count FROM (
        SELECT 1 FROM listed_transactions INDEXED BY listed_by_status
        WHERE feed = (SELECT id FROM feeds WHERE merchant_id = ${merchantId}) AND status = ${STATUS_NUMBERS.review}
        UNION ALL
        SELECT 1 FROM transactions INDEXED BY transactions_by_status
        WHERE merchant_id = ${merchantId} AND status = 'review'
        LIMIT ${MAX_COUNTED_REVIEWS})`),
  );
  return found?.count ?? 0;
}
