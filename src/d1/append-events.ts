/** Writes transactions to D1, always as a batch of events in one statement. */

import type { EventRecord } from "../domain/transaction/event";

/** What one statement may hold. More than some hundred rows gain nothing and block the thread. D1 accepts values of
 *  2 MB, https://developers.cloudflare.com/d1/platform/limits/; the JSON around each row and multi-byte characters need
 *  the rest. */
export const APPEND_LIMITS = { rows: 200, characters: 600_000 };

/** A trigger on `events` updates `transactions` in the same statement, so the two cannot disagree. Events of a transaction
 *  arrive in order, so one that is not above its version is stored already and is skipped: a batch may be written any
 *  number of times. */
const WRITE = `
  INSERT INTO events (merchant_id, transaction_id, sequence, type, created_at, data)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
  FROM json_each(?1)
  WHERE NOT EXISTS (
    SELECT 1 FROM transactions
    WHERE merchant_id = value ->> 0 AND created_at = value ->> 5 ->> 'created_at' AND id = value ->> 1
      AND version >= value ->> 2
  )`;

export async function appendEvents(db: D1Database, events: EventRecord[]): Promise<void> {
  const rows = events.map((event) => [
    event.merchant_id,
    event.transaction_id,
    event.sequence,
    event.type,
    event.created_at_ms,
    event.data,
  ]);
  await db.prepare(WRITE).bind(JSON.stringify(rows)).run();
}
