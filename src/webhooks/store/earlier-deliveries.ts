/** Moves the deliveries of the release before, which had tables of their own for bodies and attempts, into the one table
 *  of today. A dispatcher can have millions, more than it can copy when it starts: then it moves the pending and the
 *  newest ones, and its alarm the others, the newest first. Until then the log ends above those. */
import { hasTable } from "../../runtime/migrations";
import { MAX_LOGGED } from "./attempt-log";

/** A second or two of work, with a limit of 30. */
const MOVED_AT_START = 20_000;
/** Some tens of milliseconds. */
const MOVED_BY_ALARM = 1_000;

const TABLE = "earlier_deliveries";

/** Call it with the tables of before in place, `deliveries` renamed to `earlier_deliveries`. */
export function moveAtStart(sql: SqlStorage): void {
  move(sql, "status = 'pending'");
  moveNewest(sql, MOVED_AT_START);
}

/** Whether there are deliveries left to move. */
export function hasEarlier(sql: SqlStorage): boolean {
  return hasTable(sql, TABLE);
}

/** Moves some of what is left. @returns whether there is more. Call it inside a transaction. */
export function moveSome(sql: SqlStorage): boolean {
  moveNewest(sql, MOVED_BY_ALARM);
  return hasEarlier(sql);
}

function moveNewest(sql: SqlStorage, limit: number): void {
  const [last] = sql
    .exec<{ position: number }>(
      `SELECT position FROM ${TABLE} ORDER BY position DESC LIMIT 1 OFFSET ?`,
      limit - 1,
    )
    .toArray();
  move(sql, `position >= ${last?.position ?? 0}`);
  if (last) return;
  for (const table of ["attempts", "bodies", TABLE]) sql.exec(`DROP TABLE ${table}`);
}

function move(sql: SqlStorage, which: string): void {
  sql.exec(
    `INSERT INTO deliveries (position, id, endpoint_id, message_id, event_type, transaction_id, url, status,
       attempts, tries, next_at, happened_at, traceparent, created_at, started_at, finished_at, log, body)
     SELECT position, id, endpoint_id, message_id, event_type, transaction_id, url, status,
       attempts, tries, next_at, happened_at, traceparent, created_at, started_at, finished_at,
       (SELECT json_group_array(json_array(number, started_at, duration_ms, status_code, error) ORDER BY number)
        FROM (SELECT * FROM attempts WHERE delivery = position ORDER BY number DESC LIMIT ${MAX_LOGGED})),
       coalesce((SELECT body FROM bodies WHERE delivery = position), '')
     FROM ${TABLE} WHERE ${which}`,
  );
  const moved = `SELECT position FROM ${TABLE} WHERE ${which}`;
  sql.exec(`DELETE FROM attempts WHERE delivery IN (${moved})`);
  sql.exec(`DELETE FROM bodies WHERE delivery IN (${moved})`);
  sql.exec(`DELETE FROM ${TABLE} WHERE ${which}`);
}
