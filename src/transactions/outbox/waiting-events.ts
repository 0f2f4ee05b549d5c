/** Events of merchants that a destination could not take yet: they are set aside in a table, in order, and those of other
 *  merchants pass them. */
import type { EventRecord } from "../../domain/transaction/event";
import type { EventStore } from "../journal/event-store";
import { takeBatch } from "../journal/take-batch";

/** Tables of `(position, merchant_id)`. */
type Table = "waiting" | "book_waiting";

export class WaitingEvents {
  readonly #sql: SqlStorage;
  readonly #events: EventStore;
  readonly #table: Table;
  /** How many events each merchant has here. */
  readonly #counts: Map<string, number>;
  #count: number;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, events: EventStore, table: Table) {
    this.#sql = sql;
    this.#events = events;
    this.#table = table;
    const rows = sql
      .exec<{ merchant_id: string; n: number }>(
        `SELECT merchant_id, count(*) AS n FROM ${this.#table} GROUP BY merchant_id`,
      )
      .toArray();
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
    const found =
      merchantId === null
        ? this.#sql.exec<{ first: number | null }>(
            `SELECT min(position) AS first FROM ${this.#table}`,
          )
        : this.#sql.exec<{ first: number | null }>(
            `SELECT min(position) AS first FROM ${this.#table} WHERE merchant_id = ?`,
            merchantId,
          );
    return found.one().first ?? undefined;
  }

  /** The first events of a merchant, at least one: at most `rows` of them and `characters` of text. */
  read(merchantId: string, rows: number, characters: number): EventRecord[] {
    const positions = this.#sql
      .exec<{ position: number }>(
        `SELECT position FROM ${this.#table} WHERE merchant_id = ? ORDER BY position LIMIT ?`,
        merchantId,
        rows,
      )
      .toArray()
      .map(({ position }) => position);
    return takeBatch(this.#events.readAt(positions), rows, characters);
  }

  add(events: EventRecord[]): void {
    for (const { position, merchant_id } of events) {
      const added = this.#sql
        .exec(
          `INSERT INTO ${this.#table} VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING position`,
          position,
          merchant_id,
        )
        .toArray();
      this.#change(merchant_id, added.length);
    }
  }

  remove(events: EventRecord[]): void {
    for (const { position, merchant_id } of events) {
      const removed = this.#sql
        .exec(`DELETE FROM ${this.#table} WHERE position = ? RETURNING position`, position)
        .toArray();
      this.#change(merchant_id, -removed.length);
    }
  }

  clear(): void {
    if (this.#count > 0) this.#sql.exec(`DELETE FROM ${this.#table}`);
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
