/** Carries the payments of version 1 over to the table of version 2, a bounded number in each commit. An object with
 *  millions of payments would otherwise exceed the time that a call may take, and never start. */
import { hasTable } from "../runtime/migrations";
import { formatSubject, type SubjectName } from "./subjects";

/** Rows written in one commit, about a second of work; smaller commits write the same pages more often. A subject is not
 *  divided. */
const MAX_ROWS = 50_000;
const SUBJECTS_READ = 500;

type EarlierSubject = SubjectName & { id: number; first_at: number; seen_at: number };

/** Carries some subjects over, and drops the tables of version 1 after the last one. A subject that was carried over is
 *  deleted. To be called inside `transactionSync`, and until nothing is left before payments are counted.
 *  @returns whether subjects are left */
export function carryOver(sql: SqlStorage): boolean {
  if (!hasTable(sql, "subjects")) return false;
  let rows = 0;
  while (rows < MAX_ROWS) {
    const subjects = sql
      .exec<EarlierSubject>(
        "SELECT * FROM subjects ORDER BY merchant_id, subject, value LIMIT ?",
        SUBJECTS_READ,
      )
      .toArray();
    if (subjects.length === 0) {
      sql.exec("DROP TABLE subjects");
      sql.exec("DROP TABLE counted_payments");
      return false;
    }
    for (const subject of subjects) if (rows < MAX_ROWS) rows += carrySubject(sql, subject);
  }
  return true;
}

/** @returns the number of rows written */
function carrySubject(sql: SqlStorage, subject: EarlierSubject): number {
  const key = formatSubject(subject);
  let rows = carryPayments(sql, key, subject);
  const [oldest] = sql
    .exec<{ at: number }>(
      "SELECT at FROM subject_payments WHERE subject = ? ORDER BY at, position LIMIT 1",
      key,
    )
    .toArray();
  // The first payment, and the newest, of which only the times are left: older than any window.
  const { first_at, seen_at } = subject;
  if (!oldest || oldest.at > first_at) rows += addTime(sql, key, "first", first_at, 1);
  if (!oldest && seen_at > first_at) rows += addTime(sql, key, "newest", seen_at, 2);
  sql.exec(
    "DELETE FROM subjects WHERE merchant_id = ? AND subject = ? AND value = ?",
    subject.merchant_id,
    subject.subject,
    subject.value,
  );
  return rows + 1;
}

/** Positions were numbered over all subjects, and now are for each. So that the next position of this subject is above
 *  every `released_after`, that becomes the subject's newest position where it is higher: it compares in the same way
 *  with the positions that there are. */
function carryPayments(sql: SqlStorage, key: string, { id, first_at }: EarlierSubject): number {
  return sql.exec(
    `INSERT INTO subject_payments (subject, at, position, transaction_id, user_id, currency, amount_minor, outcome,
       released_after)
     SELECT ?1, at, position, transaction_id, user_id, currency, amount_minor, outcome,
       min(released_after, (SELECT position FROM counted_payments WHERE subject_id = ?2
                            ORDER BY at DESC, position DESC LIMIT 1))
     FROM counted_payments WHERE subject_id = ?2 AND at >= ?3`,
    key,
    id,
    first_at,
  ).rowsWritten;
}

/** @param name instead of a transaction id, which none is equal to */
function addTime(
  sql: SqlStorage,
  key: string,
  name: "first" | "newest",
  at: number,
  position: number,
): number {
  return sql.exec(
    `INSERT INTO subject_payments (subject, at, position, transaction_id, user_id, currency, amount_minor)
     VALUES (?, ?, ?, ?, '', '', 0)`,
    key,
    at,
    position,
    name,
  ).rowsWritten;
}
