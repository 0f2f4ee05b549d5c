/** Reads in the book that has the payments of the request's merchant. */
import { findBook } from "../../d1/books/books";
import { findBooks } from "../../d1/books/directory";
import { findPointers } from "../../d1/books/moves/pointers";
import { type Database, openDatabase } from "../../d1/query";
import { FIRST_BOOK } from "../../settings";
import type { AppContext } from "../context";

/** From a book to the one that it points to, and so on: merchants are moved rarely. */
const MAX_HOPS = 4;

/** Reads in the book that this isolate takes for the merchant's, and again in another one, if that book points to it. What is read
 *  there is whole: a book points elsewhere before another one takes the merchant's events, and its rows stay for a minute.
 *  @throws DatabaseUnavailable */
export async function readOwnBook<Value>(
  c: AppContext,
  read: (db: Database) => Promise<Value>,
): Promise<Value> {
  const book = c.get("book");
  const readIn = (from: number) => read(openDatabase(findBook(c.env, from)));
  if (c.get("config").books === FIRST_BOOK) return readIn(book);
  const [pointer, value] = await Promise.allSettled([findPointer(c, book), readIn(book)]);
  if (pointer.status === "rejected") throw pointer.reason;
  if (pointer.value !== undefined) {
    const found = await follow(c, book, pointer.value);
    if (found !== book) return readIn(found);
  }
  if (value.status === "rejected") throw value.reason;
  return value.value;
}

async function findPointer(c: AppContext, book: number): Promise<number | undefined> {
  const merchantId = c.get("merchant_id");
  return (await findPointers(findBook(c.env, book), [merchantId])).get(merchantId);
}

/** The book at the end of the pointers. Two books that point to each other are those of a move that has not ended: then the
 *  directory's has everything. */
async function follow(c: AppContext, first: number, second: number): Promise<number> {
  const seen = new Set([first]);
  let book = second;
  while (!seen.has(book) && seen.size <= MAX_HOPS) {
    seen.add(book);
    const next = await findPointer(c, book);
    if (next === undefined) return book;
    book = next;
  }
  const merchantId = c.get("merchant_id");
  const found = await findBooks(openDatabase(c.env.DB), [merchantId]);
  return found.get(merchantId) ?? FIRST_BOOK;
}
