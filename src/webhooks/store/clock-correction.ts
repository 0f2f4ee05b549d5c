/** Corrects a dispatcher's times in the future after its clock has gone back: waits beyond their longest length end, and
 *  starts in the future become now. */
import { LONGEST_COOLDOWN_MS } from "../../domain/webhook/circuit-breaker";
import { LONGEST_RETRY_MS } from "../../domain/webhook/retry-schedule";
import type { Delivery } from "./delivery";
import { PENDING } from "./sql-values";

/** Rows that are read at a time, after the first one. */
const PAGE = 500;

/** Call it inside a transaction, and only when `ClockWatch` has seen the clock go back. Reads the retries, and the
 *  deliveries from the future: few rows, but when a clock was ahead for long. */
export function correctFutureTimes(sql: SqlStorage, nowMs: number): void {
  sql.exec(
    `UPDATE deliveries SET next_at = ?1, started_at = min(started_at, ?1) WHERE status = ${PENDING}
       AND endpoint_id IN (SELECT id FROM endpoints)
       AND next_at > ?1 AND (next_at > ?2 OR started_at > ?1)`,
    nowMs,
    nowMs + LONGEST_RETRY_MS,
  );
  correctNewest(sql, nowMs);
  sql.exec(
    "UPDATE endpoints SET resting_until = 0 WHERE resting_until > ?",
    nowMs + LONGEST_COOLDOWN_MS,
  );
}

/** The deliveries that were added while the clock was ahead are the newest ones. Usually the first row read is none. */
function correctNewest(sql: SqlStorage, nowMs: number): void {
  let below = Number.MAX_SAFE_INTEGER;
  for (let page = 1; page > 0; ) {
    const rows = sql
      .exec<Pick<Delivery, "position" | "created_at">>(
        "SELECT position, created_at FROM deliveries WHERE position < ? ORDER BY position DESC LIMIT ?",
        below,
        page,
      )
      .toArray();
    const firstPast = rows.findIndex(({ created_at }) => created_at <= nowMs);
    const future = firstPast === -1 ? rows : rows.slice(0, firstPast);
    for (const { position } of future) {
      sql.exec(
        `UPDATE deliveries SET created_at = ?1, started_at = min(started_at, ?1),
           finished_at = min(finished_at, ?1) WHERE position = ?2`,
        nowMs,
        position,
      );
    }
    below = rows.at(-1)?.position ?? 0;
    page = future.length < page ? 0 : PAGE;
  }
}
