/** Rows of the book as the release before `listed_transactions` wrote them. */
import type { DatabaseSync } from "node:sqlite";
import type { EarlierEvent } from "../../src/d1/events/earlier-events";
import { FEED_SIZE } from "../../src/d1/schema";
import type { EventRecord } from "../../src/domain/transaction/event";

type Members = Record<string, unknown>;
type Statement = { sql: string; values: (string | number | null)[] };

/** Packs consecutive events of a transaction, oldest first, for one row.
 *  @param transactions the `data` of each event as an object, parsed or as it was before it became text */
export function packEarlier(
  events: Pick<EventRecord, "sequence" | "type" | "created_at_ms" | "data" | "refund">[],
  transactions: Members[],
): EarlierEvent[] {
  const last = transactions.at(-1) ?? {};
  return events.slice(0, -1).map(({ sequence, type, created_at_ms, data, refund }, at) => {
    const differing = selectDiffering(transactions[at] ?? {}, last);
    const isExact = JSON.stringify({ ...last, ...differing }) === data;
    const event = [sequence, type, created_at_ms, isExact ? differing : data] as const;
    return refund === null ? [...event] : [...event, refund];
  });
}

function selectDiffering(members: Members, from: Members): Members {
  const differing: [string, unknown][] = [];
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value === undefined) continue; // JSON has no such member.
    if (!isSame(value, from[name])) differing.push([name, value]);
  }
  return Object.fromEntries(differing);
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other || typeof one !== "object" || one === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}

const NUMBER_FEED = "INSERT INTO feeds (merchant_id) VALUES (?) ON CONFLICT DO NOTHING";
const POSITION = `(SELECT id FROM feeds WHERE merchant_id = ?1) * ${FEED_SIZE} + CAST(?2 AS INTEGER)`;
const WRITE_EVENTS = `
  INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at, data, earlier)
  VALUES (${POSITION}, ?1, ?3, ?4, ?5, ?6, ?7, ?8)`;
/** Releases before refunds do not have the column. */
const WRITE_REFUND = `UPDATE events SET refund = ?3 WHERE position = ${POSITION}`;
/** What the trigger of that release does. */
const WRITE_TRANSACTION = `
  INSERT INTO transactions (id, merchant_id, idempotency_key, user_id, amount_minor, currency, status, fraud_score, version,
    created_at, last_event)
  SELECT transaction_id, merchant_id, data ->> 'idempotency_key', data ->> 'user_id', data ->> 'amount_minor',
    data ->> 'currency', data ->> 'status', data ->> 'fraud_score', sequence, data ->> 'created_at', position
  FROM events WHERE position = ${POSITION}
  ON CONFLICT (merchant_id, created_at, id) DO UPDATE SET
    status = excluded.status, version = excluded.version, last_event = excluded.last_event`;

/** The statements that write the events of a transaction in one row. @param place of the last event in its feed */
export function earlierStatements(events: EventRecord[], place: number): Statement[] {
  const last = events.at(-1);
  if (!last) return [];
  const { merchant_id, transaction_id, sequence, type, created_at_ms, data, refund } = last;
  const states = events.map((event) => JSON.parse(event.data) as Members);
  const earlier = JSON.stringify(packEarlier(events, states));
  const row = [transaction_id, sequence, type, created_at_ms, data, earlier];
  const own = refund === null ? [] : [{ sql: WRITE_REFUND, values: [merchant_id, place, refund] }];
  return [
    { sql: NUMBER_FEED, values: [merchant_id] },
    { sql: WRITE_EVENTS, values: [merchant_id, place, ...row] },
    ...own,
    { sql: WRITE_TRANSACTION, values: [merchant_id, place] },
  ];
}

/** Writes rows of events, each of one transaction, before the migration that closes the table.
 *  @param places of the last event of each row; by default they follow each other
 *  @returns the place of the last event */
export function writeEarlier(
  book: DatabaseSync,
  groups: EventRecord[][],
  places?: number[],
): number {
  let place = 0;
  for (const [at, events] of groups.entries()) {
    place = places?.[at] ?? place + events.length;
    for (const { sql, values } of earlierStatements(events, place))
      book.prepare(sql).run(...values);
  }
  return place;
}
