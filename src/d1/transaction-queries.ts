/** Reads lists of transactions from D1, and what other lists share. Rows are JSON text, ready for the response. */
import { sql } from "drizzle-orm";
import { unpackId } from "../domain/identity/packed-id";
import { formatTime } from "../domain/time/format-time";
import { type Database, queryD1 } from "./query";
import { EARLIER, LISTED, type ListPlace } from "./transactions/list-source";
import { type ListedRow, readText } from "./transactions/listed-row";
import { type ListFilter, type Order, selectRows } from "./transactions/select-rows";

/** A page: its items, and where the next one begins. */
export type Page<Place> = { items: string[]; hasMore: boolean; next: Place | undefined };

/** `archived_through_ms` is the newest `created_at` of the merchant's transactions that were removed for the archive; null
 *  before there were any. */
export type TransactionPage = Page<ListPlace> & { archived_through_ms: number | null };

/** One page of a merchant's transactions. Later inserts never shift what follows `after`. A page that is filtered by
 *  currency or amount may be short, or empty, though there is a next one: when `MAX_EXAMINED` have been examined it ends.
 *  @param after a place in the same order. @throws DatabaseUnavailable */
export async function listTransactions(
  db: Database,
  merchantId: string,
  filter: ListFilter,
  after: ListPlace | undefined,
  limit: number,
  order: Order = "desc",
): Promise<TransactionPage> {
  const selection = { merchant_id: merchantId, filter, after, wanted: limit + 1, order };
  const rows = await queryD1(
    db.all<Row>(sql`
      SELECT 'feed' AS source, archived_through AS created_at, NULL AS id, NULL AS data, NULL AS columns FROM feeds WHERE merchant_id = ${merchantId}
      UNION ALL SELECT 'listed', * FROM (${selectRows(LISTED, selection)})
      UNION ALL SELECT 'earlier', * FROM (${selectRows(EARLIER, selection)})`),
  );
  const feed = rows.find(({ source }) => source === "feed");
  const archived_through_ms = (feed?.created_at ?? null) as number | null; // The column's type.
  const listed = rows.filter((row) => row.source === "listed");
  const earlier = rows.filter((row) => row.source === "earlier");
  const isSorted = earlier.length === 0 && listed.every(({ data }) => data !== null);
  const { found, end } = isSorted
    ? { found: listed, end: undefined }
    : mergeRows([...listed, ...earlier], order);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : end;
  return {
    items: page.map(textOf),
    hasMore: last !== undefined,
    next: last && placeOf(last),
    archived_through_ms,
  };
}

/** A row of either table, or the end of what was examined of it, which has no text. */
type Row =
  | ({ source: "listed" } & ListedRow)
  | { source: "earlier"; created_at: string; id: string; data: string }
  | { source: "feed"; created_at: number | null };
type ReadRow = Exclude<Row, { source: "feed" }>;

/** The rows of both tables in order, up to the first end of what was examined: what lies behind it is not complete. */
function mergeRows(rows: ReadRow[], order: Order): { found: ReadRow[]; end: ReadRow | undefined } {
  const sign = order === "asc" ? 1 : -1;
  const placed = rows
    .map((row) => ({ row, ...placeOf(row) }))
    .sort((one, other) => sign * comparePlaces(one, other));
  const end = placed.find(({ row }) => row.data === null);
  const found = placed.filter(
    (item) => item.row.data !== null && (!end || sign * comparePlaces(item, end) <= 0),
  );
  return { found: found.map(({ row }) => row), end: end?.row };
}

function placeOf(row: ReadRow): ListPlace {
  if (row.source === "earlier") return { created_at: row.created_at, id: row.id };
  return { created_at: formatTime(row.created_at), id: unpackId(row.id) };
}

function textOf(row: ReadRow): string {
  return row.source === "earlier" ? row.data : readText(row);
}

function comparePlaces(one: ListPlace, other: ListPlace): number {
  if (one.created_at !== other.created_at) return one.created_at < other.created_at ? -1 : 1;
  return one.id < other.id ? -1 : Number(one.id > other.id);
}

/** A page of a list that is sorted by creation. @param rows the page and, if there is more, one row behind it */
export function toListPage(rows: (ListPlace & { data: string })[], limit: number): Page<ListPlace> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ data }) => data),
    hasMore: rows.length > limit,
    next: rows.length > limit && last ? { created_at: last.created_at, id: last.id } : undefined,
  };
}
