/** Charges without a known outcome, and when each is repeated. A row exists exactly while its transaction is
 *  `processing`. */
import { type Backoff, delayMs } from "../../domain/time/backoff";
import { dueAtMs } from "../../domain/time/clock";
import type { SqlWriter } from "../journal/sql-writer";
import type { OpenChargesSummary } from "../rpc";

export type OpenCharge = { transaction_id: string; attempts: number; next_attempt_at_ms: number };

/** The delay before a charge without a known outcome is repeated. There is no last attempt, because the money may have
 *  moved. Five minutes at most keep the recovery short when a failed processor is back. */
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 300_000 };

/** When to repeat a charge after so many attempts without a known outcome. */
export function nextAttemptAtMs(attempts: number, nowMs: number): number {
  return nowMs + delayMs(attempts, BACKOFF);
}

/** When a scheduled attempt is due, also if the clock was ahead when it was scheduled. */
export function attemptDueAtMs(atMs: number, nowMs: number): number {
  return dueAtMs(atMs, nowMs, BACKOFF.most_ms);
}

/** A working processor responds within seconds. After a minute there have been five attempts. */
const OVERDUE_MS = 60_000;
/** While a processor is down there may be any number of open charges. Those with the most attempts are the oldest, and
 *  this many of them are examined. */
const MAX_EXAMINED = 1_000;

export class OpenCharges {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  /** The changes of the batch in progress. */
  readonly #opened = new Map<string, OpenCharge>();
  readonly #closed = new Set<string>();

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter) {
    this.#sql = sql;
    this.#writer = writer;
  }

  /** Due at once: the alarm repeats a charge only if no call for it is in progress, after the object was restarted. */
  open(transactionId: string, nowMs: number): void {
    this.defer(transactionId, 0, nowMs);
  }

  close(transactionId: string): void {
    this.#writer.begin();
    this.#opened.delete(transactionId);
    this.#closed.add(transactionId);
  }

  /** Stores that the outcome is still unknown, and when to repeat the charge. */
  defer(transaction_id: string, attempts: number, next_attempt_at_ms: number): void {
    this.#writer.begin();
    this.#opened.set(transaction_id, { transaction_id, attempts, next_attempt_at_ms });
  }

  /** Writes the changes of the batch. */
  write(): void {
    if (this.#closed.size > 0) {
      this.#writer.write(
        "DELETE FROM charges WHERE transaction_id IN (SELECT value FROM json_each(?))",
        JSON.stringify([...this.#closed]),
      );
    }
    if (this.#opened.size > 0) {
      this.#writer.write(
        `INSERT INTO charges (transaction_id, attempts, next_attempt_at_ms)
           SELECT value ->> 'transaction_id', value ->> 'attempts', value ->> 'next_attempt_at_ms'
           FROM json_each(?) WHERE true
         ON CONFLICT (transaction_id) DO UPDATE SET attempts = excluded.attempts,
           next_attempt_at_ms = excluded.next_attempt_at_ms`,
        JSON.stringify([...this.#opened.values()]),
      );
    }
    this.#closed.clear();
    this.#opened.clear();
  }

  /** The open charge of a transaction, with the changes of the batch in progress. */
  find(transactionId: string): OpenCharge | undefined {
    const changed = this.#opened.get(transactionId);
    if (changed || this.#closed.has(transactionId)) return changed;
    return this.#sql
      .exec<OpenCharge>("SELECT * FROM charges WHERE transaction_id = ?", transactionId)
      .toArray()[0];
  }

  /** Charges whose next attempt is due, the most overdue first. */
  due(nowMs: number, limit: number): OpenCharge[] {
    return this.#sql
      .exec<OpenCharge>(
        "SELECT * FROM charges WHERE next_attempt_at_ms <= ? ORDER BY next_attempt_at_ms LIMIT ?",
        nowMs,
        limit,
      )
      .toArray();
  }

  /** When the next charge is due; undefined when none is open. */
  nextAtMs(nowMs: number): number | undefined {
    const { next } = this.#sql
      .exec<{ next: number | null }>("SELECT min(next_attempt_at_ms) AS next FROM charges")
      .one();
    return next === null ? undefined : attemptDueAtMs(next, nowMs);
  }

  /** Makes charges due that were scheduled by a clock that has been set back since. */
  bringForward(nowMs: number): void {
    this.#writer.write(
      "UPDATE charges SET next_attempt_at_ms = ? WHERE next_attempt_at_ms > ?",
      nowMs,
      nowMs + BACKOFF.most_ms,
    );
  }

  summarize(nowMs: number): OpenChargesSummary {
    const { open } = this.#sql.exec<{ open: number }>("SELECT count(*) AS open FROM charges").one();
    if (open === 0) return { open, overdue: 0, oldest_age_ms: 0 };
    const { oldest, overdue } = this.#sql
      .exec<{ oldest: number | null; overdue: number | null }>(
        `SELECT min(claim.created_at_ms) AS oldest, sum(claim.created_at_ms < ?) AS overdue
         FROM (SELECT transaction_id FROM charges ORDER BY attempts DESC LIMIT ?) AS charge
         JOIN events AS first
           ON first.transaction_id = charge.transaction_id AND first.sequence = 1
         JOIN events AS claim
           ON claim.first_position = first.position AND claim.type = 'transaction.processing'`,
        nowMs - OVERDUE_MS,
        MAX_EXAMINED,
      )
      .one();
    return {
      open,
      overdue: overdue ?? 0,
      oldest_age_ms: oldest === null ? 0 : Math.max(0, nowMs - oldest),
    };
  }
}
