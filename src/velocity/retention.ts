/** Keeps a velocity object's storage bounded: deletes payments that are in no window any more and subjects without a
 *  payment for long, a bounded number at a time. */
import { WINDOWS_MS } from "../domain/risk/measure";
import { SPARE_MS } from "./sliding-window";
import { FORGOTTEN_AFTER_MS } from "./subjects";

const KEPT_MS = WINDOWS_MS["7d"] + SPARE_MS;
/** Rows deleted in one sweep: some milliseconds, so that it does not delay payments. */
export const SWEEP_ROWS = 5_000;

/** Deletes expired rows. @returns how many; with `SWEEP_ROWS` or more there may be others */
export function sweep(sql: SqlStorage, nowMs: number): number {
  const payments = sweepPayments(sql, nowMs - KEPT_MS);
  // Subjects follow when no expired payment is left.
  return payments < SWEEP_ROWS
    ? payments + sweepSubjects(sql, nowMs - FORGOTTEN_AFTER_MS)
    : payments;
}

/** The newest row stays: the clock and the numbering continue from it. Positions rise with the times, so the expired
 *  rows are the first. */
function sweepPayments(sql: SqlStorage, until: number): number {
  const { rows, last } = sql
    .exec<{ rows: number; last: number | null }>(
      `SELECT count(*) AS rows, max(position) AS last FROM
         (SELECT position, at FROM counted_payments ORDER BY position LIMIT ?)
       WHERE at <= ? AND position < (SELECT max(position) FROM counted_payments)`,
      SWEEP_ROWS,
      until,
    )
    .one();
  if (last !== null) sql.exec("DELETE FROM counted_payments WHERE position <= ?", last);
  return rows;
}

/** The subject of the newest payment stays with it, so that it does not get a second number. */
function sweepSubjects(sql: SqlStorage, until: number): number {
  return sql
    .exec(
      `DELETE FROM subjects WHERE (merchant_id, subject, value) IN
         (SELECT merchant_id, subject, value FROM subjects
          WHERE seen_at <= ? AND id NOT IN
            (SELECT subject_id FROM counted_payments ORDER BY position DESC LIMIT 1)
          ORDER BY seen_at LIMIT ?)
       RETURNING id`,
      until,
      SWEEP_ROWS,
    )
    .toArray().length;
}
