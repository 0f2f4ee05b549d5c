/** When reviews and authorizations expire, and the time of customers who have to act. A row exists exactly while its
 *  transaction is in `review`, `authorized` or `requires_action`. The table has the name from when there were only reviews. */

import { MAX_REVIEW_S } from "../../domain/risk/limits";
import { dueAtMs } from "../../domain/time/clock";
import { MAX_CAPTURE_WINDOW_S } from "../../domain/transaction/capture";
import { MAX_ACTION_WINDOW_S } from "../../domain/transaction/next-action";
import type { SqlWriter } from "./sql-writer";

const LONGEST_MS = Math.max(MAX_REVIEW_S, MAX_CAPTURE_WINDOW_S, MAX_ACTION_WINDOW_S) * 1_000;

export class Deadlines {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  /** Cached, because every batch reads it and few change it. */
  #nextAtMs: number | undefined;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter) {
    this.#sql = sql;
    this.#writer = writer;
    this.#reread();
  }

  /** When the next one is due, or is brought forward; undefined when there is none. */
  nextAtMs(nowMs: number): number | undefined {
    if (this.#nextAtMs === undefined) return undefined;
    return dueAtMs(this.#nextAtMs, nowMs, LONGEST_MS);
  }

  /** When a transaction's review or authorization expires; undefined when it has none. */
  expiresAtMs(transactionId: string): number | undefined {
    const [found] = this.#sql
      .exec<{ at: number }>(
        "SELECT expires_at_ms AS at FROM reviews WHERE transaction_id = ?",
        transactionId,
      )
      .toArray();
    return found?.at;
  }

  /** Brings forward what was computed by a clock that has been set back since: it is due after the longest time that there
   *  can be. Not at once, so that there is time to decide, or to capture. */
  bringForward(nowMs: number): void {
    this.#writer.write(
      "UPDATE reviews SET expires_at_ms = ?1 WHERE expires_at_ms > ?1",
      nowMs + LONGEST_MS,
    );
    this.#reread();
  }

  open(transactionId: string, expiresAtMs: number): void {
    this.#writer.write("INSERT INTO reviews VALUES (?, ?)", transactionId, expiresAtMs);
    this.#reread();
  }

  close(transactionId: string): void {
    this.#writer.write("DELETE FROM reviews WHERE transaction_id = ?", transactionId);
    this.#reread();
  }

  /** Transactions whose time is over, the oldest first. A declined capture opens the deadline of its authorization again,
   *  which may be from a clock that has been set back since. */
  due(nowMs: number, limit: number): string[] {
    const next = this.#nextAtMs ?? nowMs;
    if (next > nowMs + LONGEST_MS) this.bringForward(nowMs);
    return this.#sql
      .exec<{ transaction_id: string }>(
        "SELECT transaction_id FROM reviews WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?",
        nowMs,
        limit,
      )
      .toArray()
      .map(({ transaction_id }) => transaction_id);
  }

  #reread(): void {
    const [first] = this.#sql
      .exec<{ next: number | null }>("SELECT min(expires_at_ms) AS next FROM reviews")
      .toArray();
    this.#nextAtMs = first?.next ?? undefined;
  }
}
