/** The counters of the merchants' dispatchers in D1, so that a scrape does not call each of them. */
import type { Count } from "../observability/durable-counters";
import { queryD1 } from "./query";

/** Counters only grow: a write that is late or repeated is ignored. Triggers update the sums. */
export const WRITE_WEBHOOK_COUNTS = `
  INSERT INTO webhook_counts (merchant_id, name, labels, value)
  SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2) WHERE true
  ON CONFLICT (merchant_id, name, labels) DO UPDATE SET value = excluded.value
  WHERE excluded.value > webhook_counts.value`;

/** Stores a merchant's counters. @throws DatabaseUnavailable */
export async function writeWebhookCounts(
  db: D1Database,
  merchantId: string,
  counts: Count[],
): Promise<void> {
  const rows = counts.map(({ name, labels, value }) => [name, labels, value]);
  await queryD1(db.prepare(WRITE_WEBHOOK_COUNTS).bind(merchantId, JSON.stringify(rows)).run());
}
