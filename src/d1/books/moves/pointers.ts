/** What a book says of merchants that are not there any more, or not yet. */
import { queryD1 } from "../../query";

/** The messages of the triggers that refuse a write for a merchant that is in another book. */
const MOVED = /merchant_moved|merchant_in_other_book/;

/** Whether a write failed because a merchant in it is in another book. */
export function isMoved(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  return MOVED.test(fault.message) || isMoved(fault.cause);
}

/** The books to which a book points for some merchants, without those that it has itself.
 *  @throws DatabaseUnavailable */
export async function findPointers(
  db: D1Database,
  merchantIds: string[],
  limitMs?: number,
): Promise<Map<string, number>> {
  const { results } = await queryD1(
    db
      .prepare(
        `SELECT merchant_id, moved_to FROM feed_moves
         WHERE merchant_id IN (SELECT value FROM json_each(?1)) AND moved_to IS NOT NULL`,
      )
      .bind(JSON.stringify(merchantIds))
      .all<{ merchant_id: string; moved_to: number }>(),
    limitMs,
  );
  return new Map(results.map(({ merchant_id, moved_to }) => [merchant_id, moved_to]));
}
