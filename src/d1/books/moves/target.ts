/** The book that a merchant is copied to. How far the copy is is stored in the same transaction as the rows, and each step is made
 *  once: a repeated or a late one fails as a whole. Until the end the book refuses every other write of the merchant. */
import { queryD1 } from "../../query";
import type { Move } from "./directory-moves";
import { type CopiedRow, type Part, STATEMENTS } from "./parts";
import { type Bounds, prepareClean } from "./source";

/** `after` is a key of the part, `events_after` that of the last event that was copied, and `sequence` the last change. */
export type Progress =
  | { phase: "clearing" }
  | { phase: "copying"; part: Part; after: string; events_after: string }
  | { phase: "following"; events_after: string; sequence: number; is_fenced: boolean }
  | { phase: "verifying"; part: Part; after: string }
  | { phase: "opened" }
  | { phase: "failed"; reason: string };

export type Arrival = { move: number; step: number; progress: Progress };

/** Another caller made the step. */
export class StepTaken extends Error {
  override readonly name = "StepTaken";
}

/** @throws DatabaseUnavailable */
export async function readArrival(
  db: D1Database,
  merchantId: string,
): Promise<Arrival | undefined> {
  const statement = db.prepare(
    "SELECT move, step, progress FROM book_arrivals WHERE merchant_id = ?1",
  );
  const found = await queryD1(
    statement.bind(merchantId).first<{ move: number; step: number; progress: string }>(),
  );
  return found ? { ...found, progress: JSON.parse(found.progress) as Progress } : undefined; // Written here.
}

/** Prepares the book for the copy. May be repeated. @throws DatabaseUnavailable */
export async function arrive(
  db: D1Database,
  { merchant_id, move, from_book }: Move,
): Promise<void> {
  const progress: Progress = { phase: "clearing" };
  await queryD1(
    db.batch([
      db
        .prepare("INSERT INTO feeds (merchant_id) VALUES (?1) ON CONFLICT DO NOTHING")
        .bind(merchant_id),
      db
        .prepare(
          `INSERT INTO feed_moves (feed, merchant_id, move, moved_to, is_logged)
           SELECT id, ?1, ?2, ?3, 0 FROM feeds WHERE merchant_id = ?1
           ON CONFLICT (feed) DO UPDATE SET move = excluded.move, moved_to = excluded.moved_to, is_logged = 0
           WHERE feed_moves.move < excluded.move`,
        )
        .bind(merchant_id, move, from_book),
      db
        .prepare(
          `INSERT INTO book_arrivals (merchant_id, move, step, token, progress) VALUES (?1, ?2, 0, '', ?3)
           ON CONFLICT (merchant_id) DO UPDATE SET move = excluded.move, step = 0, token = '', progress = excluded.progress
           WHERE book_arrivals.move < excluded.move`,
        )
        .bind(merchant_id, move, JSON.stringify(progress)),
    ]),
  );
}

/** Makes a step: runs statements and stores how far the copy is then. @returns their results
 *  @throws StepTaken, DatabaseUnavailable */
async function takeStep(
  db: D1Database,
  { merchant_id, move, from_book }: Move,
  { step }: Arrival,
  progress: Progress,
  statements: D1PreparedStatement[] = [],
): Promise<D1Result[]> {
  const token = crypto.randomUUID();
  const pointTo = (book: number | null) =>
    db
      .prepare("UPDATE feed_moves SET moved_to = ?2 WHERE merchant_id = ?1")
      .bind(merchant_id, book);
  const first = [
    db
      .prepare(
        `UPDATE book_arrivals SET step = step + 1, token = ?4, progress = ?5
         WHERE merchant_id = ?1 AND move = ?2 AND step = ?3`,
      )
      .bind(merchant_id, move, step, token, JSON.stringify(progress)),
    // Fails the batch when nothing was updated.
    db
      .prepare(
        `INSERT INTO book_arrivals (merchant_id, move, step, token, progress)
         SELECT NULL, 0, 0, '', '' WHERE NOT EXISTS (
           SELECT 1 FROM book_arrivals WHERE merchant_id = ?1 AND token = ?2)`,
      )
      .bind(merchant_id, token),
    // Nothing is deleted where the merchant is, and nothing is written where it is not.
    ...(progress.phase === "clearing" ? [] : [pointTo(null)]),
  ];
  const last = progress.phase === "opened" ? [] : [pointTo(from_book)];
  try {
    const results = await queryD1(db.batch([...first, ...statements, ...last]));
    return results.slice(first.length, first.length + statements.length);
  } catch (fault) {
    if (fault instanceof Error && String(fault.cause).includes("book_arrivals.merchant_id"))
      throw new StepTaken();
    throw fault;
  }
}

/** Stores how far the copy is. @throws StepTaken, DatabaseUnavailable */
export async function setProgress(
  db: D1Database,
  move: Move,
  arrival: Arrival,
  progress: Progress,
): Promise<void> {
  await takeStep(db, move, arrival, progress);
}

/** Deletes some rows that an earlier stay of the merchant, or a copy that failed, has left here.
 *  @param progress when there are none left
 *  @param most of each table
 *  @returns how many
 *  @throws StepTaken, DatabaseUnavailable */
export async function clear(
  db: D1Database,
  move: Move,
  arrival: Arrival,
  progress: Progress,
  most: number,
): Promise<number> {
  const statements = prepareClean(db, move.merchant_id, move.move, most);
  const results = await takeStep(db, move, arrival, arrival.progress, statements);
  const deleted = results.reduce((sum, one) => sum + one.results.length, 0);
  if (deleted === 0) {
    await setProgress(db, move, { ...arrival, step: arrival.step + 1 }, progress);
  }
  return deleted;
}

/** Rows to write. `keys` are those whose rows are replaced. */
export type Written = { part: Part; keys: string[]; rows: CopiedRow[] };

/** Writes rows, and reads them again in the same transaction. @returns the first part whose rows are not what was written
 *  @throws StepTaken, DatabaseUnavailable */
export async function writeRows(
  db: D1Database,
  move: Move,
  arrival: Arrival,
  progress: Progress,
  written: Written[],
): Promise<Part | undefined> {
  const { merchant_id } = move;
  const prepare = (sql: string, items: string[]) =>
    db.prepare(sql).bind(merchant_id, `[${items.join(",")}]`);
  const statements = written.flatMap(({ part, keys, rows }) => [
    prepare(STATEMENTS[part].remove, keys),
    prepare(
      STATEMENTS[part].write,
      rows.map(({ row }) => row),
    ),
    prepare(STATEMENTS[part].find, keys),
  ]);
  const results = await takeStep(db, move, arrival, progress, statements);
  const textOf = (rows: CopiedRow[]) => JSON.stringify(rows.map(({ row }) => row));
  const wrong = written.find(({ rows }, at) => {
    const found = (results[at * 3 + 2]?.results ?? []) as CopiedRow[]; // As `find` selects.
    return textOf(found) !== textOf(rows);
  });
  return wrong?.part;
}

/** Sets the bounds of the feed, and deletes some events that are behind them. @returns how many were deleted
 *  @throws StepTaken, DatabaseUnavailable */
export async function setBounds(
  db: D1Database,
  move: Move,
  arrival: Arrival,
  { deleted_through, archived_through }: Bounds,
  progress: (deleted: number) => Progress,
  most: number,
): Promise<number> {
  const { merchant_id } = move;
  const keys = db.prepare(STATEMENTS.events.read).bind(merchant_id, "[0]", most);
  const { results } = await queryD1(keys.all<CopiedRow>());
  const behind = results.filter(({ key }) => (JSON.parse(key) as [number])[0] <= deleted_through);
  await takeStep(db, move, arrival, progress(behind.length), [
    db
      .prepare(
        "UPDATE feeds SET deleted_through = ?2, archived_through = ?3 WHERE merchant_id = ?1",
      )
      .bind(merchant_id, deleted_through, archived_through),
    db
      .prepare(STATEMENTS.events.remove)
      .bind(merchant_id, `[${behind.map(({ key }) => key).join(",")}]`),
  ]);
  return behind.length;
}
