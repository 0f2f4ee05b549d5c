/** Corrects a dispatcher's times in the future after its clock has gone back: waits beyond their longest length end, and
 *  starts and ends in the future become now. */
import { LONGEST_COOLDOWN_MS } from "../../domain/webhook/circuit-breaker";
import { LONGEST_RETRY_MS } from "../../domain/webhook/retry-schedule";
import { SENT_LEASE_MS, TAKEN_LEASE_MS } from "./deliveries";
import { PENDING } from "./sql-values";

/** Call it inside a transaction, and only when `ClockWatch` has seen the clock go back: it reads every row. */
export function correctFutureTimes(sql: SqlStorage, nowMs: number): void {
  sql.exec(
    `UPDATE deliveries SET next_at = ? WHERE status = ${PENDING} AND lease IS NULL AND next_at > ?`,
    nowMs,
    nowMs + LONGEST_RETRY_MS,
  );
  // A lease that is running gets its whole length again; otherwise the delivery would be sent twice.
  const leases = { sent: SENT_LEASE_MS, taken: TAKEN_LEASE_MS };
  for (const [lease, lengthMs] of Object.entries(leases)) {
    sql.exec(
      "UPDATE deliveries SET next_at = ?1 WHERE lease = ?2 AND next_at > ?1",
      nowMs + lengthMs,
      lease,
    );
  }
  sql.exec(
    `UPDATE deliveries SET started_at = ?1 WHERE status = ${PENDING} AND started_at > ?1`,
    nowMs,
  );
  sql.exec("UPDATE deliveries SET finished_at = ?1 WHERE finished_at > ?1", nowMs);
  sql.exec(
    "UPDATE endpoints SET resting_until = 0 WHERE resting_until > ?",
    nowMs + LONGEST_COOLDOWN_MS,
  );
}
