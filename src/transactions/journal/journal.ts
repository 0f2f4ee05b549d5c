/** The shard's own SQLite: the record of every transaction of this shard.
 *
 *  A row of `events` has the whole transaction as of that event. The last row of a transaction is its state, and all rows
 *  in order are the outbox of every destination, each of which has a checkpoint. All methods are synchronous. */

import type { Change } from "../../domain/transaction/decisions/transition";
import type { EventRecord, EventType } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import { prepareInsert } from "../../runtime/insert-rows";
import { StateRow } from "../../runtime/state/state-row";
import { OpenCharges } from "../charging/open-charges";
import { StoredBackoffs } from "../outbox/stored-backoff";
import { Checkpoints } from "./checkpoints";
import { Deadlines } from "./deadlines";
import { EventTail } from "./event-tail";
import { readHistory, readVersion } from "./history";
import { StoredDetails } from "./payment-details";
import { Refunds } from "./refunds";
import { migrateJournal } from "./schema";
import { SqlWriter } from "./sql-writer";
import { takeBatch } from "./take-batch";
import { type CachedTransaction, TransactionCache } from "./transaction-cache";

export type OwnedTransaction = { merchant_id: string; transaction: Transaction };

type Stored = { merchant_id: string; data: string };

const EVENT_COLUMNS = [
  "position",
  "merchant_id",
  "transaction_id",
  "sequence",
  "type",
  "created_at_ms",
  "data",
  "traceparent",
  "first_position",
  "refund",
] as const satisfies (keyof EventRecord)[];
const INSERT_EVENTS = prepareInsert("events", EVENT_COLUMNS);

export class Journal {
  /** Counters and checkpoints, which are written with every change. */
  readonly state: StateRow;
  readonly charges: OpenCharges;
  readonly deadlines: Deadlines;
  readonly refunds: Refunds;
  readonly details: StoredDetails;
  readonly checkpoints: Checkpoints;
  readonly backoffs: StoredBackoffs;
  readonly tail = new EventTail();
  readonly #sql: SqlStorage;
  readonly #sqlWriter: SqlWriter;
  /** Events of the batch in progress, which `write` inserts. */
  readonly #staged: EventRecord[] = [];
  readonly #cache = new TransactionCache();
  #lastPosition = 0;

  /** To be called inside `transactionSync`, because it may migrate the tables. */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sqlWriter = new SqlWriter(sql);
    migrateJournal(sql);
    this.state = new StateRow(sql);
    this.checkpoints = new Checkpoints(this.state);
    const storedThrough = this.checkpoints.get("charges_stored_through") ?? 0;
    this.charges = new OpenCharges(sql, this.#sqlWriter, storedThrough);
    this.deadlines = new Deadlines(sql, this.#sqlWriter);
    this.refunds = new Refunds(sql, this.#sqlWriter);
    this.details = new StoredDetails(sql, this.#sqlWriter);
    this.backoffs = new StoredBackoffs(sql);
    const { last } = sql
      .exec<{ last: number | null }>("SELECT max(position) AS last FROM events")
      .one();
    this.#lastPosition = last ?? 0;
  }

  /** How many changes were made since the object started, written or not. */
  get changes(): number {
    return this.#sqlWriter.begun;
  }

  /** The position of the newest event; 0 when there is none. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** Reads transactions into memory, those that are missing there, in one statement. */
  load(transactionIds: string[]): void {
    const missing = transactionIds.filter(
      (id) => !this.#cache.get(id) && !this.#cache.isAbsent(id),
    );
    if (missing.length === 0) return;
    const found = this.#sql
      .exec<Stored & { transaction_id: string; first_position: number }>(
        `SELECT transaction_id, merchant_id, data, first_position FROM events WHERE position IN
           (SELECT coalesce((SELECT max(position) FROM events
                WHERE first_position = first.position AND sequence > 1), first.position)
              FROM events AS first
              WHERE sequence = 1 AND transaction_id IN (SELECT value FROM json_each(?)))`,
        JSON.stringify(missing),
      )
      .toArray();
    const absent = new Set(missing);
    for (const { transaction_id, ...stored } of found) {
      absent.delete(transaction_id);
      this.#cache.set(transaction_id, { ...stored, transaction: undefined });
    }
    for (const id of absent) this.#cache.setAbsent(id);
  }

  /** The transaction as it is now. */
  find(transactionId: string): OwnedTransaction | undefined {
    const cached = this.#find(transactionId);
    if (!cached) return undefined;
    cached.transaction ??= JSON.parse(cached.data) as Transaction; // Written by append().
    return { merchant_id: cached.merchant_id, transaction: cached.transaction };
  }

  /** The transaction as its JSON text, without parsing it. */
  findText(transactionId: string): Stored | undefined {
    return this.#find(transactionId);
  }

  has(transactionId: string): boolean {
    return this.#find(transactionId) !== undefined;
  }

  /** The JSON text of a transaction at one of its versions. @throws when it has no such version */
  textAt(transactionId: string, version: number): string {
    const staged = this.#staged.find(
      ({ transaction_id, sequence }) => transaction_id === transactionId && sequence === version,
    );
    if (staged) return staged.data;
    return readVersion(this.#sql, transactionId, version);
  }

  /** All events of a transaction, in order. Without those of the batch in progress. */
  readEvents(transactionId: string): EventRecord[] {
    return readHistory(this.#sql, transactionId);
  }

  /** Stages the events of a change; `write` inserts them at the end of the batch.
   *  @param traceparent of the request that caused the change
   *  @returns the JSON text of the transaction after it */
  append(merchantId: string, { events }: Change, traceparent: string | null): string {
    let data = "";
    for (const event of events) {
      const { transaction_id, sequence, type, data: transaction } = event;
      data = JSON.stringify(transaction);
      this.#sqlWriter.begin();
      this.#lastPosition += 1;
      const position = this.#lastPosition;
      const first_position = sequence === 1 ? position : this.#findFirstPosition(transaction_id);
      const record: EventRecord = {
        position,
        merchant_id: merchantId,
        transaction_id,
        sequence,
        type,
        created_at_ms: Date.parse(event.created_at),
        data,
        traceparent,
        first_position,
        refund: event.refund ? JSON.stringify(event.refund) : null,
      };
      this.#staged.push(record);
      this.tail.add(record, transaction);
      const cached = { merchant_id: merchantId, data, transaction, first_position };
      this.#cache.set(transaction_id, cached);
    }
    return data;
  }

  /** Writes the staged events and the changed charges of the batch, and the state row. */
  write(): void {
    const rows = this.#staged.map((event) => EVENT_COLUMNS.map((column) => event[column]));
    this.#sqlWriter.insert(INSERT_EVENTS, rows);
    this.#staged.length = 0;
    this.charges.write();
    this.checkpoints.set("charges_stored_through", this.charges.storedThrough(this.#lastPosition));
    this.state.write();
  }

  /** Events after `position`, in order: at most `rows` of them and `characters` of text, but at least one if there is
   *  one. */
  eventsAfter(position: number, rows: number, characters: number): EventRecord[] {
    const source =
      this.tail.after(position) ??
      this.#sql.exec<EventRecord>(
        "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?",
        position,
        rows,
      );
    return takeBatch(source, rows, characters);
  }

  /** Whether there are events of a merchant after a position. True also when there are more than memory holds.
   *  @param merchantId null for any merchant */
  mayHaveEventsAfter(position: number, merchantId: string | null): boolean {
    if (position >= this.#lastPosition) return false;
    const recent = this.tail.after(position);
    return !recent || !merchantId || recent.some(({ merchant_id }) => merchant_id === merchantId);
  }

  /** Events of some types after one position and up to another one, in order. */
  eventsOfTypes(after: number, through: number, types: readonly EventType[]): EventRecord[] {
    const recent = this.tail.after(after);
    if (recent) {
      return recent.filter(({ position, type }) => position <= through && types.includes(type));
    }
    return this.#sql
      .exec<EventRecord>(
        `SELECT * FROM events WHERE position > ? AND position <= ?
           AND type IN (SELECT value FROM json_each(?)) ORDER BY position`,
        after,
        through,
        JSON.stringify(types),
      )
      .toArray();
  }

  /** When the event at a position was written; undefined when there is none. */
  createdAtMs(position: number): number | undefined {
    return this.#sql
      .exec<{ at: number }>("SELECT created_at_ms AS at FROM events WHERE position = ?", position)
      .toArray()[0]?.at;
  }

  /** @throws Error when there is no such transaction */
  #findFirstPosition(transactionId: string): number {
    const cached = this.#find(transactionId);
    if (!cached) throw new Error("an event of a transaction without a first event");
    return cached.first_position;
  }

  #find(transactionId: string): CachedTransaction | undefined {
    const cached = this.#cache.get(transactionId);
    if (cached || this.#cache.isAbsent(transactionId)) return cached;
    const staged = this.#findStaged(transactionId);
    if (!staged) this.load([transactionId]);
    return staged ?? this.#cache.get(transactionId);
  }

  /** For a batch so large that the cache has evicted transactions of the same batch. */
  #findStaged(transactionId: string): CachedTransaction | undefined {
    const staged = this.#staged.findLast(({ transaction_id }) => transaction_id === transactionId);
    return staged && { ...staged, transaction: undefined };
  }
}
