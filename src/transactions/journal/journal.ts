/** The shard's own SQLite: the record of every transaction that lives here.
 *
 *  One table says it all. A row is an event with the whole transaction as of then; the last row of a
 *  transaction is its state, and the rows in order are the outbox of every destination, which needs
 *  no more than a mark of how far it has come. Nothing in here waits for anything. */
import type { EventRecord, EventType } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Change } from "../../domain/transaction/transition";
import { OpenCharges } from "../charging/open-charges";
import { StoredBackoffs } from "../outbox/stored-backoff";
import { Checkpoints } from "./checkpoints";
import { EventTail } from "./event-tail";
import { OpenReviews } from "./open-reviews";
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
] as const satisfies (keyof EventRecord)[];

/** Where the first event of a transaction is. */
const FIRST_POSITION = "(SELECT position FROM events WHERE transaction_id = ? AND sequence = 1)";

export class Journal {
  readonly charges: OpenCharges;
  readonly reviews: OpenReviews;
  readonly checkpoints: Checkpoints;
  readonly backoffs: StoredBackoffs;
  readonly #sql: SqlStorage;
  readonly #sqlWriter: SqlWriter;
  /** Events of the round under way, which are written when all of it is decided. */
  readonly #staged: EventRecord[] = [];
  readonly #cache = new TransactionCache();
  readonly #tail = new EventTail();
  #lastPosition = 0;

  /** To be called inside `transactionSync`, because it may migrate the tables. */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sqlWriter = new SqlWriter(sql);
    migrateJournal(sql);
    this.charges = new OpenCharges(sql, this.#sqlWriter);
    this.reviews = new OpenReviews(sql, this.#sqlWriter);
    this.checkpoints = new Checkpoints(sql, this.#sqlWriter);
    this.backoffs = new StoredBackoffs(sql);
    const { last } = sql
      .exec<{ last: number | null }>("SELECT max(position) AS last FROM events")
      .one();
    this.#lastPosition = last ?? 0;
  }

  /** How many changes there have been since the object started, written or not. */
  get changes(): number {
    return this.#sqlWriter.begun;
  }

  /** The position of the newest event; 0 when there is none. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** Reads those of these transactions that are not in memory, all in one statement. */
  load(transactionIds: string[]): void {
    const unknown = transactionIds.filter(
      (id) => !this.#cache.get(id) && !this.#cache.isAbsent(id),
    );
    if (unknown.length === 0) return;
    const found = this.#sql
      .exec<Stored & { transaction_id: string; first_position: number }>(
        `SELECT transaction_id, merchant_id, data, first_position FROM events WHERE position IN
           (SELECT (SELECT max(position) FROM events WHERE first_position = first.position)
              FROM events AS first
              WHERE sequence = 1 AND transaction_id IN (SELECT value FROM json_each(?)))`,
        JSON.stringify(unknown),
      )
      .toArray();
    const absent = new Set(unknown);
    for (const { transaction_id, ...stored } of found) {
      absent.delete(transaction_id);
      this.#cache.keep(transaction_id, { ...stored, transaction: undefined });
    }
    for (const id of absent) this.#cache.setAbsent(id);
  }

  /** The transaction as it is now. */
  find(transactionId: string): OwnedTransaction | undefined {
    const kept = this.#find(transactionId);
    if (!kept) return undefined;
    kept.transaction ??= JSON.parse(kept.data) as Transaction; // Our own text, written by append().
    return { merchant_id: kept.merchant_id, transaction: kept.transaction };
  }

  /** The same as its JSON text, for answers that only pass it on. */
  findText(transactionId: string): Stored | undefined {
    return this.#find(transactionId);
  }

  has(transactionId: string): boolean {
    return this.#find(transactionId) !== undefined;
  }

  /** The transaction as it was at a version. */
  textAt(transactionId: string, version: number): string {
    const staged = this.#staged.find(
      ({ transaction_id, sequence }) => transaction_id === transactionId && sequence === version,
    );
    if (staged) return staged.data;
    return this.#sql
      .exec<{ data: string }>(
        `SELECT data FROM events WHERE first_position = ${FIRST_POSITION} AND sequence = ?`,
        transactionId,
        version,
      )
      .one().data;
  }

  /** All events of a transaction, first to last. */
  eventsOf(transactionId: string): EventRecord[] {
    return this.#sql
      .exec<EventRecord>(
        `SELECT * FROM events WHERE first_position = ${FIRST_POSITION} ORDER BY sequence`,
        transactionId,
      )
      .toArray();
  }

  /** Takes a change's events down, to be written at the end of the round.
   *  @param traceparent of the request that caused it
   *  @returns the JSON text of the transaction as it is now. */
  append(merchantId: string, { events }: Change, traceparent: string | null): string {
    let data = "";
    for (const event of events) {
      data = JSON.stringify(event.data);
      const { transaction_id, sequence, type } = event;
      this.#sqlWriter.begin();
      this.#lastPosition += 1;
      const position = this.#lastPosition;
      const first_position = sequence === 1 ? position : this.#firstPositionOf(transaction_id);
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
      };
      this.#staged.push(record);
      this.#tail.add(record);
      const { data: transaction } = event;
      const kept = { merchant_id: merchantId, data, transaction, first_position };
      this.#cache.keep(transaction_id, kept);
    }
    return data;
  }

  /** Writes what the round has taken down: its events, and what became of charges. */
  write(): void {
    const rows = this.#staged.map((event) => EVENT_COLUMNS.map((column) => event[column]));
    this.#sqlWriter.insert("events", EVENT_COLUMNS, rows);
    this.#staged.length = 0;
    this.charges.write();
  }

  /** Events after `position`, in order, at most `rows` of them and about `characters` of text. */
  eventsAfter(position: number, rows: number, characters: number): EventRecord[] {
    const source =
      this.#tail.after(position) ??
      this.#sql.exec<EventRecord>(
        "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?",
        position,
        rows,
      );
    return takeBatch(source, rows, characters);
  }

  /** Events of some types after one position and up to another, in order. */
  eventsOfTypes(after: number, through: number, types: readonly EventType[]): EventRecord[] {
    const recent = this.#tail.after(after);
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
    const [row] = this.#sql
      .exec<{ created_at_ms: number }>(
        "SELECT created_at_ms FROM events WHERE position = ?",
        position,
      )
      .toArray();
    return row?.created_at_ms;
  }

  /** @throws Error when there is no such transaction: nothing can have happened to it. */
  #firstPositionOf(transactionId: string): number {
    const kept = this.#find(transactionId);
    if (!kept) throw new Error("an event of a transaction that has no first one");
    return kept.first_position;
  }

  #find(transactionId: string): CachedTransaction | undefined {
    const kept = this.#cache.get(transactionId);
    if (kept || this.#cache.isAbsent(transactionId)) return kept;
    const staged = this.#findStaged(transactionId);
    if (!staged) this.load([transactionId]);
    return staged ?? this.#cache.get(transactionId);
  }

  /** For a round so large that memory has let go of what it began with. */
  #findStaged(transactionId: string): CachedTransaction | undefined {
    const staged = this.#staged.findLast(({ transaction_id }) => transaction_id === transactionId);
    return staged && { ...staged, transaction: undefined };
  }
}
