/** Lists with many entries, without as many requests. */
import { env } from "./env";

/** Puts `count` customers on a merchant's block list. */
export async function fillLists(merchantId: string, count: number): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
     INSERT INTO risk_list_entries (id, merchant_id, list, field, value, created_at)
     SELECT 'rle_' || ?1 || i, ?1, 'block', 'customer', 'customer-' || i, ?3 FROM n`,
  )
    .bind(merchantId, count, Date.now())
    .run();
}
