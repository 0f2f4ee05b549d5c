/** The one way in which transactions get into D1: a batch of events, in one statement. */

import type { EventRecord } from "../domain/event";
import { eventId } from "../domain/id";

/** A trigger on `events` brings `transactions` up to date in the same statement, so the two cannot
 *  disagree. An event that is there already is passed over, so a batch may be written any number of times. */
const WRITE = `
  INSERT INTO events (id, merchant_id, transaction_id, sequence, type, created_at, data)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
  FROM json_each(?1) WHERE true
  ON CONFLICT (id) DO NOTHING`;

export async function writeBook(db: D1Database, events: EventRecord[]): Promise<void> {
  const rows = events.map((event) => [
    eventId(event.transaction_id, event.sequence),
    event.merchant_id,
    event.transaction_id,
    event.sequence,
    event.type,
    event.created_at_ms,
    event.data,
  ]);
  await db.prepare(WRITE).bind(JSON.stringify(rows)).run();
}
