/** Reads D1's copy for the reconciliation: which transactions and refunds of all merchants were created in a range. Only
 *  their places; what they are now is read from the shards. */
import { type SQL, sql } from "drizzle-orm";
import { unpackId } from "../domain/identity/packed-id";
import { formatTime } from "../domain/time/format-time";
import { type Database, queryD1 } from "./query";
import { EARLIER, LISTED, PLACES_AS_TEXT, type PlaceForm } from "./transactions/list-source";

/** Merchants that a page passes at most, so that one of merchants without payments in the range is bounded too. */
const MERCHANTS_OF_PAGE = 500;

/** The place of a transaction or a refund among those of all merchants. */
export type RecordedPlace = { merchant_id: string; created_at: string; id: string };
export type Recorded = RecordedPlace & { transaction_id: string };

/** `next` is where the next page begins; undefined after the last one. */
export type RecordedPage = { rows: Recorded[]; next: RecordedPlace | undefined };

/** Before everything. */
const START: RecordedPlace = { merchant_id: "", created_at: "", id: "" };

/** A table, how its rows are found in a merchant's feed, and the transaction that a row is about. */
type Source = { table: SQL; owner: SQL; places: PlaceForm; transaction: SQL };

const SOURCES: Record<"payments" | "refunds", Source[]> = {
  payments: [
    { ...LISTED, owner: sql`recorded.feed = feeds.id`, transaction: sql`recorded.id` },
    {
      ...EARLIER,
      owner: sql`recorded.merchant_id = feeds.merchant_id`,
      transaction: sql`recorded.id`,
    },
  ],
  refunds: [
    {
      table: sql`refunds`,
      owner: sql`recorded.merchant_id = feeds.merchant_id`,
      places: PLACES_AS_TEXT,
      transaction: sql`recorded.transaction_id`,
    },
  ],
};

type Range = { from: string; until: string };

/** A page of what was created in a range, by merchant and time.
 *  @param created RFC 3339 UTC with milliseconds; `until` is exclusive
 *  @returns `next` where the next page begins; undefined after the last one
 *  @throws DatabaseUnavailable */
export async function listRecorded(
  db: Database,
  kind: keyof typeof SOURCES,
  created: Range,
  after: RecordedPlace = START,
  limit: number,
): Promise<RecordedPage> {
  // Merchants without a feed have no payments.
  const beyond = await queryD1(
    db.all<{ merchant_id: string }>(
      sql`SELECT merchant_id FROM feeds WHERE merchant_id >= ${after.merchant_id} ORDER BY merchant_id
        LIMIT 1 OFFSET ${sql.raw(String(MERCHANTS_OF_PAGE))}`,
    ),
  );
  const end = beyond[0] ? sql`AND feeds.merchant_id < ${beyond[0].merchant_id}` : sql``;
  const selects = SOURCES[kind].map(
    (source) => sql`SELECT * FROM (${selectRecorded(source, created, after, end)} LIMIT ${limit})`,
  );
  const found = await queryD1(db.all<Row>(sql.join(selects, sql` UNION ALL `)));
  const rows = found
    .map(toRecorded)
    .sort((one, other) => (placeText(one) < placeText(other) ? -1 : 1))
    .slice(0, limit);
  const last = rows.at(-1);
  if (rows.length === limit && last) {
    const { merchant_id, created_at, id } = last;
    return { rows, next: { merchant_id, created_at, id } };
  }
  return { rows, next: beyond[0] && { ...START, merchant_id: beyond[0].merchant_id } };
}

/** The rows of one table after a place, in order. */
function selectRecorded(
  { table, owner, places, transaction }: Source,
  created: Range,
  after: RecordedPlace,
  end: SQL,
): SQL {
  const { timeOf, bounds, id, first_id } = places;
  const isInside = after.id !== "";
  const time = isInside ? timeOf(after.created_at) : bounds[0];
  const first = isInside ? id(after.id) : first_id;
  const from = timeOf(created.from);
  const start = time > from ? time : from;
  // CROSS JOIN keeps the order of the tables: each merchant, and then one range of its rows.
  return sql`
    SELECT feeds.merchant_id AS merchant_id, recorded.created_at AS created_at, recorded.id AS id,
      ${transaction} AS transaction_id
    FROM feeds CROSS JOIN ${table} AS recorded
      ON ${owner}
      AND recorded.created_at >= CASE feeds.merchant_id WHEN ${after.merchant_id} THEN ${start} ELSE ${from} END
      AND recorded.created_at < ${timeOf(created.until)}
    WHERE feeds.merchant_id >= ${after.merchant_id} ${end}
      AND (feeds.merchant_id > ${after.merchant_id} OR (recorded.created_at, recorded.id) > (${time}, ${first}))
    ORDER BY feeds.merchant_id, recorded.created_at, recorded.id`;
}

/** With times and ids as text, or as numbers and packed. */
type Row = { merchant_id: string } & (
  | { created_at: string; id: string; transaction_id: string }
  | { created_at: number; id: ArrayLike<number> }
);

function toRecorded(row: Row): Recorded {
  if (typeof row.id === "string") return row as Recorded; // The first of the forms.
  const { created_at: createdAtMs, ...packed } = row as Extract<Row, { created_at: number }>;
  const id = unpackId(packed.id);
  const created_at = formatTime(createdAtMs);
  return { merchant_id: row.merchant_id, created_at, id, transaction_id: id };
}

/** A place as text. The parts have fixed lengths or end before a space, so the texts sort like the places. */
export const placeText = ({ merchant_id, created_at, id }: RecordedPlace) =>
  `${merchant_id} ${created_at} ${id}`;
