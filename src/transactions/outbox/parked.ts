/** Events that the stream refuses. They are kept in the order of their transaction and retried from time to time; events
 *  of other transactions pass them. */
import type { EventRecord } from "../../domain/transaction/event";
import type { EventStore } from "../journal/event-store";

/** Events of one retry; the next retry continues. */
export const MAX_RETRIED = 100;

export class ParkedEvents {
  readonly #sql: SqlStorage;
  readonly #events: EventStore;
  readonly #onParked: () => void;
  #count: number;

  /** @param sql with the journal's tables
   *  @param onParked called for every event that is parked */
  constructor(sql: SqlStorage, events: EventStore, onParked: () => void = () => {}) {
    this.#sql = sql;
    this.#events = events;
    this.#onParked = onParked;
    this.#count = sql.exec<{ count: number }>("SELECT count(*) AS count FROM parked").one().count;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether an earlier event of this transaction is parked, behind which the next ones must wait. */
  blocks(transactionId: string): boolean {
    if (this.#count === 0) return false;
    return (
      this.#sql
        .exec("SELECT 1 FROM parked WHERE transaction_id = ? LIMIT 1", transactionId)
        .toArray().length > 0
    );
  }

  add({ position, transaction_id }: EventRecord, nowMs: number): void {
    const before = this.#count;
    this.#sql.exec(
      "INSERT INTO parked VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      position,
      transaction_id,
      nowMs,
    );
    this.#recount();
    if (this.#count > before) this.#onParked();
  }

  remove(position: number): void {
    this.#sql.exec("DELETE FROM parked WHERE position = ?", position);
    this.#recount();
  }

  /** The first parked event of each transaction, the oldest first, of those after a position. */
  first(after: number): EventRecord[] {
    if (this.#count === 0) return [];
    const positions = this.#sql
      .exec<{ first: number }>(
        `SELECT min(position) AS first FROM parked GROUP BY transaction_id
           HAVING first > ? ORDER BY first LIMIT ?`,
        after,
        MAX_RETRIED,
      )
      .toArray()
      .map(({ first }) => first);
    return this.#events.readAt(positions);
  }

  #recount(): void {
    this.#count = this.#sql
      .exec<{ count: number }>("SELECT count(*) AS count FROM parked")
      .one().count;
  }
}
