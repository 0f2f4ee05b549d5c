/** Rows of a merchant in books that it is not in: a book that was set back to a time before the merchant left it has them again. */
import type { BookBindings } from "../../../env";
import { FIRST_BOOK, toBookBinding } from "../../../settings";
import { queryD1 } from "../../query";
import { findBook } from "../books";
import { readMove } from "./directory-moves";
import { deleteCopied } from "./source";

/** A book other than the merchant's that has rows of it; undefined when there is none.
 *  @param own the merchant's book @throws DatabaseUnavailable */
export async function findLeftover(
  env: BookBindings,
  merchantId: string,
  own: number,
): Promise<number | undefined> {
  for (let book = FIRST_BOOK; env[toBookBinding(book)]; book += 1) {
    if (book !== own && (await hasRows(findBook(env, book), merchantId))) return book;
  }
  return undefined;
}

/** Whether a book has payments, refunds or hours of a merchant. @throws DatabaseUnavailable */
async function hasRows(db: D1Database, merchantId: string): Promise<boolean> {
  const statement = db.prepare(
    `SELECT EXISTS (SELECT 1 FROM feeds CROSS JOIN listed_transactions ON feed = feeds.id WHERE feeds.merchant_id = ?1)
       OR EXISTS (SELECT 1 FROM refunds WHERE merchant_id = ?1)
       OR EXISTS (SELECT 1 FROM hourly_totals WHERE merchant_id = ?1) AS has`,
  );
  return (await queryD1(statement.bind(merchantId).first<{ has: number }>()))?.has === 1;
}

/** Makes a book that a merchant is not in point to the one that it is in, and deletes some of the merchant's rows there. Does
 *  nothing once a move of the merchant has begun.
 *  @param most of each table
 *  @returns how many; 0 when there are none left
 *  @throws DatabaseUnavailable */
export async function deleteLeftover(
  env: BookBindings,
  merchantId: string,
  own: number,
  other: number,
  most: number,
): Promise<number> {
  const db = findBook(env, other);
  const move = await readLastMove(db, merchantId);
  // Read after that: a move that begins later has a higher number.
  const now = await readMove(findBook(env, FIRST_BOOK), merchantId);
  if (now.book !== own || (now.move && now.move.phase !== "done")) return 0;
  await pointTo(db, merchantId, move, own);
  return deleteCopied(db, { merchant_id: merchantId, move, from_book: other, to_book: own }, most);
}

/** The number of the last move that a book took part in; 0 when it took part in none. @throws DatabaseUnavailable */
async function readLastMove(db: D1Database, merchantId: string): Promise<number> {
  const statement = db.prepare("SELECT move FROM feed_moves WHERE merchant_id = ?1");
  return (await queryD1(statement.bind(merchantId).first<{ move: number }>()))?.move ?? 0;
}

/** @param move the last one that the book took part in; after another one nothing is changed @throws DatabaseUnavailable */
async function pointTo(
  db: D1Database,
  merchantId: string,
  move: number,
  book: number,
): Promise<void> {
  const statement = db.prepare(
    `INSERT INTO feed_moves (feed, merchant_id, move, moved_to, is_logged)
     SELECT id, ?1, ?2, ?3, 0 FROM feeds WHERE merchant_id = ?1
     ON CONFLICT (feed) DO UPDATE SET moved_to = excluded.moved_to, is_logged = 0
     WHERE feed_moves.move = excluded.move`,
  );
  await queryD1(statement.bind(merchantId, move, book).run());
}
