/** Keeps a velocity object's storage bounded: deletes payments that are in no window any more and subjects without a
 *  payment for long, a bounded number of rows at a time. */
import { WINDOWS_MS } from "../domain/risk/measure";
import { SPARE_MS } from "./sliding-window";
import { FORGOTTEN_AFTER_MS } from "./subjects";

const KEPT_MS = WINDOWS_MS["7d"] + SPARE_MS;
/** Rows read in one step: some milliseconds, so that it does not delay payments. */
export const STEP_ROWS = 5_000;

type Place = { subject: string; at: number; position: number };
const START: Place = { subject: "", at: 0, position: 0 }; // Before every row: no name of a subject is empty.

/** A pass over all rows, in the order of their key, in steps. Its place is only in memory: after a restart a pass starts
 *  over. */
export class Sweep {
  /** The row that was read last. */
  #last = START;

  /** Reads the next rows and deletes those that have expired. The first and the newest payment of a subject stay as long
   *  as it is remembered. To be called inside `transactionSync`.
   *  @param most rows to be read
   *  @returns how many rows were deleted, and whether the pass is complete: then the next step begins another one */
  step(sql: SqlStorage, nowMs: number, most = STEP_ROWS): { deleted: number; isComplete: boolean } {
    let last = this.#last;
    // Read again, because the subject may have been forgotten and have begun anew since the last step.
    let first = readFirst(sql, last.subject) ?? START;
    /** The newest row of the subject that has expired, is not its first, and has one after it. */
    let expired: Place | undefined;
    let deleted = 0;
    const deleteExpired = () => {
      if (expired) deleted += deleteBetween(sql, first, expired);
      expired = undefined;
    };
    const endSubject = () => {
      deleteExpired();
      const isForgotten = last !== START && last.at <= nowMs - FORGOTTEN_AFTER_MS;
      if (isForgotten) deleted += deleteSubject(sql, last.subject);
    };
    const rows = readAfter(sql, last, most);
    for (const row of rows) {
      if (row.subject !== last.subject) {
        endSubject();
        first = row;
      } else if (last.position !== first.position && last.at <= nowMs - KEPT_MS) expired = last;
      last = row;
    }
    const isComplete = rows.length < most;
    if (isComplete) endSubject();
    else deleteExpired();
    this.#last = isComplete ? START : last;
    return { deleted, isComplete };
  }
}

function readFirst(sql: SqlStorage, subject: string): Place | undefined {
  const [first] = sql
    .exec<Place>(
      "SELECT subject, at, position FROM subject_payments WHERE subject = ? ORDER BY at, position LIMIT 1",
      subject,
    )
    .toArray();
  return first;
}

function readAfter(sql: SqlStorage, { subject, at, position }: Place, most: number): Place[] {
  return sql
    .exec<Place>(
      `SELECT subject, at, position FROM subject_payments WHERE (subject, at, position) > (?, ?, ?)
       ORDER BY subject, at, position LIMIT ?`,
      subject,
      at,
      position,
      most,
    )
    .toArray();
}

/** @returns the number of rows */
function deleteBetween(sql: SqlStorage, after: Place, through: Place): number {
  return sql.exec(
    "DELETE FROM subject_payments WHERE subject = ? AND (at, position) > (?, ?) AND (at, position) <= (?, ?)",
    through.subject,
    after.at,
    after.position,
    through.at,
    through.position,
  ).rowsWritten;
}

function deleteSubject(sql: SqlStorage, subject: string): number {
  return sql.exec("DELETE FROM subject_payments WHERE subject = ?", subject).rowsWritten;
}
