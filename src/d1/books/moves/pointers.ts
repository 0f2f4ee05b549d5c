/** What a book says of merchants that are not there any more, or not yet. */
import type { BookBindings } from "../../../env";
import { FIRST_BOOK } from "../../../settings";
import { openDatabase, queryD1 } from "../../query";
import { findBook } from "../books";
import { findBooks } from "../directory";

/** From a book to the one that it points to, and so on: merchants are moved rarely. */
const MAX_HOPS = 4;

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

/** The book to which a book points for a merchant; undefined when it has the merchant itself.
 *  @throws DatabaseUnavailable */
export async function findPointer(
  env: BookBindings,
  merchantId: string,
  book: number,
): Promise<number | undefined> {
  return (await findPointers(findBook(env, book), [merchantId])).get(merchantId);
}

/** The book at the end of a merchant's pointers. Two books that point to each other are those of a move that has not ended: then
 *  the directory's has everything.
 *  @param first the book that is taken for the merchant's
 *  @param second the one to which it points
 *  @throws DatabaseUnavailable */
export async function followPointers(
  env: BookBindings,
  merchantId: string,
  first: number,
  second: number | undefined,
): Promise<number> {
  const seen = new Set<number>();
  let book = first;
  let next = second;
  while (next !== undefined) {
    seen.add(book);
    if (seen.has(next) || seen.size > MAX_HOPS) return readBook(env, merchantId);
    book = next;
    next = await findPointer(env, merchantId, book);
  }
  return book;
}

/** The directory's book of a merchant. @throws DatabaseUnavailable */
export async function readBook(env: BookBindings, merchantId: string): Promise<number> {
  const found = await findBooks(openDatabase(env.DB), [merchantId]);
  return found.get(merchantId) ?? FIRST_BOOK;
}

/** The number of the move by which a book points elsewhere for a merchant; undefined when it does not.
 *  @throws DatabaseUnavailable */
export async function findFence(db: D1Database, merchantId: string): Promise<number | undefined> {
  const statement = db.prepare(
    "SELECT move FROM feed_moves WHERE merchant_id = ?1 AND moved_to IS NOT NULL",
  );
  return (await queryD1(statement.bind(merchantId).first<{ move: number }>()))?.move;
}

/** The book has the merchant, unless a move with a higher number has begun. @throws DatabaseUnavailable */
export async function removeFence(db: D1Database, merchantId: string, move: number): Promise<void> {
  const statement = db.prepare(
    `UPDATE feed_moves SET moved_to = NULL, is_logged = 0
     WHERE merchant_id = ?1 AND move <= ?2 AND moved_to IS NOT NULL`,
  );
  await queryD1(statement.bind(merchantId, move).run());
}
