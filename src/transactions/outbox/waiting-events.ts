/** Events of merchants that a destination could not take yet: they are set aside in a table, in order, and those of other
 *  merchants pass them. */
import type { EventRecord } from "../../domain/transaction/event";
import type { EventStore } from "../journal/event-store";
import { takeBatch } from "../journal/take-batch";

/** The statements on each table, `(position, merchant_id)`. */
const STATEMENTS = {
  waiting: {
    merchants: "SELECT merchant_id, count(*) AS n FROM waiting GROUP BY merchant_id",
    first: "SELECT min(position) AS first FROM waiting",
    first_of: "SELECT min(position) AS first FROM waiting WHERE merchant_id = ?",
    next: "SELECT position FROM waiting WHERE merchant_id = ? ORDER BY position LIMIT ?",
    add: "INSERT INTO waiting VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING position",
    remove: "DELETE FROM waiting WHERE position = ? RETURNING position",
    clear: "DELETE FROM waiting",
  },
  book_waiting: {
    merchants: "SELECT merchant_id, count(*) AS n FROM book_waiting GROUP BY merchant_id",
    first: "SELECT min(position) AS first FROM book_waiting",
    first_of: "SELECT min(position) AS first FROM book_waiting WHERE merchant_id = ?",
    next: "SELECT position FROM book_waiting WHERE merchant_id = ? ORDER BY position LIMIT ?",
    add: "INSERT INTO book_waiting VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING position",
    remove: "DELETE FROM book_waiting WHERE position = ? RETURNING position",
    clear: "DELETE FROM book_waiting",
  },
} as const;

export class WaitingEvents {
  readonly #sql: SqlStorage;
  readonly #events: EventStore;
  readonly #statements: (typeof STATEMENTS)[keyof typeof STATEMENTS];
  /** How many events each merchant has here. */
  readonly #counts: Map<string, number>;
  #count: number;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, events: EventStore, table: keyof typeof STATEMENTS) {
    this.#sql = sql;
    this.#events = events;
    this.#statements = STATEMENTS[table];
    const rows = sql.exec<{ merchant_id: string; n: number }>(this.#statements.merchants).toArray();
    this.#counts = new Map(rows.map(({ merchant_id, n }) => [merchant_id, n]));
    this.#count = rows.reduce((sum, { n }) => sum + n, 0);
  }

  /** How many events are set aside. */
  get count(): number {
    return this.#count;
  }

  /** The merchants with events here. */
  get merchants(): string[] {
    return [...this.#counts.keys()];
  }

  has(merchantId: string): boolean {
    return this.#counts.has(merchantId);
  }

  /** The position of the first event, of a merchant or of all (null); undefined when there is none. */
  firstOf(merchantId: string | null): number | undefined {
    if (merchantId === null ? this.#count === 0 : !this.has(merchantId)) return undefined;
    const { first, first_of } = this.#statements;
    const found =
      merchantId === null
        ? this.#sql.exec<{ first: number | null }>(first)
        : this.#sql.exec<{ first: number | null }>(first_of, merchantId);
    return found.one().first ?? undefined;
  }

  /** The first events of a merchant, at least one: at most `rows` of them and `characters` of text. */
  read(merchantId: string, rows: number, characters: number): EventRecord[] {
    const positions = this.#sql
      .exec<{ position: number }>(this.#statements.next, merchantId, rows)
      .toArray()
      .map(({ position }) => position);
    return takeBatch(this.#events.readAt(positions), rows, characters);
  }

  add(events: EventRecord[]): void {
    for (const { position, merchant_id } of events) {
      const added = this.#sql.exec(this.#statements.add, position, merchant_id).toArray();
      this.#change(merchant_id, added.length);
    }
  }

  remove(events: EventRecord[]): void {
    for (const { position, merchant_id } of events) {
      const removed = this.#sql.exec(this.#statements.remove, position).toArray();
      this.#change(merchant_id, -removed.length);
    }
  }

  clear(): void {
    if (this.#count > 0) this.#sql.exec(this.#statements.clear);
    this.#counts.clear();
    this.#count = 0;
  }

  #change(merchantId: string, by: number): void {
    const count = (this.#counts.get(merchantId) ?? 0) + by;
    this.#count += by;
    if (count > 0) this.#counts.set(merchantId, count);
    else this.#counts.delete(merchantId);
  }
}
