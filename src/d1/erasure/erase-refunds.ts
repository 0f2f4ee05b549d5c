/** Erases the texts of a transaction's refunds in D1, in the write of the event that says so. */
import type { EventRecord } from "../../domain/transaction/event";

/** A refund of a later event is left as it is. The sequence moves, so that a late write of an earlier event changes nothing.
 *  ?1: arrays of the merchant, the transaction and the sequence of the event */
const ERASE_REFUNDS = `
  UPDATE refunds SET
    data = json_set(data, '$.reason', NULL, '$.metadata', json('{}')),
    sequence = (SELECT max(value ->> 2) FROM json_each(?1) WHERE value ->> 1 = refunds.transaction_id)
  WHERE (merchant_id, created_at, id) IN (
    SELECT own.merchant_id, own.created_at, own.id
    FROM json_each(?1) CROSS JOIN refunds AS own INDEXED BY refunds_by_transaction
      ON own.merchant_id = value ->> 0 AND own.transaction_id = value ->> 1
    WHERE own.sequence < value ->> 2
  )`;

/** The statement for those of some events that erase; none when there are none. */
export function prepareErasures(db: D1Database, events: EventRecord[]): D1PreparedStatement[] {
  const erased = events.filter(({ type }) => type === "transaction.erased");
  if (erased.length === 0) return [];
  const rows = erased.map((event) => [event.merchant_id, event.transaction_id, event.sequence]);
  return [db.prepare(ERASE_REFUNDS).bind(JSON.stringify(rows))];
}
