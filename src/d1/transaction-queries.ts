/** Reads D1's copy: lists of transactions and the feed of events; `refund-queries.ts` has the lists of refunds. Rows are JSON text, ready for the response. */
import { type SQL, sql } from "drizzle-orm";
import { eventId } from "../domain/identity/id";
import { LAST_MS, type TimeRange } from "../domain/time/timestamp";
import { announcedText, type EventType } from "../domain/transaction/event";
import { STATUSES, type Status } from "../domain/transaction/status";
import { unpackEvents } from "./earlier-events";
import { type Database, queryD1 } from "./query";
import { FEED_SIZE } from "./schema";

/** A page: its items, and where the next one begins. */
export type Page<Place> = { items: string[]; hasMore: boolean; next: Place | undefined };

/** The place of a transaction or a refund in a list that is sorted newest first. */
export type ListPlace = { created_at: string; id: string };

export type ListFilter = {
  user_id?: string | undefined;
  status?: Status | undefined;
  /** The range of `created_at`. */
  created?: TimeRange | undefined;
};

/** One page of a merchant's transactions, newest first. Later inserts never shift what follows `after`. */
export async function listTransactions(
  db: Database,
  merchantId: string,
  filter: ListFilter,
  after: ListPlace | undefined,
  limit: number,
): Promise<Page<ListPlace>> {
  const wanted = limit + 1;
  const keys =
    filter.user_id === undefined
      ? selectInOrder(merchantId, filter, after, wanted)
      : selectOfUser(merchantId, filter.user_id, filter, after, wanted);
  // CROSS JOIN keeps the order of the tables: the page first, and then its events.
  const rows = await queryD1(
    db.all<ListPlace & { data: string }>(sql`
      SELECT page.created_at, page.id, events.data
      FROM (${keys}) AS page CROSS JOIN events ON events.position = page.last_event
      ORDER BY page.created_at DESC, page.id DESC`),
  );
  return toListPage(rows, limit);
}

/** A page of a list that is sorted newest first. @param rows the page and, if there is more, one row behind it */
export function toListPage(rows: (ListPlace & { data: string })[], limit: number): Page<ListPlace> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ data }) => data),
    hasMore: rows.length > limit,
    next: rows.length > limit && last ? { created_at: last.created_at, id: last.id } : undefined,
  };
}

/** A merchant's transactions, in the order of the table's key or, of one status, of the index by it. */
function selectInOrder(
  merchantId: string,
  { status, created }: ListFilter,
  after: ListPlace | undefined,
  limit: number,
): SQL {
  const byStatus =
    status === undefined
      ? { index: sql``, condition: sql`` }
      : { index: sql`INDEXED BY transactions_by_status`, condition: sql`AND status = ${status}` };
  return sql`
    SELECT created_at, id, last_event FROM transactions ${byStatus.index}
    WHERE merchant_id = ${merchantId} ${byStatus.condition} AND ${buildRange(created, after)}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}`;
}

/** A customer's transactions. Their index has the status before the time, so that it also serves a filter by status.
 *  Without that filter the newest of each status are read, and the newest of all returned. */
function selectOfUser(
  merchantId: string,
  userId: string,
  { status, created }: ListFilter,
  after: ListPlace | undefined,
  limit: number,
): SQL {
  const statuses = JSON.stringify(status === undefined ? STATUSES : [status]);
  return sql`
    SELECT own.created_at, own.id, own.last_event
    FROM json_each(${statuses}) AS wanted CROSS JOIN transactions AS own
      ON own.merchant_id = ${merchantId} AND (own.created_at, own.id) IN (
        SELECT created_at, id FROM transactions INDEXED BY transactions_by_user
        WHERE merchant_id = ${merchantId} AND user_id = ${userId} AND status = wanted.value
          AND ${buildRange(created, after)}
        ORDER BY created_at DESC, id DESC LIMIT ${limit})
    ORDER BY own.created_at DESC, own.id DESC LIMIT ${limit}`;
}

/** Sorts after every stored time; a year of five digits would sort before them. */
const AFTER_ALL = "9999-12-31T23:59:60.000Z";

/** One range of the index for every filter. With two upper bounds SQLite would use one for the index, and read and drop
 *  the rows that the other excludes. */
export function buildRange(created: TimeRange | undefined, after: ListPlace | undefined): SQL {
  const { from_ms, until_ms } = created ?? {};
  const until = until_ms === undefined ? AFTER_ALL : timeText(until_ms);
  const end = after && after.created_at < until ? after : { created_at: until, id: "" };
  const from = from_ms === undefined ? "" : timeText(from_ms);
  return sql`created_at >= ${from} AND (created_at, id) < (${end.created_at}, ${end.id})`;
}

function timeText(ms: number): string {
  return ms > LAST_MS ? AFTER_ALL : new Date(ms).toISOString();
}

/** One page of a merchant's events, oldest first, in the order in which they were written to D1: an event that arrives
 *  later is always after every place returned before.
 *  @param after a place in the merchant's feed, also one between the events of a row */
export async function listEvents(
  db: Database,
  merchantId: string,
  after: number,
  limit: number,
): Promise<Page<number>> {
  // Whole numbers as literals or cast: D1 binds a number as a float, which cannot hold every position.
  const size = sql.raw(String(FEED_SIZE));
  const start = sql`(SELECT id * ${size} FROM feeds WHERE merchant_id = ${merchantId})`;
  const rows = await queryD1(
    db.all<EventRow>(sql`
      SELECT position - ${start} AS place, transaction_id, sequence, type, created_at AS created_at_ms, data,
        earlier, refund
      FROM events
      WHERE position > ${start} + CAST(${after} AS INTEGER) AND position < ${start} + ${size}
        AND merchant_id = ${merchantId}
      ORDER BY position LIMIT ${limit + 1}`),
  );
  const found = rows.flatMap(placedEvents).filter(({ place }) => place > after);
  const page = found.slice(0, limit);
  return {
    items: page.map(eventText),
    hasMore: found.length > limit,
    next: page.at(-1)?.place ?? after,
  };
}

type EventRow = {
  /** Of the last event. */
  place: number;
  transaction_id: string;
  sequence: number;
  type: EventType;
  created_at_ms: number;
  data: string;
  earlier: string;
  refund: string | null;
};

function placedEvents(row: EventRow): EventRow[] {
  const events = unpackEvents(row);
  return events.map((event, at) => ({ ...event, place: row.place - (events.length - 1 - at) }));
}

/** An event as JSON text, around the own text of what it announces. */
export function eventText(event: {
  transaction_id: string;
  sequence: number;
  type: string;
  created_at_ms: number;
  data: string;
  refund: string | null;
}): string {
  const { transaction_id, sequence, type, created_at_ms } = event;
  const created_at = new Date(created_at_ms).toISOString();
  const id = eventId(transaction_id, sequence);
  const envelope = JSON.stringify({ id, type, sequence, transaction_id, created_at });
  return `${envelope.slice(0, -1)},"data":${announcedText(event)}}`;
}
