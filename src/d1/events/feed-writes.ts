/** Writes rows of the feed, and deletes those that are older than it keeps. */
import { FEED_SIZE } from "../schema";
import type { RowKey } from "../transactions/listed-row";

/** The consecutive events of a transaction, from one sequence to another. */
export type SentEvents = [...key: RowKey, first: number, last: number];

/** Numbers the feeds of merchants that have none. ?1: merchant ids. */
export const NUMBER_FEEDS = `
  INSERT INTO feeds (merchant_id) SELECT value FROM json_each(?1) WHERE true
  ON CONFLICT (merchant_id) DO NOTHING`;

/** The last position of a feed in a table. */
const lastIn = (table: string) => `coalesce((
  SELECT max(position) FROM ${table}
  WHERE position > feeds.id * ${FEED_SIZE} AND position < (feeds.id + 1) * ${FEED_SIZE}
), 0)`;

/** Writes a row for each transaction with new events. Events of a transaction arrive in order, so those up to its version
 *  are stored already and are left out. Places continue each feed and are at least the time in milliseconds: after D1 was
 *  set back, or emptied, events get places above all that were given out before, so a reader with an old cursor misses
 *  none. ?1: the `SentEvents` */
export const WRITE_FEED = `
  INSERT INTO feed_events (position, id, first, sequence)
  WITH sent AS MATERIALIZED (SELECT key AS at, jsonb(value) AS value FROM json_each(?1)),
  ends AS MATERIALIZED (
    SELECT feeds.id AS feed, feeds.merchant_id, max(
      feeds.id * ${FEED_SIZE} + max(CAST(unixepoch('subsec') * 1000 AS INTEGER), deleted_through),
      ${lastIn("feed_events")},
      ${lastIn("events")}
    ) AS last_position
    FROM feeds WHERE feeds.merchant_id IN (SELECT value ->> 0 FROM sent)
  ),
  known AS (
    SELECT at, ends.feed, last_position, unhex(value ->> 2) AS id, value ->> 5 AS first, value ->> 6 AS last,
      max(coalesce(listed.version, 0), coalesce(earlier.version, 0)) AS version
    FROM sent JOIN ends ON ends.merchant_id = value ->> 0
    LEFT JOIN listed_transactions AS listed
      ON listed.feed = ends.feed AND listed.created_at = value ->> 1 AND listed.id = unhex(value ->> 2)
    LEFT JOIN transactions AS earlier
      ON earlier.merchant_id = value ->> 0 AND earlier.created_at = value ->> 3 AND earlier.id = value ->> 4
  )
  SELECT last_position + sum(last - max(first - 1, version)) OVER (PARTITION BY feed ORDER BY at),
    id, max(first, version + 1), last
  FROM known WHERE last > version`;

/** Rows of a feed are deleted when so many of them are too old, so that few writes store how far they are deleted. */
export const LEAST_DELETED = 100;
/** A write deletes at most so many rows of a feed: twice as many as it can add (`APPEND_LIMITS`). */
export const MOST_DELETED = 1_400;

/** Older rows of a feed than it keeps, after those that were deleted. A place is at least the time of its write. One upper
 *  bound: of two SQLite would read all rows up to the other. ?2: how long rows are kept, in ms */
const TOO_OLD = `position > feeds.id * ${FEED_SIZE} + deleted_through
    AND position < feeds.id * ${FEED_SIZE} + unixepoch('subsec') * 1000 - ?2`;

/** The positions of rows that are too old, in order, for a row of `feeds`. Places of the first releases are no times, but their
 *  rows have one. */
const EXPIRED = `
  SELECT position FROM feed_events WHERE ${TOO_OLD}
  UNION ALL
  SELECT position FROM (
    SELECT position, created_at FROM events WHERE ${TOO_OLD} ORDER BY position LIMIT ${MOST_DELETED}
  ) WHERE created_at < unixepoch('subsec') * 1000 - ?2
  ORDER BY position`;

/** Not while the merchant has transactions of earlier releases, whose text is in `events`. ?1: merchant ids */
const ADVANCE = `
  UPDATE feeds SET deleted_through = (
    SELECT max(position) - feeds.id * ${FEED_SIZE} FROM (${EXPIRED} LIMIT ${MOST_DELETED})
  )
  WHERE merchant_id IN (SELECT value FROM json_each(?1))
    AND EXISTS (SELECT 1 FROM (${EXPIRED} LIMIT 1 OFFSET ${LEAST_DELETED - 1}))
    AND NOT EXISTS (SELECT 1 FROM transactions WHERE transactions.merchant_id = feeds.merchant_id)`;

/** ?1: merchant ids */
const deleteFrom = (table: "feed_events" | "events") => `
  DELETE FROM ${table} WHERE position IN (
    SELECT expired.position FROM feeds CROSS JOIN ${table} AS expired
      ON expired.position > feeds.id * ${FEED_SIZE} AND expired.position <= feeds.id * ${FEED_SIZE} + deleted_through
    WHERE feeds.merchant_id IN (SELECT value FROM json_each(?1))
  )`;

/** The statements that delete the oldest rows of some feeds. @param keptMs how long rows are kept */
export function prepareDeletion(
  db: D1Database,
  merchantIds: string[],
  keptMs: number,
): D1PreparedStatement[] {
  const merchants = JSON.stringify(merchantIds);
  return [
    db.prepare(ADVANCE).bind(merchants, keptMs),
    db.prepare(deleteFrom("feed_events")).bind(merchants),
    db.prepare(deleteFrom("events")).bind(merchants),
  ];
}
