/** Reads in the book that has the payments of the request's merchant. */
import { findBook } from "../../d1/books/books";
import { type Database, openDatabase } from "../../d1/query";
import type { AppContext } from "../context";

/** @throws DatabaseUnavailable */
export async function readOwnBook<Value>(
  c: AppContext,
  read: (db: Database) => Promise<Value>,
): Promise<Value> {
  return read(openDatabase(findBook(c.env, c.get("book"))));
}
