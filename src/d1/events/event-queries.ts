/** Reads the feed of a merchant's events from D1: which events, in their order. Texts are read from the owners of their
 *  transactions, except those that earlier releases wrote. */
import { type SQL, sql } from "drizzle-orm";
import { eventId } from "../../domain/identity/id";
import { unpackId } from "../../domain/identity/packed-id";
import { formatTime } from "../../domain/time/format-time";
import { announcedText, type EventRecord, type EventType } from "../../domain/transaction/event";
import { type Database, queryD1 } from "../query";
import { FEED_SIZE } from "../schema";
import { unpackEvents } from "./earlier-events";

/** An event of the feed. */
export type FeedEntry = {
  place: number;
  transaction_id: string;
  sequence: number;
  /** Of events that an earlier release wrote. */
  event?: EventText;
};

/** What the text of an event is made of. */
export type EventText = Pick<
  EventRecord,
  "transaction_id" | "sequence" | "type" | "created_at_ms" | "data" | "refund"
>;

/** `next` is the place where the next page begins. */
export type FeedPage = { entries: FeedEntry[]; hasMore: boolean; next: number };

/** Events behind a place have been deleted. */
export class FeedPlaceExpired extends Error {
  override readonly name = "FeedPlaceExpired";
}

/** One page of a merchant's events, oldest first, in the order in which they were written to D1: an event that arrives
 *  later is always after every place returned before.
 *  @param after a place in the merchant's feed, also one between the events of a row; `oldest` for the first page and
 *    `newest` for the last one
 *  @throws FeedPlaceExpired, DatabaseUnavailable */
export async function listEvents(
  db: Database,
  merchantId: string,
  after: number | "oldest" | "newest",
  limit: number,
): Promise<FeedPage> {
  if (after === "newest") return listNewestEvents(db, merchantId, limit);
  const start = after === "oldest" ? 0 : after;
  const { entries, deleted_through } = await readEntries(
    db,
    merchantId,
    start,
    sql`ORDER BY position LIMIT ${limit + 1}`,
  );
  if (after !== "oldest" && after < deleted_through) throw new FeedPlaceExpired();
  const found = entries.filter(({ place }) => place > start);
  const page = found.slice(0, limit);
  const next = page.at(-1)?.place ?? Math.max(start, deleted_through);
  return { entries: page, hasMore: found.length > limit, next };
}

/** The last events of the feed, oldest first. Every row has at least one event. */
async function listNewestEvents(
  db: Database,
  merchantId: string,
  limit: number,
): Promise<FeedPage> {
  const order = sql`ORDER BY position DESC LIMIT ${limit}`;
  const { entries, deleted_through } = await readEntries(db, merchantId, 0, order);
  const page = entries.slice(-limit);
  return { entries: page, hasMore: false, next: page.at(-1)?.place ?? deleted_through };
}

/** The events of some rows of the feed after a place, in order, and how far the feed is deleted.
 *  @param order with a limit, for the rows of each table */
async function readEntries(db: Database, merchantId: string, after: number, order: SQL) {
  // Whole numbers as literals or cast: D1 binds a number as a float, which cannot hold every position.
  const size = sql.raw(String(FEED_SIZE));
  const start = sql`(SELECT id * ${size} FROM feeds WHERE merchant_id = ${merchantId})`;
  const first = sql`(SELECT id * ${size} + max(CAST(${after} AS INTEGER), deleted_through) FROM feeds WHERE merchant_id = ${merchantId})`;
  const range = sql`position > ${first} AND position < ${start} + ${size}`;
  const rows = await queryD1(
    db.all<Row>(sql`
      SELECT 'feed' AS source, deleted_through AS place, NULL AS id, NULL AS first, NULL AS sequence, NULL AS type,
        NULL AS created_at_ms, NULL AS data, NULL AS earlier, NULL AS refund
      FROM feeds WHERE merchant_id = ${merchantId}
      UNION ALL SELECT * FROM (
        SELECT 'row', position - ${start}, id, first, sequence, NULL, NULL, NULL, NULL, NULL
        FROM feed_events WHERE ${range} ${order}
      )
      UNION ALL SELECT * FROM (
        SELECT 'earlier', position - ${start}, transaction_id, NULL, sequence, type, created_at, data, earlier, refund
        FROM events WHERE ${range} AND merchant_id = ${merchantId} ${order}
      )`),
  );
  const entries = rows
    .flatMap((row) => (row.source === "feed" ? [] : entriesOf(row)))
    .sort((one, other) => one.place - other.place);
  return { entries, deleted_through: rows.find(({ source }) => source === "feed")?.place ?? 0 };
}

type EarlierRow = {
  source: "earlier";
  place: number;
  id: string;
  sequence: number;
  type: EventType;
  created_at_ms: number;
  data: string;
  earlier: string;
  refund: string | null;
};
type Row =
  /** How far the feed is deleted. */
  | { source: "feed"; place: number }
  /** The place of the last event, and the events from `first` to `sequence` of a transaction. */
  | { source: "row"; place: number; id: ArrayLike<number>; first: number; sequence: number }
  | EarlierRow;

function entriesOf(row: Exclude<Row, { source: "feed" }>): FeedEntry[] {
  if (row.source === "row") {
    const { place, first, sequence } = row;
    const transaction_id = unpackId(row.id);
    return Array.from({ length: sequence - first + 1 }, (_, at) => {
      return { place: place - (sequence - first) + at, transaction_id, sequence: first + at };
    });
  }
  const events = unpackEvents({ ...row, transaction_id: row.id });
  return events.map((event, at) => {
    const { transaction_id, sequence } = event;
    return { place: row.place - (events.length - 1 - at), transaction_id, sequence, event };
  });
}

/** An event as JSON text, around the own text of what it announces. */
export function eventText(event: EventText): string {
  const { transaction_id, sequence, type, created_at_ms } = event;
  const created_at = formatTime(created_at_ms);
  const id = eventId(transaction_id, sequence);
  const envelope = JSON.stringify({ id, type, sequence, transaction_id, created_at });
  return `${envelope.slice(0, -1)},"data":${announcedText(event)}}`;
}
