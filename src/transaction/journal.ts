/** The shard's own SQLite: the record of every transaction that lives here.
 *
 *  One table says it all. A row is an event with the whole transaction as of then; the last row of a
 *  transaction is its state, and the rows in order are the outbox of every destination, which needs
 *  no more than a mark of how far it has come. Nothing in here waits for anything. */
import type { EventRecord } from "../domain/event";
import type { Change, Transaction } from "../domain/transaction";
import { makeJournalTables } from "./journal-tables";

export type Held = { merchant_id: string; transaction: Transaction };

/** A charge without a known outcome. A row exists exactly while its transaction is `processing`. */
export type OpenCharge = { transaction_id: string; attempts: number; next_attempt_at_ms: number };

/** Numbers the object must remember: how far a destination has come, and the deployment's shard count. */
export type Mark =
  | "book_delivered_through"
  | "webhooks_delivered_through"
  | "stream_delivered_through"
  | "transaction_shards";

/** Text of transactions kept in memory: some 10,000 of common size, and 8 of the object's 128 megabytes at
 *  the most. A transaction is mostly asked for again within seconds of its last change. */
const MAX_HOT_CHARACTERS = 4_000_000;

type HeldText = { merchant_id: string; data: string };

export class Journal {
  readonly #sql: SqlStorage;
  readonly #hot = new Map<string, HeldText>();
  #hotCharacters = 0;
  readonly #uncommitted: string[] = [];
  readonly #marks = new Map<Mark, number>();
  #lastPosition = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    makeJournalTables(sql);
    this.#readTables();
  }

  /** The position of the newest event; 0 when there is none. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** The transaction as it is now. */
  find(transactionId: string): Held | undefined {
    const row = this.findText(transactionId);
    // Our own text, written by append().
    return (
      row && { merchant_id: row.merchant_id, transaction: JSON.parse(row.data) as Transaction }
    );
  }

  /** The same as its JSON text, for answers that only pass it on. */
  findText(transactionId: string): HeldText | undefined {
    const hot = this.#hot.get(transactionId);
    if (hot) return hot;
    const stored = this.#sql
      .exec<HeldText>(
        "SELECT merchant_id, data FROM events WHERE transaction_id = ? ORDER BY sequence DESC LIMIT 1",
        transactionId,
      )
      .toArray()[0];
    if (stored) this.#keepHot(transactionId, stored);
    return stored;
  }

  holds(transactionId: string): boolean {
    if (this.#hot.has(transactionId)) return true;
    return (
      this.#sql
        .exec("SELECT 1 FROM events WHERE transaction_id = ? LIMIT 1", transactionId)
        .toArray().length > 0
    );
  }

  /** The transaction as it was at a version. */
  textAt(transactionId: string, version: number): string {
    return this.#sql
      .exec<{ data: string }>(
        "SELECT data FROM events WHERE transaction_id = ? AND sequence = ?",
        transactionId,
        version,
      )
      .one().data;
  }

  /** All events of a transaction, first to last. */
  eventsOf(transactionId: string): EventRecord[] {
    return this.#sql
      .exec<EventRecord>(
        "SELECT * FROM events WHERE transaction_id = ? ORDER BY sequence",
        transactionId,
      )
      .toArray();
  }

  /** The request that a transaction's last event was caused by. */
  traceparentOf(transactionId: string): string | null {
    const [row] = this.#sql
      .exec<Pick<EventRecord, "traceparent">>(
        "SELECT traceparent FROM events WHERE transaction_id = ? ORDER BY sequence DESC LIMIT 1",
        transactionId,
      )
      .toArray();
    return row?.traceparent ?? null;
  }

  /** Writes a change's events. To be called inside a transaction.
   *  @param traceparent of the request that caused it
   *  @returns the JSON text of the transaction as it is now. */
  append(merchantId: string, { events }: Change, traceparent: string | null): string {
    let data = "";
    for (const event of events) {
      data = JSON.stringify(event.data);
      this.#sql.exec(
        `INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at_ms, data,
           traceparent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        this.#lastPosition + 1,
        merchantId,
        event.transaction_id,
        event.sequence,
        event.type,
        Date.parse(event.created_at),
        data,
        traceparent,
      );
      this.#lastPosition += 1;
      this.#uncommitted.push(event.transaction_id);
      this.#keepHot(event.transaction_id, { merchant_id: merchantId, data });
    }
    return data;
  }

  /** Opens a charge: due at once, because only an object that died finds it not under way. */
  openCharge(transactionId: string, nowMs: number): void {
    this.deferCharge(transactionId, 0, nowMs);
  }

  closeCharge(transactionId: string): void {
    this.#sql.exec("DELETE FROM charges WHERE transaction_id = ?", transactionId);
  }

  /** Notes that a charge's outcome is still unknown and when to ask again. */
  deferCharge(transactionId: string, attempts: number, nextAttemptAtMs: number): void {
    this.#sql.exec(
      `INSERT INTO charges (transaction_id, attempts, next_attempt_at_ms) VALUES (?, ?, ?)
       ON CONFLICT (transaction_id) DO UPDATE SET attempts = excluded.attempts,
         next_attempt_at_ms = excluded.next_attempt_at_ms`,
      transactionId,
      attempts,
      nextAttemptAtMs,
    );
  }

  findCharge(transactionId: string): OpenCharge | undefined {
    return this.#sql
      .exec<OpenCharge>("SELECT * FROM charges WHERE transaction_id = ?", transactionId)
      .toArray()[0];
  }

  /** Open charges whose next attempt is due, the most overdue first. */
  dueCharges(nowMs: number, limit: number): OpenCharge[] {
    return this.#sql
      .exec<OpenCharge>(
        "SELECT * FROM charges WHERE next_attempt_at_ms <= ? ORDER BY next_attempt_at_ms LIMIT ?",
        nowMs,
        limit,
      )
      .toArray();
  }

  /** When the next open charge is due; undefined when none is open. */
  nextChargeAtMs(): number | undefined {
    return (
      this.#sql
        .exec<{ next: number | null }>("SELECT min(next_attempt_at_ms) AS next FROM charges")
        .one().next ?? undefined
    );
  }

  /** Events after `position`, in order, at most `rows` of them and about `characters` of text. */
  eventsAfter(position: number, rows: number, characters: number): EventRecord[] {
    const events: EventRecord[] = [];
    let size = 0;
    const cursor = this.#sql.exec<EventRecord>(
      "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?",
      position,
      rows,
    );
    for (const event of cursor) {
      size += event.data.length;
      if (events.length > 0 && size > characters) break;
      events.push(event);
    }
    return events;
  }

  /** When the event at a position was written; undefined when there is none. */
  createdAtMs(position: number): number | undefined {
    const [row] = this.#sql
      .exec<{ created_at_ms: number }>(
        "SELECT created_at_ms FROM events WHERE position = ?",
        position,
      )
      .toArray();
    return row?.created_at_ms;
  }

  mark(name: Mark): number | undefined {
    return this.#marks.get(name);
  }

  /** Writes a mark, unless that is its value already. */
  setMark(name: Mark, value: number): void {
    if (this.#marks.get(name) === value) return;
    this.#sql.exec(
      "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name,
      value,
    );
    this.#marks.set(name, value);
  }

  /** What has been written is there to stay. */
  committed(): void {
    this.#uncommitted.length = 0;
  }

  /** What was written since the last commit has been taken back: only the tables are right about it. */
  rolledBack(): void {
    for (const transactionId of this.#uncommitted) this.#forgetHot(transactionId);
    this.#uncommitted.length = 0;
    this.#readTables();
  }

  #readTables(): void {
    const { last } = this.#sql
      .exec<{ last: number | null }>("SELECT max(position) AS last FROM events")
      .one();
    this.#lastPosition = last ?? 0;
    this.#marks.clear();
    const marks = this.#sql.exec<{ name: Mark; value: number }>("SELECT name, value FROM marks");
    for (const { name, value } of marks) this.#marks.set(name, value);
  }

  #keepHot(transactionId: string, held: HeldText): void {
    this.#forgetHot(transactionId); // Back in at the young end: the first of the map is the oldest.
    this.#hot.set(transactionId, held);
    this.#hotCharacters += held.data.length;
    for (const oldest of this.#hot.keys()) {
      if (this.#hotCharacters <= MAX_HOT_CHARACTERS) break;
      this.#forgetHot(oldest);
    }
  }

  #forgetHot(transactionId: string): void {
    this.#hotCharacters -= this.#hot.get(transactionId)?.data.length ?? 0;
    this.#hot.delete(transactionId);
  }
}
