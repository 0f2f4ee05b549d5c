/** Selects the payments that leave a shard's tables: final ones without a change for a long time. */
import type { SortKey } from "../../archive/manifest";
import type { Transaction } from "../../domain/transaction/transaction";
import type { EventStore } from "../journal/event-store";

/** First events that are examined in one turn; requests are served between two turns. */
const EXAMINED_ROWS = 256;

/** A payment to archive. `first_position` is that of its first event, `changed_at_ms` the time of its last one. */
export type FinalPayment = SortKey & { first_position: number; changed_at_ms: number };

export type Selection = {
  payments: FinalPayment[];
  /** Where the next selection continues. */
  through: number;
  /** Whether everything that is old enough was examined. */
  is_complete: boolean;
};

/** `before_ms`: payments that have changed since then stay. `settled_through`: and those with an event after this position,
 *  which some destination does not have yet. */
export type Bounds = { before_ms: number; now_ms: number; settled_through: number };

/** The first final payments after a position, of those that are examined in one turn. */
export function selectFinal(
  sql: SqlStorage,
  events: EventStore,
  after: number,
  { before_ms, now_ms, settled_through }: Bounds,
): Selection {
  const firsts = sql
    .exec<{ position: number; id: string; created_at_ms: number }>(
      `SELECT position, transaction_id AS id, created_at_ms FROM events
         WHERE position > ? AND transaction_id IS NOT NULL ORDER BY position LIMIT ?`,
      after,
      EXAMINED_ROWS,
    )
    .toArray();
  // In the order of their positions payments are in that of their times, unless the clock was set back. One from the future is
  // passed: all others would wait for it.
  const tooNew = firsts.findIndex(
    ({ created_at_ms }) => created_at_ms >= before_ms && created_at_ms <= now_ms,
  );
  const examined = tooNew < 0 ? firsts : firsts.slice(0, tooNew);
  const ids = examined.map(({ id }) => id);
  const kept = selectOpen(sql, ids);
  const payments = events.readLatestStates(ids).flatMap(({ row, first, ...latest }) => {
    const { position, first_position, created_at_ms: changed_at_ms } = row;
    const { merchant_id, transaction_id: id } = first;
    const transaction = latest.transaction as Transaction; // Our own text.
    const isSettled = position <= settled_through && changed_at_ms < before_ms;
    if (!isSettled || kept.has(id) || !isFinal(transaction)) return [];
    const { created_at } = transaction;
    return [{ merchant_id, created_at, id, first_position, changed_at_ms }];
  });
  payments.sort((one, other) => one.first_position - other.first_position);
  const through = examined.at(-1)?.position ?? after;
  const is_complete = tooNew >= 0 || firsts.length < EXAMINED_ROWS;
  return { payments, through, is_complete };
}

/** Whether nothing about a payment is still to come without a request. */
function isFinal({ status, dispute }: Transaction): boolean {
  const hasEnded = status === "completed" || status === "failed" || status === "cancelled";
  return hasEnded && dispute?.status !== "open";
}

/** Of these, the payments with a refund without an outcome, or an event that the stream refuses, and those that an operator has
 *  put back. */
function selectOpen(sql: SqlStorage, ids: string[]): Set<string> {
  const rows = sql
    .exec<{ id: string }>(
      `SELECT transaction_id AS id FROM refunds
         WHERE status = 'pending' AND transaction_id IN (SELECT value FROM json_each(?1))
       UNION ALL
       SELECT transaction_id FROM parked WHERE transaction_id IN (SELECT value FROM json_each(?1))
       UNION ALL
       SELECT transaction_id FROM restored JOIN events ON events.position = restored.first_position
         WHERE transaction_id IN (SELECT value FROM json_each(?1))`,
      JSON.stringify(ids),
    )
    .toArray();
  return new Set(rows.map(({ id }) => id));
}
