/** Reads in the book that has the payments of the request's merchant. */
import { findBook } from "../../d1/books/books";
import { findPointer, followPointers } from "../../d1/books/moves/pointers";
import { type Database, openDatabase } from "../../d1/query";
import { FIRST_BOOK } from "../../settings";
import type { AppContext } from "../context";

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
  const merchantId = c.get("merchant_id");
  const [pointer, value] = await Promise.allSettled([
    findPointer(c.env, merchantId, book),
    readIn(book),
  ]);
  if (pointer.status === "rejected") throw pointer.reason;
  if (pointer.value !== undefined) {
    const found = await followPointers(c.env, merchantId, book, pointer.value);
    if (found !== book) return readIn(found);
  }
  if (value.status === "rejected") throw value.reason;
  return value.value;
}
