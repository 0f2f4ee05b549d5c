/** Writes events to D1 with everything that follows from them, in one call and one transaction of D1. */
import type { EventRecord } from "../domain/transaction/event";
import type { Refund } from "../domain/transaction/refund";
import type { Transaction } from "../domain/transaction/transaction";
import { prepareErasures } from "./erasure/erase-refunds";
import { NUMBER_FEEDS, prepareDeletion, type SentEvents, WRITE_FEED } from "./events/feed-writes";
import { COUNT_HOURS, counterOf, toHour } from "./hourly-totals";
import { countedAs } from "./totals";
import { MAX_TOTAL_CODES } from "./totals-schema";
import { type CountedEvent, IS_NEW } from "./transactions/known-versions";
import { type RowKey, type SentRow, toRowKey, toSentRow } from "./transactions/listed-row";
import { prepareRows } from "./transactions/write-rows";

/** What one call may hold. The more events, the more of them are of one payment and share its rows: of a busy payment 5.5
 *  rows were billed with 200, and 4.4 with 700, which are some 600,000 characters. D1 accepts values of 2 MB,
 *  https://developers.cloudflare.com/d1/platform/limits/; the JSON around each row and multi-byte characters need the
 *  rest. */
export const APPEND_LIMITS = { rows: 700, characters: 600_000 };

/** Gives the first failure codes totals of their own. ?1: codes. A code of an event that was written before is there
 *  already, or there was no room for it. */
const KEEP_CODES = `
  INSERT INTO total_codes (code)
  SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT code FROM total_codes)
  ORDER BY key LIMIT max(0, ${MAX_TOTAL_CODES} - (SELECT count(*) FROM total_codes))`;

/** Counts the events that are not in D1 yet: those above the version of their transaction. Runs before they are written. Each row
 *  is converted to JSONB once: as text it would be parsed again for every `->>`. ?1: the `CountedEvent`s */
const COUNT_TOTALS = `
  INSERT INTO totals (type, currency, code, decision, count, amount_minor)
  WITH sent AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))
  SELECT value ->> 6, value ->> 7,
    iif(value ->> 11 AND value ->> 8 NOT IN (SELECT code FROM total_codes), 'other', value ->> 8), value ->> 9, count(*), sum(value ->> 10)
  FROM sent WHERE ${IS_NEW}
  GROUP BY 1, 2, 3, 4
  ON CONFLICT (type, currency, code, decision) DO UPDATE SET
    count = count + excluded.count,
    amount_minor = amount_minor + excluded.amount_minor`;

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

/** The last event of a refund: its merchant, its sequence and the refund's text. */
type SentRefund = [string, number, string];

export type AppendOptions = {
  /** Returns the transaction as of an event; by default parses its `data`. */
  read?: (event: EventRecord) => Transaction;
  /** How long the feed keeps events, in ms; 0: for ever. */
  hot_ms?: number;
};

/** May be repeated with the same events, in any batches: those that are stored are left out.
 *  @param events of each transaction consecutive ones, in order */
export async function appendEvents(
  db: D1Database,
  events: EventRecord[],
  { read = parseTransaction, hot_ms = 0 }: AppendOptions = {},
): Promise<void> {
  if (events.length === 0) return;
  const merchants = [...new Set(events.map(({ merchant_id }) => merchant_id))];
  const sent: SentEvents[] = [];
  const rows: SentRow[] = [];
  const counted: CountedEvent[] = [];
  const refunds = new Map<string, SentRefund>();
  for (const group of Map.groupBy(events, ({ transaction_id }) => transaction_id).values()) {
    const { merchant_id, transaction_id, sequence: first } = group[0] as EventRecord; // A group has an event.
    const last = group.at(-1) as EventRecord;
    const states = group.map(read);
    const state = states.at(-1) as Transaction;
    const key = toRowKey(merchant_id, state.created_at, transaction_id);
    sent.push([...key, first, last.sequence]);
    rows.push(toSentRow(key, last, state));
    for (const [at, event] of group.entries()) {
      const refund = event.refund === null ? null : (JSON.parse(event.refund) as Refund);
      if (refund) refunds.set(refund.id, [merchant_id, event.sequence, event.refund ?? ""]);
      counted.push(toCounted(key, event, states[at] as Transaction, refund)); // One state for each.
    }
  }
  const codes = new Set(counted.filter(isFailure).map(codeOf));
  const inHours = counted.filter(hasCounter);
  const prepare = (sql: string, rows: unknown[]) => db.prepare(sql).bind(JSON.stringify(rows));
  await db.batch([
    prepare(NUMBER_FEEDS, merchants),
    ...(codes.size === 0 ? [] : [prepare(KEEP_CODES, [...codes])]),
    prepare(COUNT_TOTALS, counted),
    ...(inHours.length === 0 ? [] : [prepare(COUNT_HOURS, inHours)]),
    prepare(WRITE_FEED, sent),
    ...prepareRows(db, rows),
    ...(refunds.size === 0 ? [] : [prepare(WRITE_REFUNDS, [...refunds.values()])]),
    ...prepareErasures(db, events),
    ...(hot_ms === 0 ? [] : prepareDeletion(db, merchants, hot_ms)),
  ]);
}

/** Its owner stored it. */
function parseTransaction({ data }: EventRecord): Transaction {
  return JSON.parse(data);
}

function toCounted(
  key: RowKey,
  event: EventRecord,
  transaction: Transaction,
  refund: Refund | null,
): CountedEvent {
  const { sequence, type, created_at_ms } = event;
  const { currency, code, is_failure, amount_minor } = countedAs(type, transaction, refund);
  const kind = [type, currency, code, transaction.risk.decision] as const;
  const counter = counterOf(type, code);
  return [...key, sequence, ...kind, amount_minor, is_failure, toHour(created_at_ms), counter];
}

const codeOf = (counted: CountedEvent): string => counted[8];
const isFailure = (counted: CountedEvent): boolean => counted[11];
const hasCounter = (counted: CountedEvent): boolean => counted[13] !== null;
