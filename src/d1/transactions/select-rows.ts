/** Builds the statement that reads a page of transactions from one of their tables. */
import { type SQL, sql } from "drizzle-orm";
import type { TimeRange } from "../../domain/time/timestamp";
import { STATUSES, type Status } from "../../domain/transaction/status";
import type { ListPlace, ListSource, PlaceForm } from "./list-source";

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

/** Which rows of a merchant: at most `wanted` of them, after a place in the same order. */
export type Selection = {
  merchant_id: string;
  filter: ListFilter;
  after: ListPlace | undefined;
  wanted: number;
  order: Order;
};

/** The rows of a page from one table, in any order. With a filter that no index has, the end of what was examined is a row
 *  without a text, unless everything was examined or enough was found before it. */
export function selectRows(source: ListSource, selection: Selection): SQL {
  const { filter, wanted } = selection;
  const scan = buildScan(source, selection);
  const statuses = filter.status === undefined ? STATUSES : [filter.status];
  const gather = (columns: SQL, select: (columns: SQL) => SQL, limit: number) =>
    filter.user_id === undefined
      ? select(columns)
      : mergeStatuses(source, selection, statuses, columns, select(PLACE), limit);
  const content = buildContent(filter);
  if (!content) {
    return gather(
      source.columns,
      (columns) => sql`SELECT ${columns} ${scan} LIMIT ${wanted}`,
      wanted,
    );
  }
  const scans = filter.user_id === undefined ? 1 : statuses.length;
  const examined = Math.floor(MAX_EXAMINED / scans);
  const selectFound = (columns: SQL) => sql`
    SELECT ${columns} FROM (SELECT own.* ${scan} LIMIT ${examined}) AS own WHERE ${content} LIMIT ${wanted}`;
  const selectEnd = (columns: SQL) => sql`SELECT ${columns} ${scan} LIMIT 1 OFFSET ${examined - 1}`;
  // With one scan the end is not looked for when enough is found before it. Of several, what is found behind the first
  // end is not complete.
  return sql`
    SELECT * FROM (${gather(source.columns, selectFound, wanted)})
    UNION ALL SELECT * FROM (${gather(source.end_columns, selectEnd, 1)})
    LIMIT ${scans === 1 ? wanted : wanted + 1}`;
}

const PLACE = sql`own.created_at, own.id`;

/** `FROM` and what follows to read transactions in the order of an index: the key of the table or, of one status, the index
 *  by it. That of a customer's has the status before the time, and `wanted.value` is the status. */
function buildScan(source: ListSource, { merchant_id, filter, after, order }: Selection): SQL {
  const { user_id, status, created } = filter;
  const [index, condition] =
    user_id !== undefined
      ? [source.by_user, sql`AND user_id = ${user_id} AND status = wanted.value`]
      : status !== undefined
        ? [source.by_status, sql`AND status = ${source.status(status)}`]
        : [sql``, sql``];
  return sql`FROM ${source.table} AS own ${index}
    WHERE ${source.ownedBy(merchant_id)} ${condition} AND ${buildRange(source.places, created, after, order)}
    ORDER BY ${inOrder(order)}`;
}

/** The first rows of a customer's transactions of several statuses.
 *  @param places selects the places of those of the status `wanted.value` */
function mergeStatuses(
  source: ListSource,
  { merchant_id, order }: Selection,
  statuses: readonly Status[],
  columns: SQL,
  places: SQL,
  limit: number,
): SQL {
  const values = JSON.stringify(statuses.map(source.status));
  return sql`
    SELECT ${columns} FROM json_each(${values}) AS wanted CROSS JOIN ${source.table} AS own
      ON ${source.ownedBy(merchant_id)} AND (own.created_at, own.id) IN (${places})
    ORDER BY ${inOrder(order)} LIMIT ${limit}`;
}

/** The filters that no index has; undefined without them. */
function buildContent({ currency, amount_minor: { gte, lte } = {} }: ListFilter): SQL | undefined {
  const conditions = [
    ...(currency === undefined ? [] : [sql`own.currency = ${currency}`]),
    ...(gte === undefined ? [] : [sql`own.amount_minor >= ${gte}`]),
    ...(lte === undefined ? [] : [sql`own.amount_minor <= ${lte}`]),
  ];
  return conditions.length === 0 ? undefined : sql.join(conditions, sql` AND `);
}

function inOrder(order: Order): SQL {
  return sql.raw(`own.created_at ${order}, own.id ${order}`);
}

/** One range of the index for every filter. With two bounds of one side SQLite would use one for the index, and read and
 *  drop the rows that the other excludes.
 *  @param after a place in this order */
export function buildRange(
  { time, timeOf, bounds, id, first_id }: PlaceForm,
  { from_ms, until_ms }: Partial<TimeRange> = {},
  after: ListPlace | undefined,
  order: Order,
): SQL {
  const from = from_ms === undefined ? bounds[0] : time(from_ms);
  const until = until_ms === undefined ? bounds[1] : time(until_ms);
  const place = after && { at: timeOf(after.created_at), id: id(after.id) };
  if (order === "asc") {
    const start = place && place.at >= from ? place : { at: from, id: first_id };
    return sql`(own.created_at, own.id) > (${start.at}, ${start.id}) AND own.created_at < ${until}`;
  }
  const end = place && place.at < until ? place : { at: until, id: first_id };
  return sql`own.created_at >= ${from} AND (own.created_at, own.id) < (${end.at}, ${end.id})`;
}
