/** Events as releases before version 5 of the journal stored them: each a row with the whole text, in `earlier_events`. An
 *  alarm moves them to `events`, the oldest first, some hundred in a commit; then the table is dropped. */
import type { EventRecord, EventType } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import { hasTable } from "../../runtime/migrations";
import type { NewEvent } from "./stored-event";

/** A commit of so many takes some milliseconds, in which the shard's requests wait. */
const MAX_MOVED = 250;

export class EarlierEvents {
  readonly #sql: SqlStorage;
  #isEmpty: boolean;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#isEmpty = !hasTable(sql, "earlier_events");
  }

  /** Whether every event is in `events`. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  lastPosition(): number {
    if (this.#isEmpty) return 0;
    const { last } = this.#sql
      .exec<{ last: number | null }>("SELECT max(position) AS last FROM earlier_events")
      .one();
    return last ?? 0;
  }

  firstOf(transactionId: string): EventRecord | undefined {
    return this.#read("WHERE transaction_id = ? AND sequence = 1", transactionId)[0];
  }

  /** In order, without the first one. */
  laterOf(firstPosition: number): EventRecord[] {
    return this.#read("WHERE first_position = ? AND sequence > 1 ORDER BY sequence", firstPosition);
  }

  has(firstPosition: number, sequence: number): boolean {
    const where = "WHERE first_position = ? AND sequence = ? AND sequence > 1";
    return this.#read(where, firstPosition, sequence).length > 0;
  }

  after(position: number, rows: number): EventRecord[] {
    return this.#read("WHERE position > ? ORDER BY position LIMIT ?", position, rows);
  }

  ofTypes(after: number, through: number, types: readonly EventType[]): EventRecord[] {
    const ofType = "type IN (SELECT value FROM json_each(?))";
    const where = `WHERE position > ? AND position <= ? AND ${ofType} ORDER BY position`;
    return this.#read(where, after, through, JSON.stringify(types));
  }

  at(positions: number[]): EventRecord[] {
    const where = "WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position";
    return this.#read(where, JSON.stringify(positions));
  }

  /** Takes the oldest events out of the table, which is dropped with its last one. To be called inside `transactionSync`,
   *  which also inserts them in their new form.
   *  @param readFirst the first event of a transaction, wherever it is
   *  @param most how many */
  take(
    readFirst: (transactionId: string) => EventRecord | undefined,
    most = MAX_MOVED,
  ): NewEvent[] {
    const records = this.after(0, most);
    const firsts = new Map<string, Transaction>();
    const events = records.map((record) => {
      const { transaction_id, data } = record;
      const first = firsts.get(transaction_id) ?? parse(readFirst(transaction_id) ?? record);
      firsts.set(transaction_id, first);
      return { record, transaction: parse({ data }), first };
    });
    const through = records.at(-1)?.position ?? 0;
    this.#sql.exec("DELETE FROM earlier_events WHERE position <= ?", through);
    if (records.length < most) {
      this.#sql.exec("DROP TABLE earlier_events");
      this.#isEmpty = true;
    }
    return events;
  }

  #read(where: string, ...bindings: SqlStorageValue[]): EventRecord[] {
    if (this.#isEmpty) return [];
    return this.#sql
      .exec<EventRecord>(`SELECT * FROM earlier_events ${where}`, ...bindings)
      .toArray();
  }
}

function parse({ data }: Pick<EventRecord, "data">): Transaction {
  return JSON.parse(data) as Transaction; // Our own text.
}
