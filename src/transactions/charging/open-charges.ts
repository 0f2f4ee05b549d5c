/** Operations without a known outcome, and when each is repeated: a charge, authorization, capture or void under the id of
 *  its transaction, which has one of them at a time, and a refund under its own id.
 *
 *  A claim is in memory only, because nearly every one has its outcome within milliseconds and a row for it would cost as
 *  much as an event. After a restart the claims without an outcome are found again among the newest events and the pending
 *  refunds. An operation has a row of the table `charges` from its first attempt without an outcome until it ends; the
 *  column `transaction_id` has its id. */
import { type Backoff, delayMs } from "../../domain/time/backoff";
import { dueAtMs } from "../../domain/time/clock";
import type { EventStore } from "../journal/event-store";
import type { SqlWriter } from "../journal/sql-writer";
import type { OpenChargesSummary } from "../rpc";

export type OpenCharge = {
  /** Of the transaction, or of the refund. */
  id: string;
  attempts: number;
  next_attempt_at_ms: number;
  claimed_at_ms: number;
  /** 1 while the customer has to act: then it is not late. */
  awaits_action: 0 | 1;
};

/** The delay before an operation without a known outcome is repeated. There is no last attempt, because the money may have
 *  moved. Five minutes at most keep the recovery short when a failed processor is back. */
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 300_000 };

/** When to repeat an operation after so many attempts without a known outcome. */
export function nextAttemptAtMs(attempts: number, nowMs: number): number {
  return nowMs + delayMs(attempts, BACKOFF);
}

/** When a scheduled attempt may be made at the earliest, if there is a reason: the shortest delay after the last one. */
export function earliestAttemptAtMs({ attempts, next_attempt_at_ms }: OpenCharge): number {
  return next_attempt_at_ms - delayMs(attempts, BACKOFF) + BACKOFF.first_ms;
}

/** When a scheduled attempt is due, also if the clock was ahead when it was scheduled. */
export function attemptDueAtMs(atMs: number, nowMs: number): number {
  return dueAtMs(atMs, nowMs, BACKOFF.most_ms);
}

/** A working processor responds within seconds. After a minute there have been five attempts. */
const OVERDUE_MS = 60_000;
/** While a processor is down there may be any number of open operations. Those with the most attempts are the oldest, and
 *  this many of them are examined. */
const MAX_EXAMINED = 1_000;

/** A claim that has not been tried yet, or is being tried. */
type Claim = { position: number; claimed_at_ms: number };

export class OpenCharges {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  /** In the order of their positions. */
  readonly #claims = new Map<string, Claim>();
  /** The changed rows of the batch in progress. */
  readonly #deferred = new Map<string, OpenCharge>();
  readonly #closed = new Set<string>();
  /** When the next row is due. Cached, because every request reads it and few change it. */
  #nextRowAtMs: number | null = null;

  /** @param sql with the journal's tables
   *  @param storedThrough the position up to which every claim has an outcome or a row */
  constructor(sql: SqlStorage, writer: SqlWriter, events: EventStore, storedThrough: number) {
    this.#sql = sql;
    this.#writer = writer;
    const found = [...events.readClaims(storedThrough), ...readRefunds(sql, events)];
    found.sort((a, b) => a.position - b.position);
    for (const { id, ...claim } of found) if (!this.find(id)) this.#claims.set(id, claim);
    this.#reread();
  }

  /** The position up to which every claim has an outcome or a row.
   *  @param lastPosition of the journal */
  storedThrough(lastPosition: number): number {
    const [oldest] = this.#claims.values();
    return oldest ? oldest.position - 1 : lastPosition;
  }

  /** Due at once: the alarm repeats an operation only if no call for it is in progress, after the object was restarted.
   *  @param position of the event that claims it */
  open(id: string, position: number, nowMs: number): void {
    this.#writer.begin();
    this.#claims.set(id, { position, claimed_at_ms: nowMs });
  }

  close(id: string): void {
    this.#writer.begin();
    if (this.#claims.delete(id)) return;
    this.#deferred.delete(id);
    this.#closed.add(id);
  }

  /** Stores that the outcome is still unknown, and when to repeat the operation. */
  defer(open: OpenCharge): void {
    this.#writer.begin();
    this.#claims.delete(open.id);
    this.#deferred.set(open.id, open);
  }

  /** Writes the changed rows of the batch. */
  write(): void {
    if (this.#closed.size === 0 && this.#deferred.size === 0) return;
    if (this.#closed.size > 0) {
      this.#writer.write(
        "DELETE FROM charges WHERE transaction_id IN (SELECT value FROM json_each(?))",
        JSON.stringify([...this.#closed]),
      );
    }
    if (this.#deferred.size > 0) {
      this.#writer.write(
        `INSERT INTO charges (transaction_id, attempts, next_attempt_at_ms, claimed_at_ms, awaits_action)
           SELECT value ->> 'id', value ->> 'attempts', value ->> 'next_attempt_at_ms',
             value ->> 'claimed_at_ms', value ->> 'awaits_action' FROM json_each(?) WHERE true
         ON CONFLICT (transaction_id) DO UPDATE SET attempts = excluded.attempts,
           next_attempt_at_ms = excluded.next_attempt_at_ms, awaits_action = excluded.awaits_action`,
        JSON.stringify([...this.#deferred.values()]),
      );
    }
    this.#closed.clear();
    this.#deferred.clear();
    this.#reread();
  }

  /** The open operation with an id, with the changes of the batch in progress. */
  find(id: string): OpenCharge | undefined {
    const claim = this.#claims.get(id);
    if (claim) return toOpenCharge(id, claim);
    const changed = this.#deferred.get(id);
    if (changed || this.#closed.has(id)) return changed;
    return this.#sql
      .exec<OpenCharge>(
        "SELECT transaction_id AS id, attempts, next_attempt_at_ms, claimed_at_ms, awaits_action FROM charges WHERE transaction_id = ?",
        id,
      )
      .toArray()[0];
  }

  /** Operations whose next attempt is due: those that were never tried to the end, and then the most overdue. */
  due(nowMs: number, limit: number): OpenCharge[] {
    const claims = [...this.#claims].slice(0, limit).map(([id, claim]) => toOpenCharge(id, claim));
    if (claims.length === limit) return claims;
    const rows = this.#sql.exec<OpenCharge>(
      `SELECT transaction_id AS id, attempts, next_attempt_at_ms, claimed_at_ms, awaits_action FROM charges
       WHERE next_attempt_at_ms <= ? ORDER BY next_attempt_at_ms LIMIT ?`,
      nowMs,
      limit - claims.length,
    );
    return [...claims, ...rows];
  }

  /** Whether there are operations that were claimed and not deferred. */
  get hasClaims(): boolean {
    return this.#claims.size > 0;
  }

  /** When the next deferred operation is due; undefined when there is none. */
  nextAtMs(nowMs: number): number | undefined {
    const next = this.#nextRowAtMs;
    return next === null ? undefined : attemptDueAtMs(next, nowMs);
  }

  /** Makes operations due that were scheduled by a clock that has been set back since. */
  bringForward(nowMs: number): void {
    this.#writer.write(
      "UPDATE charges SET next_attempt_at_ms = ? WHERE next_attempt_at_ms > ?",
      nowMs,
      nowMs + BACKOFF.most_ms,
    );
    this.#reread();
  }

  summarize(nowMs: number): OpenChargesSummary {
    const overdueMs = nowMs - OVERDUE_MS;
    const claimed = [...this.#claims.values()].map(({ claimed_at_ms }) => claimed_at_ms);
    const stored = this.#summarizeRows(overdueMs);
    const oldest = Math.min(nowMs, stored.oldest ?? nowMs, ...claimed.slice(0, 1));
    return {
      open: claimed.length + stored.open,
      overdue: claimed.filter((at) => at < overdueMs).length + stored.overdue,
      oldest_age_ms: nowMs - oldest,
    };
  }

  #reread(): void {
    const { next } = this.#sql
      .exec<{ next: number | null }>("SELECT min(next_attempt_at_ms) AS next FROM charges")
      .one();
    this.#nextRowAtMs = next;
  }

  #summarizeRows(overdueMs: number): { open: number; overdue: number; oldest: number | null } {
    const { open } = this.#sql
      .exec<{ open: number }>("SELECT count(*) AS open FROM charges WHERE awaits_action = 0")
      .one();
    if (open === 0) return { open, overdue: 0, oldest: null };
    const { oldest, overdue } = this.#sql
      .exec<{ oldest: number | null; overdue: number | null }>(
        `SELECT min(claimed_at_ms) AS oldest, sum(claimed_at_ms < ?) AS overdue
         FROM (SELECT claimed_at_ms FROM charges WHERE awaits_action = 0 ORDER BY attempts DESC LIMIT ?)`,
        overdueMs,
        MAX_EXAMINED,
      )
      .one();
    return { open, overdue: overdue ?? 0, oldest };
  }
}

function toOpenCharge(id: string, { claimed_at_ms }: Claim): OpenCharge {
  return { id, attempts: 0, next_attempt_at_ms: claimed_at_ms, claimed_at_ms, awaits_action: 0 };
}

/** Refunds without an outcome. */
function readRefunds(sql: SqlStorage, events: EventStore) {
  const pending = sql
    .exec<{ id: string; position: number }>(
      "SELECT id, position FROM refunds INDEXED BY pending_refunds WHERE status = 'pending'",
    )
    .toArray();
  const created = events.readAt(pending.map(({ position }) => position));
  const at = new Map(created.map(({ position, created_at_ms }) => [position, created_at_ms]));
  return pending.map((refund) => ({ ...refund, claimed_at_ms: at.get(refund.position) ?? 0 }));
}
