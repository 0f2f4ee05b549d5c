/** Writes events to D1 with everything that follows from them, in one call and one transaction of D1. */
import type { EventRecord, EventType } from "../domain/transaction/event";
import type { Refund } from "../domain/transaction/refund";
import type { Transaction } from "../domain/transaction/transaction";
import { packEarlier } from "./events/earlier-events";
import { COUNT_HOURS, type CountedInHour, counterOf, toHour } from "./hourly-totals";
import { FEED_SIZE } from "./schema";
import { countedAs } from "./totals";
import { MAX_TOTAL_CODES } from "./totals-schema";

/** What one call may hold. More than some hundred rows gain nothing and block the thread. D1 accepts values of
 *  2 MB, https://developers.cloudflare.com/d1/platform/limits/; the JSON around each row and multi-byte characters need
 *  the rest. */
export const APPEND_LIMITS = { rows: 200, characters: 600_000 };

// The statements below convert each row to JSONB once: as text it would be written and parsed again for every `->>`.

/** Numbers the feeds of merchants that have none. ?1: merchant ids. */
const NUMBER_FEEDS = `
  INSERT INTO feeds (merchant_id) SELECT value FROM json_each(?1) WHERE true
  ON CONFLICT (merchant_id) DO NOTHING`;

/** Gives the first failure codes totals of their own. ?1: codes. A code of an event that was written before is there
 *  already, or there was no room for it. */
const KEEP_CODES = `
  INSERT INTO total_codes (code)
  SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT code FROM total_codes)
  ORDER BY key LIMIT max(0, ${MAX_TOTAL_CODES} - (SELECT count(*) FROM total_codes))`;

/** Counts the events that are not in D1 yet: those above the version of their transaction. Runs before they are written.
 *  ?1: merchant_id, created_at of the transaction, id, sequence, type, currency, code, decision, amount_minor, and whether
 *  the code is a failure's, of each. */
const COUNT_TOTALS = `
  INSERT INTO totals (type, currency, code, decision, count, amount_minor)
  WITH sent AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))
  SELECT value ->> 4, value ->> 5,
    iif(value ->> 9 AND value ->> 6 NOT IN (SELECT code FROM total_codes), 'other', value ->> 6), value ->> 7, count(*), sum(value ->> 8)
  FROM sent
  WHERE NOT EXISTS (
    SELECT 1 FROM transactions
    WHERE merchant_id = value ->> 0 AND created_at = value ->> 1 AND id = value ->> 2 AND version >= value ->> 3
  )
  GROUP BY 1, 2, 3, 4
  ON CONFLICT (type, currency, code, decision) DO UPDATE SET
    count = count + excluded.count,
    amount_minor = amount_minor + excluded.amount_minor`;

/** Writes a row for each transaction with new events; the trigger `events_write_transactions` does the rest. Events of a
 *  transaction arrive in order, so those up to its version are stored already and are left out. Places continue each feed
 *  and are at least the time in milliseconds: after D1 was set back, or emptied, events get places above all that were
 *  given out before, so a reader with an old cursor misses none.
 *  ?1: merchant ids. ?2: the rows of `Sent`. */
const WRITE_EVENTS = `
  WITH feed AS MATERIALIZED (
    SELECT key AS number, feeds.merchant_id, max(
      feeds.id * ${FEED_SIZE} + CAST(unixepoch('subsec') * 1000 AS INTEGER),
      coalesce((
        SELECT max(position) FROM events
        WHERE position >= feeds.id * ${FEED_SIZE} AND position < (feeds.id + 1) * ${FEED_SIZE}
      ), 0)
    ) AS last_position
    FROM json_each(?1) JOIN feeds ON feeds.merchant_id = value
  ),
  parsed AS MATERIALIZED (SELECT key, jsonb(value) AS value FROM json_each(?2)),
  sent AS (
    SELECT key AS at, value ->> 0 AS feed, value ->> 1 AS transaction_id, value ->> 2 AS transaction_created_at,
      value ->> 3 AS first, value ->> 4 AS sequence, value ->> 5 AS type, value ->> 6 AS created_at,
      value ->> 7 AS data, value ->> 8 AS earlier, value ->> 9 AS refund
    FROM parsed
  ),
  missing AS (
    SELECT sent.*, feed.merchant_id, last_position, coalesce(known.version, 0) AS version
    FROM sent JOIN feed ON feed.number = sent.feed LEFT JOIN transactions AS known
      ON known.merchant_id = feed.merchant_id AND known.created_at = transaction_created_at
      AND known.id = transaction_id
    WHERE sequence > coalesce(known.version, 0)
  )
  INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at, data, refund, earlier)
  SELECT last_position + sum(sequence - max(first - 1, version)) OVER (PARTITION BY feed ORDER BY at),
    merchant_id, transaction_id, sequence, type, created_at, data, refund,
    iif(version < first, earlier, (
      SELECT json_group_array(json(value)) FROM json_each(earlier) WHERE value ->> 0 > version
    ))
  FROM missing`;

/** Writes refunds as of their last event. One of an earlier event changes nothing.
 *  ?1: the rows of `SentRefund`. */
const WRITE_REFUNDS = `
  INSERT INTO refunds (merchant_id, sequence, data, created_at, id, transaction_id, status, amount_minor, currency)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 2 ->> '$.created_at', value ->> 2 ->> '$.id',
    value ->> 2 ->> '$.transaction_id', value ->> 2 ->> '$.status', value ->> 2 ->> '$.amount_minor',
    value ->> 2 ->> '$.currency'
  FROM json_each(?1) WHERE true
  ON CONFLICT (merchant_id, created_at, id) DO UPDATE SET
    status = excluded.status,
    sequence = excluded.sequence,
    data = excluded.data
  WHERE excluded.sequence > refunds.sequence`;

/** The events of one transaction: the index of its merchant, its id and `created_at`, the first and the last sequence,
 *  type, time and text of the last event, the JSON of its `EarlierEvent[]`, and the text of the last event's refund. */
type Sent = [
  number,
  string,
  string,
  number,
  number,
  EventType,
  number,
  string,
  string,
  string | null,
];
/** The parameters of `COUNT_TOTALS` for an event. */
type Counted = [
  ...key: [string, string, string, number],
  ...kind: [EventType, string, string, string],
  amount_minor: number,
  isFailure: boolean,
];
/** The last event of a refund: its merchant, its sequence and the refund's text. */
type SentRefund = [string, number, string];

/** May be repeated with the same events, in any batches: those that are stored are left out.
 *  @param events of each transaction consecutive ones, in order
 *  @param read returns the transaction as of an event; by default parses its `data` */
export async function appendEvents(
  db: D1Database,
  events: EventRecord[],
  read: (event: EventRecord) => Transaction = ({ data }) => JSON.parse(data), // As its owner stored it.
): Promise<void> {
  if (events.length === 0) return;
  const feeds = new Map<string, number>();
  const sent: Sent[] = [];
  const counted: Counted[] = [];
  const hours: CountedInHour[] = [];
  const refunds = new Map<string, SentRefund>();
  for (const group of Map.groupBy(events, ({ transaction_id }) => transaction_id).values()) {
    const states = group.map(read);
    const { merchant_id, sequence: first } = group[0] as EventRecord; // A group has an event.
    const last = group.at(-1) as EventRecord;
    const feed = feeds.get(merchant_id) ?? feeds.size;
    feeds.set(merchant_id, feed);
    const key = [last.transaction_id, states[0]?.created_at ?? ""] as const;
    const event = [last.sequence, last.type, last.created_at_ms, last.data] as const;
    const earlier = packEarlier(group, states);
    sent.push([feed, ...key, first, ...event, JSON.stringify(earlier), last.refund]);
    for (const [at, event] of group.entries()) {
      const refund = event.refund === null ? null : (JSON.parse(event.refund) as Refund);
      if (refund) refunds.set(refund.id, [merchant_id, event.sequence, event.refund ?? ""]);
      const one = toCounted(event, states[at] as Transaction, refund); // One state for each.
      counted.push(one);
      hours.push(...toCountedInHour(event, one));
    }
  }
  const codes = new Set(counted.filter(isFailure).map(([, , , , , , code]) => code));
  const merchants = JSON.stringify([...feeds.keys()]);
  await db.batch([
    db.prepare(NUMBER_FEEDS).bind(merchants),
    ...(codes.size === 0 ? [] : [db.prepare(KEEP_CODES).bind(JSON.stringify([...codes]))]),
    db.prepare(COUNT_TOTALS).bind(JSON.stringify(counted)),
    ...(hours.length === 0 ? [] : [db.prepare(COUNT_HOURS).bind(JSON.stringify(hours))]),
    db.prepare(WRITE_EVENTS).bind(merchants, JSON.stringify(sent)),
    ...(refunds.size === 0
      ? []
      : [db.prepare(WRITE_REFUNDS).bind(JSON.stringify([...refunds.values()]))]),
  ]);
}

function toCounted(event: EventRecord, transaction: Transaction, refund: Refund | null): Counted {
  const { merchant_id, transaction_id, sequence, type } = event;
  const { currency, code, is_failure, amount_minor } = countedAs(type, transaction, refund);
  const key = [merchant_id, transaction.created_at, transaction_id, sequence] as const;
  return [...key, type, currency, code, transaction.risk.decision, amount_minor, is_failure];
}

/** None for an event that is a step on the way to another one. */
function toCountedInHour({ created_at_ms }: EventRecord, counted: Counted): CountedInHour[] {
  const [merchant_id, created_at, id, sequence, type, currency, code, , amount_minor] = counted;
  const counter = counterOf(type, code);
  if (counter === null) return [];
  const key = [merchant_id, created_at, id, sequence] as const;
  return [[...key, toHour(created_at_ms), currency, counter, amount_minor]];
}

const isFailure = (counted: Counted): boolean => counted[9];
