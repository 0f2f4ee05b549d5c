/** Reads lists of transactions from D1, and what other lists share. Rows are JSON text, ready for the response. */
import { type SQL, sql } from "drizzle-orm";
import { LAST_MS, type TimeRange } from "../domain/time/timestamp";
import { STATUSES, type Status } from "../domain/transaction/status";
import { type Database, queryD1 } from "./query";

/** A page: its items, and where the next one begins. */
export type Page<Place> = { items: string[]; hasMore: boolean; next: Place | undefined };

/** The place of a transaction or a refund in a list that is sorted by creation. */
export type ListPlace = { created_at: string; id: string };

/** By creation: newest first, or oldest first. */
export const ORDERS = ["desc", "asc"] as const;
export type Order = (typeof ORDERS)[number];

export type ListFilter = {
  user_id?: string | undefined;
  status?: Status | undefined;
  /** The range of `created_at`. */
  created?: TimeRange | undefined;
  currency?: string | undefined;
  /** The amounts from `gte` up to `lte`, in minor units of each transaction's currency. */
  amount_minor?: { gte?: number | undefined; lte?: number | undefined } | undefined;
};

/** A page filtered by currency or amount, which no index has, examines so many transactions that the other filters
 *  choose. */
export const MAX_EXAMINED = 2_000;

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
): Promise<Page<ListPlace>> {
  const keys = selectKeys(merchantId, filter, after, limit + 1, order);
  // Without a third key the page is in order already, and SQLite does not sort it, which would read each row once more.
  const endLast = buildContent(filter) ? sql`, page.last_event IS NULL` : sql``;
  // The LEFT JOIN reads the page first, and then its events.
  const rows = await queryD1(
    db.all<ListPlace & { data: string | null }>(sql`
      SELECT page.created_at, page.id, events.data
      FROM (${keys}) AS page LEFT JOIN events ON events.position = page.last_event
      ORDER BY ${inOrder(order, "page.")}${endLast}`),
  );
  const end = rows.find(({ data }) => data === null);
  const found = rows.slice(0, end && rows.indexOf(end)) as (ListPlace & { data: string })[];
  const page = toListPage(found, limit);
  if (page.hasMore || !end) return page;
  return { ...page, hasMore: true, next: { created_at: end.created_at, id: end.id } };
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

/** The places of a page with their last events, in any order. The end of what was examined is a row without an event,
 *  unless everything was. */
function selectKeys(
  merchantId: string,
  filter: ListFilter,
  after: ListPlace | undefined,
  wanted: number,
  order: Order,
): SQL {
  const { user_id, status } = filter;
  const statuses = status === undefined ? STATUSES : [status];
  const scan = buildScan(merchantId, filter, after, order);
  const gather = (select: (columns: SQL) => SQL, limit: number) =>
    user_id === undefined
      ? select(sql`created_at, id, last_event`)
      : mergeStatuses(merchantId, statuses, select(sql`created_at, id`), limit, order);
  const content = buildContent(filter);
  if (!content)
    return gather((columns) => sql`SELECT ${columns} FROM ${scan} LIMIT ${wanted}`, wanted);

  const scans = user_id === undefined ? 1 : statuses.length;
  const examined = Math.floor(MAX_EXAMINED / scans);
  const selectFound = (columns: SQL) => sql`
    SELECT ${columns} FROM (
      SELECT created_at, id, last_event, currency, amount_minor FROM ${scan} LIMIT ${examined})
    WHERE ${content} LIMIT ${wanted}`;
  const selectEnd = (columns: SQL) =>
    sql`SELECT ${columns} FROM ${scan} LIMIT 1 OFFSET ${examined - 1}`;
  // With one scan the end is not looked for when enough is found before it. Of several, what is found behind the first
  // end is not complete.
  return sql`
    SELECT created_at, id, last_event FROM (${gather(selectFound, wanted)})
    UNION ALL SELECT created_at, id, NULL FROM (${gather(selectEnd, 1)})
    LIMIT ${scans === 1 ? wanted : wanted + 1}`;
}

/** What follows `FROM` to read transactions in the order of an index: the key of the table or, of one status, the index by
 *  it. That of a customer's has the status before the time, and `wanted.value` is the status. */
function buildScan(
  merchantId: string,
  { user_id, status, created }: ListFilter,
  after: ListPlace | undefined,
  order: Order,
): SQL {
  const [index, condition] =
    user_id !== undefined
      ? [
          sql`INDEXED BY transactions_by_user`,
          sql`AND user_id = ${user_id} AND status = wanted.value`,
        ]
      : status !== undefined
        ? [sql`INDEXED BY transactions_by_status`, sql`AND status = ${status}`]
        : [sql``, sql``];
  return sql`transactions ${index}
    WHERE merchant_id = ${merchantId} ${condition} AND ${buildRange(created, after, order)}
    ORDER BY ${inOrder(order)}`;
}

/** The first rows of a customer's transactions of several statuses.
 *  @param places selects the places of those of the status `wanted.value` */
function mergeStatuses(
  merchantId: string,
  statuses: readonly Status[],
  places: SQL,
  limit: number,
  order: Order,
): SQL {
  return sql`
    SELECT own.created_at, own.id, own.last_event
    FROM json_each(${JSON.stringify(statuses)}) AS wanted CROSS JOIN transactions AS own
      ON own.merchant_id = ${merchantId} AND (own.created_at, own.id) IN (${places})
    ORDER BY ${inOrder(order, "own.")} LIMIT ${limit}`;
}

/** The filters that no index has; undefined without them. */
function buildContent({ currency, amount_minor: { gte, lte } = {} }: ListFilter): SQL | undefined {
  const conditions = [
    ...(currency === undefined ? [] : [sql`currency = ${currency}`]),
    ...(gte === undefined ? [] : [sql`amount_minor >= ${gte}`]),
    ...(lte === undefined ? [] : [sql`amount_minor <= ${lte}`]),
  ];
  return conditions.length === 0 ? undefined : sql.join(conditions, sql` AND `);
}

function inOrder(order: Order, table = ""): SQL {
  return sql.raw(`${table}created_at ${order}, ${table}id ${order}`);
}

/** Sorts after every stored time; a year of five digits would sort before them. */
const AFTER_ALL = "9999-12-31T23:59:60.000Z";

/** One range of the index for every filter. With two bounds of one side SQLite would use one for the index, and read and
 *  drop the rows that the other excludes.
 *  @param after a place in this order */
export function buildRange(
  created: TimeRange | undefined,
  after: ListPlace | undefined,
  order: Order,
): SQL {
  const { from_ms, until_ms } = created ?? {};
  const from = from_ms === undefined ? "" : timeText(from_ms);
  const until = until_ms === undefined ? AFTER_ALL : timeText(until_ms);
  if (order === "asc") {
    const start = after && after.created_at >= from ? after : { created_at: from, id: "" };
    return sql`(created_at, id) > (${start.created_at}, ${start.id}) AND created_at < ${until}`;
  }
  const end = after && after.created_at < until ? after : { created_at: until, id: "" };
  return sql`created_at >= ${from} AND (created_at, id) < (${end.created_at}, ${end.id})`;
}

function timeText(ms: number): string {
  return ms > LAST_MS ? AFTER_ALL : new Date(ms).toISOString();
}
