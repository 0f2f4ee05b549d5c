/** Reads D1's copy for the reconciliation: which transactions and refunds of all merchants were created in a range. Only
 *  their places; what they are now is read from the shards. */
import { sql } from "drizzle-orm";
import { type Database, queryD1 } from "./query";

/** Merchants that a page passes at most, so that one of merchants without payments is bounded too. */
const MERCHANTS_OF_PAGE = 500;

/** The place of a transaction or a refund among those of all merchants. */
export type RecordedPlace = { merchant_id: string; created_at: string; id: string };
export type Recorded = RecordedPlace & { transaction_id: string };

/** Before everything. */
const START: RecordedPlace = { merchant_id: "", created_at: "", id: "" };

const TABLES = {
  payments: { table: sql`transactions`, transaction: sql`recorded.id` },
  refunds: { table: sql`refunds`, transaction: sql`recorded.transaction_id` },
};

/** A page of what was created in a range, by merchant and time.
 *  @param created RFC 3339 UTC with milliseconds; `until` is exclusive
 *  @returns `next` where the next page begins; undefined after the last one
 *  @throws DatabaseUnavailable */
export async function listRecorded(
  db: Database,
  kind: keyof typeof TABLES,
  created: { from: string; until: string },
  after: RecordedPlace = START,
  limit: number,
): Promise<{ rows: Recorded[]; next: RecordedPlace | undefined }> {
  const { table, transaction } = TABLES[kind];
  const { merchant_id: first } = after;
  const beyond = await queryD1(
    db.all<{ id: string }>(
      sql`SELECT id FROM merchants WHERE id >= ${first} ORDER BY id LIMIT 1 OFFSET ${sql.raw(String(MERCHANTS_OF_PAGE))}`,
    ),
  );
  const end = beyond[0] ? sql`AND merchant.id < ${beyond[0].id}` : sql``;
  // CROSS JOIN keeps the order of the tables: each merchant, and then one range of its rows.
  const rows = await queryD1(
    db.all<Recorded>(sql`
      SELECT recorded.merchant_id, recorded.created_at, recorded.id, ${transaction} AS transaction_id
      FROM merchants AS merchant CROSS JOIN ${table} AS recorded
        ON recorded.merchant_id = merchant.id
        AND recorded.created_at >= CASE merchant.id WHEN ${first} THEN max(${after.created_at}, ${created.from}) ELSE ${created.from} END
        AND recorded.created_at < ${created.until}
      WHERE merchant.id >= ${first} ${end}
        AND (merchant.id > ${first} OR (recorded.created_at, recorded.id) > (${after.created_at}, ${after.id}))
      ORDER BY merchant.id, recorded.created_at, recorded.id LIMIT ${limit}`),
  );
  const last = rows.at(-1);
  if (rows.length === limit && last) {
    const { merchant_id, created_at, id } = last;
    return { rows, next: { merchant_id, created_at, id } };
  }
  return { rows, next: beyond[0] && { ...START, merchant_id: beyond[0].id } };
}
