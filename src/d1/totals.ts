/** Totals in D1: small tables that every write maintains, so that a scrape reads neither events nor merchants. */
import type { EventType } from "../domain/transaction/event";
import type { Refund } from "../domain/transaction/refund";
import type { Transaction } from "../domain/transaction/transaction";
import type { Count } from "../observability/durable-counters";
import { queryD1 } from "./query";
import type { totals } from "./totals-schema";

/** Events of one kind. `code` is why their transactions or refunds failed, or as `countedAs` says; `amount_minor` is in
 *  `currency`. */
export type Total = typeof totals.$inferSelect;

/** The code of transactions that were cancelled during their review: it separates them from those that were pending, so
 *  that the totals add up to the number of transactions in each status. */
export const CANCELLED_IN_REVIEW = "in_review";
/** The codes of claims of authorized transactions, which separate them from those of pending ones. */
export const CLAIMS_OF_AUTHORIZED: readonly string[] = ["capture", "void"];
/** The codes by which transactions leave `requires_action`: with an outcome, or to be voided. */
export const RESUMED = "resumed";
export const VOID_OF_WAITING = "void_waiting";
/** The code of refunds that fail after they had succeeded. */
export const REVERSED = "reversed";

/** How an event is counted. The amount is what the event is about: of a capture what was captured, of a refund what it
 *  refunds, otherwise the transaction's. */
export function countedAs(type: EventType, transaction: Transaction, refund: Refund | null) {
  const { currency, amount_minor } = refund ?? transaction;
  const failure = (refund ?? transaction).failure?.code ?? "";
  const counted = { currency, amount_minor, code: failure, is_failure: failure !== "" };
  if (type === "transaction.erased") return { ...counted, code: "", is_failure: false };
  if (type === "transaction.cancelled") {
    const code = transaction.review?.status === "cancelled" ? CANCELLED_IN_REVIEW : "";
    return { ...counted, code, is_failure: false };
  }
  if (type === "transaction.processing") {
    return { ...counted, code: toClaimCode(transaction), is_failure: false };
  }
  if (type === "refund.failed" && refund?.reversed_at !== undefined) {
    return { ...counted, code: REVERSED, is_failure: false };
  }
  if (type === "dispute.opened" || type === "dispute.closed") {
    const { dispute } = transaction;
    const disputed = dispute && { currency: dispute.currency, amount_minor: dispute.amount_minor };
    return { ...counted, ...disputed, code: dispute?.status ?? "", is_failure: false };
  }
  if (type !== "transaction.captured") return counted;
  return { ...counted, amount_minor: transaction.amount_captured_minor ?? amount_minor };
}

/** What a transaction was before it was claimed, and for what it was. */
function toClaimCode({
  pending_operation,
  action_expires_at,
  amount_capturable_minor = 0,
}: Transaction) {
  const { type = "" } = pending_operation ?? {};
  if (action_expires_at === undefined || amount_capturable_minor > 0) return type;
  return type === "" ? RESUMED : VOID_OF_WAITING;
}

/** The totals of events in a book, those of the merchants' dispatchers, which only the first book has, and how large its
 *  database is, in one call.
 *  @throws DatabaseUnavailable when there is no response within `limitMs` */
export async function readTotals(
  db: D1Database,
  limitMs: number,
): Promise<{ book: Total[]; webhooks: Count[]; bytes: number }> {
  const queries = ["SELECT * FROM totals", "SELECT * FROM webhook_totals"];
  const [book, webhooks] = await queryD1(
    db.batch(queries.map((query) => db.prepare(query))),
    limitMs,
  );
  return {
    book: (book?.results ?? []) as Total[], // All columns.
    webhooks: (webhooks?.results ?? []) as Count[],
    bytes: book?.meta.size_after ?? 0,
  };
}
