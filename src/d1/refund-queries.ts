/** Reads D1's copy: lists of refunds. Rows are JSON text, ready for the response. */
import { sql } from "drizzle-orm";
import type { TimeRange } from "../domain/time/timestamp";
import type { RefundStatus } from "../domain/transaction/refund";
import { type Database, queryD1 } from "./query";
import { type Page, toListPage } from "./transaction-queries";
import { type ListPlace, PLACES_AS_TEXT } from "./transactions/list-source";
import { buildRange } from "./transactions/select-rows";

export type RefundFilter = {
  transaction_id?: string | undefined;
  status?: RefundStatus | undefined;
  /** The range of `created_at`. */
  created?: TimeRange | undefined;
};

/** One page of a merchant's refunds, newest first. Later inserts never shift what follows `after`.
 *  @throws DatabaseUnavailable */
export async function listRefunds(
  db: Database,
  merchantId: string,
  { transaction_id, status, created }: RefundFilter,
  after: ListPlace | undefined,
  limit: number,
): Promise<Page<ListPlace>> {
  const ofTransaction =
    transaction_id === undefined ? sql`` : sql`AND transaction_id = ${transaction_id}`;
  const ofStatus = status === undefined ? sql`` : sql`AND status = ${status}`;
  const rows = await queryD1(
    db.all<ListPlace & { data: string }>(sql`
      SELECT created_at, id, data FROM refunds AS own ${selectIndex(transaction_id, status)}
      WHERE merchant_id = ${merchantId} ${ofTransaction} ${ofStatus} AND ${buildRange(PLACES_AS_TEXT, created, after, "desc")}
      ORDER BY created_at DESC, id DESC LIMIT ${limit + 1}`),
  );
  return toListPage(rows, limit);
}

/** Without a filter the key of the table is in the right order. D1 has no statistics to choose by. */
function selectIndex(transactionId: string | undefined, status: string | undefined) {
  if (transactionId !== undefined) return sql`INDEXED BY refunds_by_transaction`;
  return status === undefined ? sql`` : sql`INDEXED BY refunds_by_status`;
}
