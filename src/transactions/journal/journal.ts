/** The shard's own SQLite: the record of every transaction of this shard.
 *
 *  An event has the whole transaction as of then (`event-store.ts` has how it is stored). The last event of a transaction is
 *  its state, and all events in order are the outbox of every destination, each of which has a checkpoint. All methods are
 *  synchronous. */
import type { Change } from "../../domain/transaction/decisions/transition";
import type { EventRecord, EventType } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import { StateRow } from "../../runtime/state/state-row";
import { OpenCharges } from "../charging/open-charges";
import { StoredBackoffs } from "../outbox/stored-backoff";
import { ArchivedPayments, NotHeld } from "./archived/archived-payments";
import { putBack } from "./archived/put-back";
import { Checkpoints } from "./checkpoints";
import { Deadlines } from "./deadlines";
import { EventStore } from "./event-store";
import { EventTail, type RewriteEvent } from "./event-tail";
import { StoredDetails } from "./payment-details";
import { Refunds } from "./refunds";
import { migrateJournal } from "./schema";
import { SqlWriter } from "./sql-writer";
import { StagedEvents } from "./staged-events";
import { takeBatch } from "./take-batch";
import {
  type CachedTransaction,
  TransactionCache,
  toArchived,
  toCached,
} from "./transaction-cache";

export type OwnedTransaction = { merchant_id: string; transaction: Transaction };

type Stored = { merchant_id: string; data: string };

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
  readonly events: EventStore;
  readonly archived: ArchivedPayments;
  readonly #sqlWriter: SqlWriter;
  readonly #staged = new StagedEvents();
  readonly #cache = new TransactionCache();
  #lastPosition = 0;

  /** To be called inside `transactionSync`, because it may migrate the tables. */
  constructor(sql: SqlStorage) {
    this.#sqlWriter = new SqlWriter(sql);
    migrateJournal(sql);
    this.events = new EventStore(sql, this.#sqlWriter);
    this.state = new StateRow(sql);
    this.checkpoints = new Checkpoints(this.state);
    const storedThrough = this.checkpoints.get("charges_stored_through") ?? 0;
    this.charges = new OpenCharges(sql, this.#sqlWriter, this.events, storedThrough);
    this.deadlines = new Deadlines(sql, this.#sqlWriter);
    this.archived = new ArchivedPayments(sql);
    this.refunds = new Refunds(sql, this.#sqlWriter, this.events, this.archived);
    this.details = new StoredDetails(sql, this.#sqlWriter, this.archived);
    this.backoffs = new StoredBackoffs(sql);
    this.#lastPosition = this.events.readLastPosition();
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
    const absent = new Set(missing);
    for (const { record, first } of this.events.readLatest(missing)) {
      absent.delete(record.transaction_id);
      this.#cache.set(record.transaction_id, toCached(record, first));
    }
    for (const id of absent) if (!this.archived.placeOf(id)) this.#cache.setAbsent(id);
  }

  /** Of these, the transactions that are in the archive and have to be held before they are read. */
  selectArchived(transactionIds: string[]): string[] {
    if (this.archived.isEmpty) return [];
    const known = (id: string) => this.#cache.get(id) || this.#cache.isAbsent(id);
    return transactionIds.filter((id) => !known(id) && this.archived.placeOf(id));
  }

  /** The transaction as it is now. @throws NotHeld for one that is in the archive and is not held */
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

  /** Whether there is such a transaction, also in the archive. */
  has(transactionId: string): boolean {
    return this.#lookUp(transactionId) !== undefined || !this.#cache.isAbsent(transactionId);
  }

  /** The JSON text of a transaction at one of its versions. @throws when it has no such version */
  textAt(transactionId: string, version: number): string {
    const staged = this.#staged.textAt(transactionId, version);
    if (staged !== undefined) return staged;
    // A create is repeated by its first version, which is read without the others.
    const first = version === 1 ? this.events.readFirst(transactionId) : undefined;
    const events = first ? [first] : this.readEvents(transactionId);
    const found = events.find(({ sequence }) => sequence === version);
    if (!found) throw new Error("a transaction does not have this version");
    return found.data;
  }

  /** All events of a transaction, in order. Without those of the batch in progress. */
  readEvents(transactionId: string): EventRecord[] {
    return this.archived.find(transactionId)?.events ?? this.events.readHistory(transactionId);
  }

  /** Stages the events of a change; `write` inserts them at the end of the batch.
   *  @param traceparent of the request that caused the change
   *  @returns the JSON text of the transaction after it */
  append(merchantId: string, { events }: Change, traceparent: string | null): string {
    let data = "";
    for (const event of events) {
      const { transaction_id, sequence, type, data: transaction } = event;
      data = JSON.stringify(transaction);
      const earlier = sequence === 1 ? undefined : this.#findExisting(transaction_id);
      if (this.archived.find(transaction_id)) putBack(this, transaction_id);
      this.#sqlWriter.begin();
      this.#lastPosition += 1;
      const position = this.#lastPosition;
      const first_position = earlier?.first_position ?? position;
      const first = earlier?.first ?? transaction;
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
      this.#staged.add({ record, transaction, first });
      this.tail.add(record, transaction);
      this.#cache.set(transaction_id, { ...toCached(record, first), transaction });
    }
    return data;
  }

  /** Rewrites the texts of all events of a transaction, in the tables and in memory. */
  rewrite(transactionId: string, rewriteEvent: RewriteEvent): void {
    if (this.archived.find(transactionId)) putBack(this, transactionId);
    this.tail.rewrite(transactionId, rewriteEvent);
    const stored = this.events.rewrite(transactionId, rewriteEvent);
    const now = this.#staged.rewrite(transactionId, stored, rewriteEvent);
    if (now) this.#cache.set(transactionId, now);
  }

  /** Writes the staged events and the changed charges of the batch, and the state row. */
  write(): void {
    this.events.insert(this.#staged.take());
    this.charges.write();
    this.checkpoints.set("charges_stored_through", this.charges.storedThrough(this.#lastPosition));
    this.state.write();
  }

  /** Events after `position`, in order: at most `rows` of them and `characters` of text, but at least one if there is
   *  one. */
  eventsAfter(position: number, rows: number, characters: number): EventRecord[] {
    const source = this.tail.after(position) ?? this.events.readAfter(position, rows);
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
    return this.events.readOfTypes(after, through, types);
  }

  /** When the first event at a position or after it was written; undefined when there is none. */
  createdAtMs(position: number): number | undefined {
    return this.eventsAfter(position - 1, 1, 0)[0]?.created_at_ms;
  }

  /** Forgets what is in memory of transactions that have left the tables, with events up to a position. */
  forget(transactionIds: Iterable<string>, through: number): void {
    for (const id of transactionIds) this.#cache.delete(id);
    this.tail.leave(through);
  }

  /** Moves some events of an earlier release to the form of this one. To be called inside `transactionSync`. */
  moveEarlierEvents(most?: number): void {
    const { earlier } = this.events;
    if (earlier.isEmpty) return;
    this.events.insert(earlier.take((id) => this.events.readFirst(id), most));
  }

  #findExisting(transactionId: string): CachedTransaction {
    const cached = this.#find(transactionId);
    if (!cached) throw new Error("an event of a transaction without a first event");
    return cached;
  }

  #find(transactionId: string): CachedTransaction | undefined {
    const found = this.#lookUp(transactionId);
    if (!found && !this.#cache.isAbsent(transactionId)) throw new NotHeld();
    return found;
  }

  #lookUp(transactionId: string): CachedTransaction | undefined {
    const cached = this.#cache.get(transactionId);
    if (cached || this.#cache.isAbsent(transactionId)) return cached;
    const archived = this.archived.find(transactionId);
    if (archived) return toArchived(archived);
    // A batch may be so large that the cache has evicted transactions of the same batch.
    const staged = this.#staged.find(transactionId);
    if (!staged) this.load([transactionId]);
    return staged ?? this.#cache.get(transactionId);
  }
}
