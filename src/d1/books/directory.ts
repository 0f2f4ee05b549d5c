/** The directory: in which book each merchant is, and the last book that any of them was given. */
import { sql } from "drizzle-orm";
import { FIRST_BOOK } from "../../settings";
import { type Database, queryD1 } from "../query";
import { settings } from "../schema";

/** The name in `settings` of the last book that any merchant was given. Without a row it is the first one. */
export const BOOKS = "books";

/** The books of merchants; those without a row are in the first one.
 *  @throws DatabaseUnavailable */
export async function findBooks(
  db: Database,
  merchantIds: string[],
  limitMs?: number,
): Promise<Map<string, number>> {
  if (merchantIds.length === 0) return new Map();
  const rows = await queryD1(
    db.all<{ id: string; book: number }>(
      sql`SELECT id, book FROM merchants WHERE id IN (SELECT value FROM json_each(${JSON.stringify(merchantIds)}))`,
    ),
    limitMs,
  );
  const found = new Map(rows.map(({ id, book }) => [id, book]));
  return new Map(merchantIds.map((id) => [id, found.get(id) ?? FIRST_BOOK]));
}

/** The book with the fewest merchants, of equal ones the first. Reads every merchant's row, unless there is one book.
 *  @throws DatabaseUnavailable */
export async function chooseBook(db: Database, books: number): Promise<number> {
  if (books === FIRST_BOOK) return FIRST_BOOK;
  const counts = await countMerchants(db);
  let chosen = FIRST_BOOK;
  for (let book = FIRST_BOOK + 1; book <= books; book += 1) {
    if ((counts.get(book) ?? 0) < (counts.get(chosen) ?? 0)) chosen = book;
  }
  return chosen;
}

/** How many merchants each book has, of those that have any. @throws DatabaseUnavailable */
export async function countMerchants(db: Database): Promise<Map<number, number>> {
  const rows = await queryD1(
    db.all<{ book: number; n: number }>(
      sql`SELECT book, count(*) AS n FROM merchants GROUP BY book`,
    ),
  );
  return new Map(rows.map(({ book, n }) => [book, n]));
}

/** Stores that merchants are in a book, before the first one is: from then on a deployment with fewer books is refused.
 *  @throws DatabaseUnavailable */
export async function keepBookCount(db: Database, book: number): Promise<void> {
  if (book === FIRST_BOOK) return;
  await queryD1(
    db
      .insert(settings)
      .values({ name: BOOKS, value: String(book) })
      .onConflictDoUpdate({
        target: settings.name,
        set: { value: String(book) },
        setWhere: sql`CAST(${settings.value} AS INTEGER) < ${book}`,
      }),
  );
}
