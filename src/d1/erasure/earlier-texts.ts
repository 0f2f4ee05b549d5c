/** Erases a customer's data in rows of `events`, which earlier releases wrote with whole texts. There is no index by
 *  customers, so it reads all rows of the merchant, a bounded number at a time. */
import {
  type ErasedCustomer,
  eraseRefund,
  eraseTexts,
  isOfCustomer,
} from "../../domain/erasure/erase-texts";
import type { Refund } from "../../domain/transaction/refund";
import type { Review } from "../../domain/transaction/review";
import type { EarlierEvent } from "../events/earlier-events";
import { queryD1 } from "../query";
import { FEED_SIZE } from "../schema";

/** Rows of one step, of a kilobyte each. */
const STEP_ROWS = 200;

/** A position as text: it does not fit into a JavaScript number. */
type Row = { position: string; data: string; earlier: string; refund: string | null };

/** ?1: the merchant. ?2: the position that the step before has ended with, as text */
const READ = `
  SELECT CAST(position AS TEXT) AS position, data, earlier, refund FROM events
  WHERE position > max((SELECT id * ${FEED_SIZE} FROM feeds WHERE merchant_id = ?1), CAST(?2 AS INTEGER))
    AND position < (SELECT (id + 1) * ${FEED_SIZE} FROM feeds WHERE merchant_id = ?1) AND merchant_id = ?1
  ORDER BY events.position LIMIT ${STEP_ROWS}`;

const WRITE =
  "UPDATE events SET data = ?2, earlier = ?3, refund = ?4 WHERE position = CAST(?1 AS INTEGER)";

/** Erases in the next rows. May be repeated.
 *  @param after `next` of the step before; null for the first one
 *  @returns how many rows were changed; `next` is null after the last row
 *  @throws DatabaseUnavailable */
export async function eraseEarlierTexts(
  db: D1Database,
  customer: ErasedCustomer,
  after: string | null,
): Promise<{ erased: number; next: string | null }> {
  const { merchant_id } = customer;
  const { results } = await queryD1(
    db
      .prepare(READ)
      .bind(merchant_id, after ?? "0")
      .all<Row>(),
  );
  const own = results.filter(({ data }) => isOfCustomer(data, customer));
  const writes = own.map((row) => {
    const { data, refund } = eraseTexts(row);
    return db.prepare(WRITE).bind(row.position, data, eraseEarlier(row.earlier), refund);
  });
  if (writes.length > 0) await queryD1(db.batch(writes));
  const next = results.length < STEP_ROWS ? null : (results.at(-1)?.position ?? null);
  return { erased: own.length, next };
}

/** The events before a row's own, each as what differs from it or as a whole text. */
function eraseEarlier(earlier: string): string {
  const events = JSON.parse(earlier) as EarlierEvent[]; // Written by an earlier release.
  return JSON.stringify(
    events.map(([sequence, type, at, data, refund]) => [
      ...[sequence, type, at, typeof data === "string" ? eraseText(data) : eraseMembers(data)],
      ...(refund === undefined ? [] : [JSON.stringify(eraseRefund(JSON.parse(refund) as Refund))]),
    ]),
  );
}

const eraseText = (data: string): string => eraseTexts({ data, refund: null }).data;

/** What was erased is the same in all events of a row. */
function eraseMembers(members: Record<string, unknown>): Record<string, unknown> {
  const { user_id, description, metadata, webhook_url, ...differing } = members;
  const review = differing.review as Review | null | undefined; // A member of a transaction.
  return review ? { ...differing, review: { ...review, note: null } } : differing;
}
