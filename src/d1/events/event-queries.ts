/** Reads the feed of a merchant's events from D1's copy. Events are JSON text, ready for the response. */
import { type SQL, sql } from "drizzle-orm";
import { eventId } from "../../domain/identity/id";
import { announcedText, type EventType } from "../../domain/transaction/event";
import { type Database, queryD1 } from "../query";
import { FEED_SIZE } from "../schema";
import type { Page } from "../transaction-queries";
import { unpackEvents } from "./earlier-events";

/** One page of a merchant's events, oldest first, in the order in which they were written to D1: an event that arrives
 *  later is always after every place returned before.
 *  @param after a place in the merchant's feed, also one between the events of a row; `newest` for the last page */
export async function listEvents(
  db: Database,
  merchantId: string,
  after: number | "newest",
  limit: number,
): Promise<Page<number>> {
  if (after === "newest") return listNewestEvents(db, merchantId, limit);
  const rows = await readRows(db, merchantId, after, sql`ORDER BY position LIMIT ${limit + 1}`);
  const found = rows.flatMap(placedEvents).filter(({ place }) => place > after);
  const page = found.slice(0, limit);
  return {
    items: page.map(eventText),
    hasMore: found.length > limit,
    next: page.at(-1)?.place ?? after,
  };
}

/** The last events of the feed, oldest first. Every row has at least one event. */
async function listNewestEvents(
  db: Database,
  merchantId: string,
  limit: number,
): Promise<Page<number>> {
  const rows = await readRows(db, merchantId, 0, sql`ORDER BY position DESC LIMIT ${limit}`);
  const page = rows.reverse().flatMap(placedEvents).slice(-limit);
  return { items: page.map(eventText), hasMore: false, next: page.at(-1)?.place ?? 0 };
}

/** Rows of the feed after a place. @param order with a limit */
function readRows(db: Database, merchantId: string, after: number, order: SQL) {
  // Whole numbers as literals or cast: D1 binds a number as a float, which cannot hold every position.
  const size = sql.raw(String(FEED_SIZE));
  const start = sql`(SELECT id * ${size} FROM feeds WHERE merchant_id = ${merchantId})`;
  return queryD1(
    db.all<EventRow>(sql`
      SELECT position - ${start} AS place, transaction_id, sequence, type, created_at AS created_at_ms, data,
        earlier, refund
      FROM events
      WHERE position > ${start} + CAST(${after} AS INTEGER) AND position < ${start} + ${size}
        AND merchant_id = ${merchantId}
      ${order}`),
  );
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
