/** The moves of merchants in the directory. */
import { queryD1 } from "../../query";

/** A move of a merchant. Its number rises with each move of the merchant. */
export type Move = { merchant_id: string; move: number; from_book: number; to_book: number };
export type StoredMove = Move & {
  phase: "copying" | "deleting" | "done";
  /** When the merchant got its new book, in ms; null before that. */
  switched_at: number | null;
};

/** A merchant's book, undefined when there is no such merchant, and its last move.
 *  @throws DatabaseUnavailable */
export async function readMove(
  directory: D1Database,
  merchantId: string,
): Promise<{ book: number | undefined; move: StoredMove | undefined }> {
  const prepare = (sql: string) => directory.prepare(sql).bind(merchantId);
  const [merchants, moves] = await queryD1(
    directory.batch([
      prepare("SELECT book FROM merchants WHERE id = ?1"),
      prepare("SELECT * FROM book_moves WHERE merchant_id = ?1"),
    ]),
  );
  // Of one column, and of all.
  const [merchant] = (merchants?.results ?? []) as { book: number }[];
  const [move] = (moves?.results ?? []) as StoredMove[];
  return { book: merchant?.book, move };
}

/** The moves that have not ended, at most so many. @throws DatabaseUnavailable */
export async function listMoves(directory: D1Database, limit: number): Promise<StoredMove[]> {
  const statement = directory.prepare("SELECT * FROM book_moves WHERE phase <> 'done' LIMIT ?1");
  return (await queryD1(statement.bind(limit).all<StoredMove>())).results;
}

/** Begins a move of a merchant, unless another one is under way. @throws DatabaseUnavailable */
export async function startMove(
  directory: D1Database,
  merchantId: string,
  from: number,
  to: number,
  nowMs: number,
): Promise<void> {
  const statement = directory.prepare(
    `INSERT INTO book_moves (merchant_id, move, from_book, to_book, phase)
     SELECT id, ?4, book, ?3, 'copying' FROM merchants WHERE id = ?1 AND book = ?2
     ON CONFLICT (merchant_id) DO UPDATE SET
       move = max(excluded.move, book_moves.move + 1), from_book = excluded.from_book, to_book = excluded.to_book,
       phase = excluded.phase, switched_at = NULL
     WHERE book_moves.phase = 'done'`,
  );
  await queryD1(statement.bind(merchantId, from, to, nowMs).run());
}

/** Corrects the book of a merchant that another one has: the directory was set back to a time before a move.
 *  @throws DatabaseUnavailable */
export async function correctBook(
  directory: D1Database,
  merchantId: string,
  from: number,
  to: number,
): Promise<void> {
  const statement = directory.prepare(
    `UPDATE merchants SET book = ?3 WHERE id = ?1 AND book = ?2
       AND NOT EXISTS (SELECT 1 FROM book_moves WHERE merchant_id = ?1 AND phase <> 'done')`,
  );
  await queryD1(statement.bind(merchantId, from, to).run());
}

/** Gives the merchant its new book. May be repeated. @throws DatabaseUnavailable */
export async function switchBook(
  directory: D1Database,
  { merchant_id, move, from_book, to_book }: Move,
  nowMs: number,
): Promise<void> {
  await queryD1(
    directory.batch([
      directory
        .prepare(
          `UPDATE merchants SET book = ?3 WHERE id = ?1 AND book = ?2
             AND EXISTS (SELECT 1 FROM book_moves WHERE merchant_id = ?1 AND move = ?4 AND phase = 'copying')`,
        )
        .bind(merchant_id, from_book, to_book, move),
      directory
        .prepare(
          `UPDATE book_moves SET phase = 'deleting', switched_at = ?3
           WHERE merchant_id = ?1 AND move = ?2 AND phase = 'copying'`,
        )
        .bind(merchant_id, move, nowMs),
    ]),
  );
}

/** Ends a move in a phase. May be repeated. @throws DatabaseUnavailable */
export async function endMove(
  directory: D1Database,
  { merchant_id, move }: Move,
  phase: "copying" | "deleting",
): Promise<void> {
  const statement = directory.prepare(
    "UPDATE book_moves SET phase = 'done' WHERE merchant_id = ?1 AND move = ?2 AND phase = ?3",
  );
  await queryD1(statement.bind(merchant_id, move, phase).run());
}
