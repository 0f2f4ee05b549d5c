/** Reads and writes the rows of `events`. The first event of a transaction is found by the transaction's id, and the others
 *  by the position of the first. */
import type { EventRecord, EventType } from "../../domain/transaction/event";
import type { Members } from "../../domain/transaction/stored/packed-text";
import type { Transaction } from "../../domain/transaction/transaction";
import { prepareInsert } from "../../runtime/insert-rows";
import { EarlierEvents } from "./earlier-events";
import type { RewriteEvent } from "./event-tail";
import type { SqlWriter } from "./sql-writer";
import {
  EVENT_COLUMNS,
  type FirstEvent,
  fromStored,
  type NewEvent,
  readFirstEvent,
  readStored,
  type StoredEvent,
  TYPE_NUMBERS,
  toStored,
} from "./stored-event";

/** The newest event of a transaction, and the transaction as of its first event. */
export type LatestEvent = { record: EventRecord; first: Members };

/** An operation that was claimed. `id` is the transaction's. */
export type Claim = { id: string; position: number; claimed_at_ms: number };

const INSERT = prepareInsert("events", EVENT_COLUMNS);

export class EventStore {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  /** Events that are still stored as an earlier release wrote them. */
  readonly earlier: EarlierEvents;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter) {
    this.#sql = sql;
    this.#writer = writer;
    this.earlier = new EarlierEvents(sql);
  }

  /** The position of the newest event, also when it is in the archive; 0 when there is none. */
  readLastPosition(): number {
    const { last } = this.#sql
      .exec<{ last: number }>(
        `SELECT max(coalesce((SELECT max(position) FROM events), 0),
           coalesce((SELECT max(last_position) FROM segments), 0)) AS last`,
      )
      .one();
    return Math.max(last, this.earlier.lastPosition());
  }

  insert(events: NewEvent[]): void {
    const rows = events.map(toStored).map((row) => EVENT_COLUMNS.map((column) => row[column]));
    this.#writer.insert(INSERT, rows);
  }

  /** Rewrites the texts of a transaction's events, in their rows. Only when no event is stored as an earlier release did.
   *  @returns the events after that */
  rewrite(transactionId: string, rewriteEvent: RewriteEvent): NewEvent[] {
    let first: Transaction | undefined;
    const events = this.readHistory(transactionId).map((record): NewEvent => {
      const transaction = rewriteEvent(record);
      first ??= transaction;
      return { record, transaction, first };
    });
    for (const { form, data, refund, position } of events.map(toStored)) {
      this.#writer.write(
        "UPDATE events SET form = ?, data = ?, refund = ? WHERE position = ?",
        form,
        data,
        refund,
        position,
      );
    }
    return events;
  }

  /** The newest events of transactions, of those that exist. */
  readLatest(transactionIds: string[]): LatestEvent[] {
    if (!this.earlier.isEmpty) return transactionIds.flatMap((id) => this.#readLastOf(id) ?? []);
    const rows = readStored(
      this.#sql.exec<StoredEvent>(
        `SELECT * FROM events WHERE position IN
           (SELECT coalesce((SELECT position FROM events WHERE first_position = first.position AND sequence > 1
                ORDER BY sequence DESC LIMIT 1), first.position)
              FROM events AS first WHERE transaction_id IN (SELECT value FROM json_each(?)))`,
        JSON.stringify(transactionIds),
      ),
    );
    return this.#withFirsts(rows).map(({ row, first }) => {
      return { record: fromStored(row, first), first: first.transaction };
    });
  }

  /** All events of a transaction, in order: a handful. */
  readHistory(transactionId: string): EventRecord[] {
    if (this.earlier.isEmpty) return this.readHistories([transactionId]).get(transactionId) ?? [];
    const first = this.readFirst(transactionId);
    if (!first) return [];
    const later = this.#readLater([first.position]);
    return [first, ...merge(this.#toRecords(later), this.earlier.laterOf(first.position))];
  }

  /** All events of transactions, in order, of those that exist. Only when no event is stored as an earlier release did. */
  readHistories(transactionIds: string[]): Map<string, EventRecord[]> {
    const firsts = readStored(
      this.#sql.exec<StoredEvent>(
        "SELECT * FROM events WHERE transaction_id IN (SELECT value FROM json_each(?))",
        JSON.stringify(transactionIds),
      ),
    );
    const later = this.#readLater(firsts.map(({ position }) => position));
    const records = this.#toRecords([...firsts, ...later]);
    return Map.groupBy(records, ({ transaction_id }) => transaction_id);
  }

  readFirst(transactionId: string): EventRecord | undefined {
    const found = readStored(
      this.#sql.exec<StoredEvent>("SELECT * FROM events WHERE transaction_id = ?", transactionId),
    );
    return this.#toRecords(found)[0] ?? this.earlier.firstOf(transactionId);
  }

  /** Events after a position, in order. */
  readAfter(position: number, rows: number): EventRecord[] {
    const found = readStored(
      this.#sql.exec<StoredEvent>(
        "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?",
        position,
        rows,
      ),
    );
    return merge(this.#toRecords(found), this.earlier.after(position, rows)).slice(0, rows);
  }

  /** Events of some types after one position and up to another one, in order. */
  readOfTypes(after: number, through: number, types: readonly EventType[]): EventRecord[] {
    const found = readStored(
      this.#sql.exec<StoredEvent>(
        `SELECT * FROM events WHERE position > ? AND position <= ?
           AND type IN (SELECT value FROM json_each(?)) ORDER BY position`,
        after,
        through,
        JSON.stringify(types.map((type) => TYPE_NUMBERS[type])),
      ),
    );
    return merge(this.#toRecords(found), this.earlier.ofTypes(after, through, types));
  }

  /** The events at some positions, in order. */
  readAt(positions: number[]): EventRecord[] {
    return merge(this.#toRecords(this.#readRows(positions)), this.earlier.at(positions));
  }

  /** The newest operations of transactions that were claimed after a position and have no outcome. */
  readClaims(after: number): Claim[] {
    const claimed = this.readOfTypes(after, Number.MAX_SAFE_INTEGER, ["transaction.processing"]);
    return claimed
      .filter(({ first_position, sequence }) => !this.#hasEvent(first_position, sequence + 1))
      .map(({ transaction_id: id, position, created_at_ms: claimed_at_ms }) => {
        return { id, position, claimed_at_ms };
      });
  }

  /** The events after the first ones of transactions, those of each in order. */
  #readLater(firstPositions: number[]): StoredEvent[] {
    return readStored(
      this.#sql.exec<StoredEvent>(
        `SELECT * FROM events WHERE first_position IN (SELECT value FROM json_each(?)) AND sequence > 1
           ORDER BY first_position, sequence`,
        JSON.stringify(firstPositions),
      ),
    );
  }

  #hasEvent(firstPosition: number, sequence: number): boolean {
    const found = this.#sql
      .exec(
        "SELECT 1 FROM events WHERE first_position = ? AND sequence = ? AND sequence > 1",
        firstPosition,
        sequence,
      )
      .toArray();
    return found.length > 0 || this.earlier.has(firstPosition, sequence);
  }

  #readRows(positions: number[]): StoredEvent[] {
    return readStored(
      this.#sql.exec<StoredEvent>(
        "SELECT * FROM events WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position",
        JSON.stringify(positions),
      ),
    );
  }

  #toRecords(rows: StoredEvent[]): EventRecord[] {
    return this.#withFirsts(rows).map(({ row, first }) => fromStored(row, first));
  }

  /** @param rows of any transactions. First events that are not among them are read. */
  #withFirsts(rows: StoredEvent[]): { row: StoredEvent; first: FirstEvent }[] {
    if (rows.length === 0) return [];
    const firsts = new Map<number, FirstEvent>();
    const keep = (row: StoredEvent) => firsts.set(row.position, readFirstEvent(row));
    for (const row of rows) if (row.sequence === 1) keep(row);
    const missing = rows.map((row) => row.first_position).filter((at) => !firsts.has(at));
    const positions = [...new Set(missing)];
    if (positions.length > 0) {
      for (const row of this.#readRows(positions)) keep(row);
      for (const event of this.earlier.at(positions)) firsts.set(event.position, toFirst(event));
    }
    return rows.map((row) => {
      const first = firsts.get(row.first_position);
      if (!first) throw new Error("an event of a transaction without a first event");
      return { row, first };
    });
  }

  /** The same from both tables, while there are two. */
  #readLastOf(transactionId: string): LatestEvent | undefined {
    const events = this.readHistory(transactionId);
    const [first, record] = [events[0], events.at(-1)];
    return first && record && { record, first: toFirst(first).transaction };
  }
}

function toFirst({ merchant_id, transaction_id, data }: EventRecord): FirstEvent {
  return { merchant_id, transaction_id, transaction: JSON.parse(data) as Members }; // Our own text.
}

/** Two lists in the order of their positions as one. */
function merge(one: EventRecord[], other: EventRecord[]): EventRecord[] {
  if (other.length === 0) return one;
  return [...one, ...other].sort((a, b) => a.position - b.position);
}
