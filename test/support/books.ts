/** Several books: merchants in each of them, and a database that fails. */
import { admin, clientOf } from "./api";
import { env } from "./env";

/** A new merchant in a book, with one API key. */
export async function newClientIn(book: number) {
  const made = await admin("/api/v1/merchants", { name: "Shop", book });
  if (made.status !== 201) throw new Error(await made.text());
  const { id } = (await made.json()) as { id: string };
  const key = (await (await admin(`/api/v1/merchants/${id}/api-keys`, {})).json()) as {
    id: string;
    key: string;
  };
  return clientOf(id, key.id, key.key);
}

/** The database of a book. */
export function dbOf(book: number): D1Database {
  const db = book === 1 ? env.DB : env[`BOOK_${book}`];
  if (!db) throw new Error(`no book ${book}`);
  return db;
}

/** Runs work while every write to a table of a book fails. */
export async function whileFailing<Value>(
  book: number,
  table: string,
  work: () => Promise<Value>,
): Promise<Value> {
  const db = dbOf(book);
  await db
    .prepare(
      `CREATE TRIGGER broken_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'broken'); END`,
    )
    .run();
  try {
    return await work();
  } finally {
    await db.prepare(`DROP TRIGGER broken_${table}`).run();
  }
}

/** How many rows of a table there are in each book. */
export async function rowsIn(table: string): Promise<number[]> {
  const counts = await Promise.all(
    [1, 2, 3].map((book) =>
      dbOf(book).prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n"),
    ),
  );
  return counts.map((count) => count ?? 0);
}
