/** Removes transactions from the lists that have been written to the archive. */
import { queryD1 } from "../query";
import { type RowKey, toRowKey } from "./listed-row";

/** A transaction at the version that was archived. `created_at` is RFC 3339, as in the transaction. */
export type ArchivedRow = { merchant_id: string; created_at: string; id: string; version: number };

/** ?1: `Removed`s */
const REMOVE = `
  DELETE FROM listed_transactions WHERE (feed, created_at, id) IN (
    SELECT own.feed, own.created_at, own.id
    FROM json_each(?1) AS removed CROSS JOIN feeds ON feeds.merchant_id = removed.value ->> 0
    CROSS JOIN listed_transactions AS own
      ON own.feed = feeds.id AND own.created_at = removed.value ->> 1 AND own.id = unhex(removed.value ->> 2)
    WHERE own.version <= removed.value ->> 5
  )`;

/** Nothing is read for a row when there are no such transactions. ?1: the same */
const REMOVE_EARLIER = `
  DELETE FROM transactions WHERE EXISTS (SELECT 1 FROM transactions) AND (merchant_id, created_at, id) IN (
    SELECT own.merchant_id, own.created_at, own.id
    FROM json_each(?1) AS removed CROSS JOIN transactions AS own
      ON own.merchant_id = removed.value ->> 0 AND own.created_at = removed.value ->> 3 AND own.id = removed.value ->> 4
    WHERE own.version <= removed.value ->> 5
  )`;

/** A merchant has no feed when D1 was set back to a time before its first event. For one that is in another book the update is tried
 *  in any case, and a trigger refuses it.
 *  ?1: the merchants' ids, each with its newest `created_at` in ms */
const RAISE = `
  INSERT INTO feeds (merchant_id, archived_through) SELECT key, value FROM json_each(?1) WHERE true
  ON CONFLICT (merchant_id) DO UPDATE SET archived_through = excluded.archived_through
  WHERE excluded.archived_through > coalesce(feeds.archived_through, 0)
    OR EXISTS (SELECT 1 FROM feed_moves WHERE feed = feeds.id AND moved_to IS NOT NULL)`;

type Removed = [...key: RowKey, version: number];

/** Removes each transaction unless it has changed since it was archived, and raises `archived_through_ms` of its merchant's lists.
 *  One transaction of D1, which may be repeated. Events stay in the feed.
 *  @throws DatabaseUnavailable */
export async function removeArchived(db: D1Database, archived: ArchivedRow[]): Promise<void> {
  if (archived.length === 0) return;
  const removed = archived.map(({ merchant_id, created_at, id, version }): Removed => {
    return [...toRowKey(merchant_id, created_at, id), version];
  });
  const newest: Record<string, number> = {};
  for (const [merchant_id, createdAtMs] of removed) {
    newest[merchant_id] = Math.max(newest[merchant_id] ?? 0, createdAtMs);
  }
  const prepare = (sql: string, value: unknown) => db.prepare(sql).bind(JSON.stringify(value));
  await queryD1(
    db.batch([prepare(REMOVE, removed), prepare(REMOVE_EARLIER, removed), prepare(RAISE, newest)]),
  );
}
