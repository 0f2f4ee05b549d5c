/** Selects the payments that leave a shard's tables: final ones without a change for a long time. */
import type { SortKey } from "../../archive/manifest";
import type { Transaction } from "../../domain/transaction/transaction";
import { readFirstEvent, readState, readStored, type StoredEvent } from "../journal/stored-event";

/** First events that are examined in one turn; requests are served between two turns. */
const EXAMINED_ROWS = 256;

/** A payment to archive. `first_position` is that of its first event, `last_position` and `changed_at_ms` are of its last one. */
export type FinalPayment = SortKey & {
  first_position: number;
  last_position: number;
  changed_at_ms: number;
};

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

/** The first final payments after a position, of those that are examined in one turn. Only when no event is stored as an earlier
 *  release did. */
export function selectFinal(
  sql: SqlStorage,
  after: number,
  { before_ms, now_ms, settled_through }: Bounds,
): Selection {
  const firsts = readStored(
    sql.exec<StoredEvent>(
      "SELECT * FROM events WHERE position > ? AND transaction_id IS NOT NULL ORDER BY position LIMIT ?",
      after,
      EXAMINED_ROWS,
    ),
  );
  // In the order of their positions payments are in that of their times, unless the clock was set back. One from the future is
  // passed: all others would wait for it.
  const tooNew = firsts.findIndex(
    ({ created_at_ms }) => created_at_ms >= before_ms && created_at_ms <= now_ms,
  );
  const examined = tooNew < 0 ? firsts : firsts.slice(0, tooNew);
  const latest = selectLatest(sql, examined);
  const kept = selectOpen(sql, examined);
  const payments = examined.flatMap((row): FinalPayment[] => {
    const { position: first_position } = row;
    const last = latest.get(first_position) ?? row;
    const { position: last_position, created_at_ms: changed_at_ms } = last;
    const isSettled = last_position <= settled_through && changed_at_ms < before_ms;
    if (!isSettled || kept.has(first_position)) return [];
    const first = readFirstEvent(row);
    const transaction = readState(last, first) as Transaction; // Our own text.
    if (!isFinal(transaction)) return [];
    const { merchant_id, transaction_id: id } = first;
    const { created_at } = transaction;
    return [{ merchant_id, created_at, id, first_position, last_position, changed_at_ms }];
  });
  const through = examined.at(-1)?.position ?? after;
  const is_complete = tooNew >= 0 || firsts.length < EXAMINED_ROWS;
  return { payments, through, is_complete };
}

/** The newest events of transactions with more than the first one, by the position of that. */
function selectLatest(sql: SqlStorage, firsts: StoredEvent[]): Map<number, StoredEvent> {
  const rows = readStored(
    sql.exec<StoredEvent>(
      `SELECT latest.* FROM json_each(?) CROSS JOIN events AS latest ON latest.position =
         (SELECT position FROM events WHERE first_position = json_each.value AND sequence > 1 ORDER BY sequence DESC LIMIT 1)`,
      JSON.stringify(firsts.map(({ position }) => position)),
    ),
  );
  return new Map(rows.map((row) => [row.first_position, row]));
}

/** Whether nothing about a payment is still to come without a request. */
function isFinal({ status, dispute }: Transaction): boolean {
  const hasEnded = status === "completed" || status === "failed" || status === "cancelled";
  return hasEnded && dispute?.status !== "open";
}

/** Of these, the payments with a refund without an outcome, or an event that the stream refuses, and those that an operator has
 *  put back: the positions of their first events. */
function selectOpen(sql: SqlStorage, firsts: StoredEvent[]): Set<number> {
  const positions = JSON.stringify(firsts.map(({ position }) => position));
  const ids = JSON.stringify(firsts.map(({ transaction_id }) => transaction_id));
  const rows = sql
    .exec<{ position: number }>(
      `SELECT position FROM events WHERE transaction_id IN (
           SELECT transaction_id FROM refunds
             WHERE status = 'pending' AND transaction_id IN (SELECT value FROM json_each(?1))
           UNION ALL
           SELECT transaction_id FROM parked WHERE transaction_id IN (SELECT value FROM json_each(?1)))
       UNION ALL
       SELECT first_position FROM restored WHERE first_position IN (SELECT value FROM json_each(?2))`,
      ids,
      positions,
    )
    .toArray();
  return new Set(rows.map(({ position }) => position));
}
