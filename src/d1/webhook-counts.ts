/** What the merchants' dispatchers have counted, told to D1 so that a scrape need not ask each of them. */
import type { Count } from "../observability/durable-counters";
import { queryD1 } from "./query";

/** Counts only grow: one that comes late or again is passed over, and the sums follow by triggers. */
export const WRITE_WEBHOOK_COUNTS = `
  INSERT INTO webhook_counts (merchant_id, name, labels, value)
  SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2) WHERE true
  ON CONFLICT (merchant_id, name, labels) DO UPDATE SET value = excluded.value
  WHERE excluded.value > webhook_counts.value`;

/** Notes how far a merchant's counts have come. @throws DatabaseUnavailable */
export async function writeWebhookCounts(
  db: D1Database,
  merchantId: string,
  counts: Count[],
): Promise<void> {
  const rows = counts.map(({ name, labels, value }) => [name, labels, value]);
  await queryD1(db.prepare(WRITE_WEBHOOK_COUNTS).bind(merchantId, JSON.stringify(rows)).run());
}
