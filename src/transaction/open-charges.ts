/** How charges stand that have no outcome yet. */

/** `oldest_age_ms` is since the claim; `overdue` are open for longer than a minute. */
export type OpenCharges = { open: number; overdue: number; oldest_age_ms: number };

/** A processor that answers at all does so within seconds, and has been asked five times by now. */
const OVERDUE_MS = 60_000;
/** With a processor that is down there may be any number of open charges. Those asked for most often are
 *  the oldest, and this many of them are looked at. */
const MAX_LOOKED_AT = 1_000;

/** @param sql of the journal */
export function openCharges(sql: SqlStorage, nowMs: number): OpenCharges {
  const { open } = sql.exec<{ open: number }>("SELECT count(*) AS open FROM charges").one();
  if (open === 0) return { open, overdue: 0, oldest_age_ms: 0 };
  const { oldest, overdue } = sql
    .exec<{ oldest: number | null; overdue: number | null }>(
      `SELECT min(created_at_ms) AS oldest, sum(created_at_ms < ?) AS overdue
       FROM (SELECT transaction_id FROM charges ORDER BY attempts DESC LIMIT ?)
       JOIN events USING (transaction_id) WHERE type = 'transaction.processing'`,
      nowMs - OVERDUE_MS,
      MAX_LOOKED_AT,
    )
    .one();
  return {
    open,
    overdue: overdue ?? 0,
    oldest_age_ms: oldest === null ? 0 : Math.max(0, nowMs - oldest),
  };
}
