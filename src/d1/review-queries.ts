/** Reads how many payments wait for a reviewer. */
import { sql } from "drizzle-orm";
import { type Database, queryD1 } from "./query";

/** What `countReviews` counts at most. */
export const MAX_COUNTED_REVIEWS = 1_000;

/** How many payments of a merchant are in review, and when the oldest and the newest of them were created (RFC 3339 UTC;
 *  null when there is none). Reads the index alone: when a review expires is in the transaction.
 *  @returns `count` up to `MAX_COUNTED_REVIEWS`, the oldest first
 *  @throws DatabaseUnavailable */
export async function countReviews(
  db: Database,
  merchantId: string,
): Promise<{ count: number; oldest: string | null; newest: string | null }> {
  const reviews = sql`FROM transactions INDEXED BY transactions_by_status
    WHERE merchant_id = ${merchantId} AND status = 'review'`;
  const [found] = await queryD1(
    db.all<{ count: number; oldest: string | null; newest: string | null }>(sql`
      SELECT count(*) AS count, min(created_at) AS oldest,
        (SELECT created_at ${reviews} ORDER BY created_at DESC, id DESC LIMIT 1) AS newest
      FROM (SELECT created_at ${reviews} ORDER BY created_at, id LIMIT ${MAX_COUNTED_REVIEWS})`),
  );
  return found ?? { count: 0, oldest: null, newest: null };
}
