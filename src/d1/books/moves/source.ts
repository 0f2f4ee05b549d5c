/** The book that a merchant is copied from. Every statement names the move, so that a late one of an earlier move changes nothing. */
import { queryD1 } from "../../query";
import { FEED_SIZE } from "../../schema";
import type { Move } from "./directory-moves";
import { type CopiedRow, PARTS, type Part, STATEMENTS } from "./parts";
import type { Sizes } from "./sizes";

/** Whether the merchant has rows in the tables of earlier releases, which are not copied. @throws DatabaseUnavailable */
export async function hasEarlierRows(db: D1Database, merchantId: string): Promise<boolean> {
  const statement = db.prepare(
    `SELECT EXISTS (SELECT 1 FROM transactions WHERE merchant_id = ?1) OR EXISTS (
       SELECT 1 FROM feeds CROSS JOIN events
         ON events.position > feeds.id * ${FEED_SIZE} AND events.position < (feeds.id + 1) * ${FEED_SIZE}
       WHERE feeds.merchant_id = ?1) AS has`,
  );
  return (await queryD1(statement.bind(merchantId).first<{ has: number }>()))?.has === 1;
}

/** From here on changes of the merchant's rows are noted. May be repeated.
 *  @returns false when the book does not have the merchant @throws DatabaseUnavailable */
export async function depart(db: D1Database, { merchant_id, move }: Move): Promise<boolean> {
  const [, , noted] = await queryD1(
    db.batch([
      db
        .prepare("INSERT INTO feeds (merchant_id) VALUES (?1) ON CONFLICT DO NOTHING")
        .bind(merchant_id),
      // A book that is logged and points elsewhere was left in the middle of a move that the directory does not have any more.
      db
        .prepare(
          `INSERT INTO feed_moves (feed, merchant_id, move, moved_to, is_logged)
           SELECT id, ?1, ?2, NULL, 1 FROM feeds WHERE merchant_id = ?1
           ON CONFLICT (feed) DO UPDATE SET move = excluded.move, moved_to = NULL, is_logged = 1
           WHERE feed_moves.move < excluded.move AND (feed_moves.moved_to IS NULL OR feed_moves.is_logged = 1)`,
        )
        .bind(merchant_id, move),
      db
        .prepare(
          "SELECT 1 AS n FROM feed_moves WHERE merchant_id = ?1 AND move = ?2 AND is_logged = 1",
        )
        .bind(merchant_id, move),
    ]),
  );
  return (noted?.results.length ?? 0) > 0;
}

/** From here on the book takes nothing more of the merchant. May be repeated. @throws DatabaseUnavailable */
export async function fence(db: D1Database, { merchant_id, move, to_book }: Move): Promise<void> {
  const statement = db.prepare(
    "UPDATE feed_moves SET moved_to = ?3 WHERE merchant_id = ?1 AND move = ?2 AND is_logged = 1",
  );
  await queryD1(statement.bind(merchant_id, move, to_book).run());
}

/** Ends a move that failed: the book has the merchant as before. May be repeated. @throws DatabaseUnavailable */
export async function stay(db: D1Database, { merchant_id, move }: Move): Promise<void> {
  const statement = db.prepare(
    "UPDATE feed_moves SET moved_to = NULL, is_logged = 0 WHERE merchant_id = ?1 AND move = ?2",
  );
  await queryD1(statement.bind(merchant_id, move).run());
}

/** The rows of a part after a key, in order, bounded by number and by text. @throws DatabaseUnavailable */
export async function readPage(
  db: D1Database,
  part: Part,
  merchantId: string,
  after: string,
  sizes: Sizes,
): Promise<{ rows: CopiedRow[]; is_last: boolean }> {
  const statement = prepareRead(db, part, merchantId, after, sizes);
  return toPage(part, (await queryD1(statement.all<CopiedRow>())).results, sizes);
}

function prepareRead(
  db: D1Database,
  part: Part,
  merchantId: string,
  after: string,
  { rows }: Sizes,
) {
  return db.prepare(STATEMENTS[part].read).bind(merchantId, after, rows[part]);
}

function toPage(
  part: Part,
  results: CopiedRow[],
  sizes: Sizes,
): { rows: CopiedRow[]; is_last: boolean } {
  let characters = 0;
  const end = results.findIndex(({ row }, at) => {
    characters += row.length;
    return at > 0 && characters > sizes.characters;
  });
  const rows = end < 0 ? results : results.slice(0, end);
  return { rows, is_last: rows.length < sizes.rows[part] && rows.length === results.length };
}

/** What has changed since the copy: the feed behind a key, and of the other parts the keys that changed, with the rows that are
 *  there now. */
export type Changes = {
  events: CopiedRow[];
  changed: { part: Part; keys: string[]; rows: CopiedRow[] }[];
  /** The number of the last change. */
  sequence: number;
  /** Whether that is all there was. */
  is_last: boolean;
};

type Change = { sequence: number; part: Part; key: string };

/** @throws DatabaseUnavailable */
export async function readChanges(
  db: D1Database,
  merchantId: string,
  after: { events: string; sequence: number },
  sizes: Sizes,
): Promise<Changes> {
  const [events, noted] = await queryD1(
    db.batch([
      prepareRead(db, "events", merchantId, after.events, sizes),
      db
        .prepare(
          `SELECT sequence, part, key FROM feeds CROSS JOIN book_changes ON feed = feeds.id AND sequence > ?2
           WHERE feeds.merchant_id = ?1 ORDER BY sequence LIMIT ?3`,
        )
        .bind(merchantId, after.sequence, sizes.changes),
    ]),
  );
  const feed = toPage("events", (events?.results ?? []) as CopiedRow[], sizes); // As selected.
  const { changes, changed } = await readChanged(
    db,
    merchantId,
    (noted?.results ?? []) as Change[],
    sizes.characters,
  );
  return {
    events: feed.rows,
    changed,
    sequence: changes.at(-1)?.sequence ?? after.sequence,
    is_last:
      feed.is_last && changes.length < sizes.changes && changes.length === noted?.results.length,
  };
}

/** The rows of noted changes as they are now; of fewer changes when they have too much text. */
async function readChanged(
  db: D1Database,
  merchantId: string,
  noted: Change[],
  most: number,
): Promise<{ changes: Change[]; changed: Changes["changed"] }> {
  const groups = [...Map.groupBy(noted, ({ part }) => part)].map(([part, own]) => ({
    part,
    keys: [...new Set(own.map(({ key }) => key))],
  }));
  if (groups.length === 0) return { changes: noted, changed: [] };
  const found = await queryD1(
    db.batch(
      groups.map(({ part, keys }) =>
        db.prepare(STATEMENTS[part].find).bind(merchantId, `[${keys.join(",")}]`),
      ),
    ),
  );
  const changed = groups.map(({ part, keys }, at) => {
    return { part, keys, rows: (found[at]?.results ?? []) as CopiedRow[] };
  });
  const characters = changed
    .flatMap(({ rows }) => rows)
    .reduce((sum, { row }) => sum + row.length, 0);
  if (characters <= most || noted.length === 1) return { changes: noted, changed };
  return readChanged(db, merchantId, noted.slice(0, Math.ceil(noted.length / 2)), most);
}

/** How far the feed is deleted, and the newest archived payment. */
export type Bounds = { deleted_through: number; archived_through: number | null };

/** @throws DatabaseUnavailable */
export async function readBounds(db: D1Database, merchantId: string): Promise<Bounds> {
  const statement = db.prepare(
    "SELECT deleted_through, archived_through FROM feeds WHERE merchant_id = ?1",
  );
  const found = await queryD1(statement.bind(merchantId).first<Bounds>());
  return found ?? { deleted_through: 0, archived_through: null };
}

/** Deletes some rows of a merchant that is in another book.
 *  @param most of each table
 *  @returns how many; 0 when there are none left
 *  @throws DatabaseUnavailable */
export async function deleteCopied(
  db: D1Database,
  { merchant_id, move }: Move,
  most: number,
): Promise<number> {
  const [, ...deleted] = await queryD1(
    db.batch([
      db
        .prepare(
          "UPDATE feed_moves SET is_logged = 0 WHERE merchant_id = ?1 AND move = ?2 AND moved_to IS NOT NULL",
        )
        .bind(merchant_id, move),
      ...prepareClean(db, merchant_id, move, most),
      db
        .prepare(
          `DELETE FROM book_changes WHERE (feed, sequence) IN (
             SELECT feed, sequence FROM feed_moves JOIN book_changes USING (feed)
             WHERE merchant_id = ?1 AND move = ?2 AND is_logged = 0 LIMIT ?3) RETURNING 1 AS n`,
        )
        .bind(merchant_id, move, most),
    ]),
  );
  return deleted.reduce((sum, { results }) => sum + results.length, 0);
}

/** The statements that delete some of the merchant's rows in a book that does not have them any more, or not yet. */
export function prepareClean(db: D1Database, merchantId: string, move: number, most: number) {
  return PARTS.map((part) => db.prepare(STATEMENTS[part].clean).bind(merchantId, most, move));
}
