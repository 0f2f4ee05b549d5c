/** Deletes the payments of a merchant's customer, of every subject, a bounded number of rows at a time. There is no index by
 *  customers, so it reads all rows of the merchant. */
import type { Forgotten, ForgottenCustomer, Place } from "./rpc";

/** Rows read in one step: some milliseconds, so that it does not delay payments. */
const STEP_ROWS = 5_000;

/** To be called inside a commit. @param after where the step before has ended; null for the first one
 *  @param most rows to be read
 *  @returns also the subjects that have changed */
export function forgetCustomer(
  sql: SqlStorage,
  { merchant_id, user_id, through_ms }: ForgottenCustomer,
  after: Place | null,
  most = STEP_ROWS,
): Forgotten & { subjects: string[] } {
  const start = after ?? { subject: `[${JSON.stringify(merchant_id)},`, at: 0, position: 0 };
  const rows = sql
    .exec<Place & { user_id: string; transaction_id: string }>(
      `SELECT subject, at, position, user_id, transaction_id FROM subject_payments
       WHERE (subject, at, position) > (?, ?, ?) AND subject < ?
       ORDER BY subject, at, position LIMIT ?`,
      start.subject,
      start.at,
      start.position,
      // The character after the comma that ends the merchant.
      `[${JSON.stringify(merchant_id)}-`,
      most,
    )
    .toArray();
  const own = JSON.stringify([merchant_id, "customer", user_id]);
  const forgotten = rows.filter(
    (row) => row.at <= through_ms && (row.user_id === user_id || row.subject === own),
  );
  for (const { subject, at, position } of forgotten) {
    sql.exec(
      "DELETE FROM subject_payments WHERE subject = ? AND at = ? AND position = ?",
      subject,
      at,
      position,
    );
  }
  const subjects = [...new Set(forgotten.map(({ subject }) => subject))];
  for (const subject of subjects) mend(sql, subject);
  const last = rows.at(-1);
  const next = rows.length < most || !last ? null : toPlace(last);
  return { deleted: forgotten.length, subjects, next };
}

function toPlace({ subject, at, position }: Place): Place {
  return { subject, at, position };
}

/** Releases refer to the newest position of their time. If that is gone, the newest that is left compares in the same way, and
 *  a later payment does not come before the release. Times that are all that is left of a subject are deleted too. */
function mend(sql: SqlStorage, subject: string): void {
  const [newest] = sql
    .exec<{ position: number }>(
      "SELECT position FROM subject_payments WHERE subject = ? ORDER BY at DESC, position DESC LIMIT 1",
      subject,
    )
    .toArray();
  if (!newest) return;
  sql.exec(
    "UPDATE subject_payments SET released_after = ?1 WHERE subject = ?2 AND released_after > ?1",
    newest.position,
    subject,
  );
  sql.exec(
    `DELETE FROM subject_payments WHERE subject = ?1 AND NOT EXISTS
       (SELECT 1 FROM subject_payments WHERE subject = ?1 AND user_id <> '')`,
    subject,
  );
}
