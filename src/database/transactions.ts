/** Reading the book: lists of transactions and the feed of events. Rows are JSON text, ready to be answered. */
import { and, asc, desc, eq, gt, lt, type SQL, sql } from "drizzle-orm";
import { eventId } from "../domain/id";
import type { Status } from "../domain/status";
import { ask, type Database } from "./ask";
import { events, transactions } from "./schema";

/** A page: what it holds, and where the next one begins. */
export type Page<Place> = { items: string[]; hasMore: boolean; next: Place | undefined };

/** A transaction's place in a list that is sorted newest first. */
export type ListPlace = { created_at: string; id: string };

export type ListFilter = {
  user_id?: string | undefined;
  status?: Status | undefined;
  /** Both exclusive, RFC 3339 UTC with milliseconds. */
  created_after?: string | undefined;
  created_before?: string | undefined;
};

/** One page of a merchant's transactions, newest first. Later inserts never shift what follows `after`. */
export async function listTransactions(
  db: Database,
  merchantId: string,
  filter: ListFilter,
  after: ListPlace | undefined,
  limit: number,
): Promise<Page<ListPlace>> {
  const { created_at, id } = transactions;
  const conditions: (SQL | undefined)[] = [
    eq(transactions.merchant_id, merchantId),
    filter.user_id === undefined ? undefined : eq(transactions.user_id, filter.user_id),
    filter.status === undefined ? undefined : eq(transactions.status, filter.status),
    filter.created_after === undefined ? undefined : gt(created_at, filter.created_after),
    filter.created_before === undefined ? undefined : lt(created_at, filter.created_before),
    after && sql`(${created_at}, ${id}) < (${after.created_at}, ${after.id})`,
  ];
  const rows = await ask(
    db
      .select({ created_at, id, data: events.data })
      .from(transactions)
      .innerJoin(events, eq(events.position, transactions.last_event))
      .where(and(...conditions))
      .orderBy(desc(created_at), desc(id))
      .limit(limit + 1),
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ data }) => data),
    hasMore: rows.length > limit,
    next: rows.length > limit && last ? { created_at: last.created_at, id: last.id } : undefined,
  };
}

/** One page of a merchant's events, oldest first, in the order in which the book learned them:
 *  an event that arrives later is always after every position handed out before. */
export async function listEvents(
  db: Database,
  merchantId: string,
  after: number,
  limit: number,
): Promise<Page<number>> {
  const rows = await ask(
    db
      .select()
      .from(events)
      .where(and(eq(events.merchant_id, merchantId), gt(events.position, after)))
      .orderBy(asc(events.position))
      .limit(limit + 1),
  );
  const page = rows.slice(0, limit);
  return {
    items: page.map((row) => eventText({ ...row, created_at_ms: row.created_at })),
    hasMore: rows.length > limit,
    next: page.at(-1)?.position ?? after,
  };
}

/** An event as JSON text, around the transaction's own text. */
export function eventText(event: {
  transaction_id: string;
  sequence: number;
  type: string;
  created_at_ms: number;
  data: string;
}): string {
  const { transaction_id, sequence, type, created_at_ms, data } = event;
  const created_at = new Date(created_at_ms).toISOString();
  const id = eventId(transaction_id, sequence);
  const envelope = JSON.stringify({ id, type, sequence, transaction_id, created_at });
  return `${envelope.slice(0, -1)},"data":${data}}`;
}
