/** The books of a deployment: databases with the same tables. Each merchant's payments are in one of them. The first one is
 *  besides the directory, which alone has merchants, keys, sessions, settings, rules, lists and the counts of webhooks. */
import type { BookBindings } from "../../env";
import { FIRST_BOOK, toBookBinding } from "../../settings";
import { DatabaseUnavailable } from "../query";

/** @throws DatabaseUnavailable when the deployment does not have the book */
export function findBook(env: BookBindings, book: number): D1Database {
  const db = env[toBookBinding(book)];
  if (!db) throw new DatabaseUnavailable(`there is no binding ${toBookBinding(book)}`);
  return db;
}

/** @param books how many there are */
export function listBooks(env: BookBindings, books: number): { book: number; db: D1Database }[] {
  return Array.from({ length: books }, (_, at) => {
    const book = FIRST_BOOK + at;
    return { book, db: findBook(env, book) };
  });
}

/** Reads something of every book at the same time, in their order. @throws when any of them fails */
export function readBooks<Value>(
  env: BookBindings,
  books: number,
  read: (db: D1Database) => Promise<Value>,
): Promise<Value[]> {
  return Promise.all(listBooks(env, books).map(({ db }) => read(db)));
}
