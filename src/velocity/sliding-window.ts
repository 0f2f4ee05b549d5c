/** One sliding window of one subject: the aggregates that were requested, kept up to date. A payment is added once and,
 *  when it has left the window, read once and removed. So it costs the same for a subject with ten payments and with ten
 *  thousand. It has no storage of its own, because it is cached longer than an object lives. */
import { DAY_MS, type Rolled, WINDOWS_MS } from "../domain/risk/measure";
import type { Window } from "../domain/risk/rule-set";
import { type Row, WindowAggregate } from "./window-aggregate";

/** Rows are kept for this long after they have left the longest window: a window that was read within this time finds
 *  the rows that leave it, and a payment that is reported again finds the rows of its first result. */
export const SPARE_MS = DAY_MS;

/** The payment that is being counted, as it is stored. */
export type Own = Row & { subject: string; position: number };

export class SlidingWindow {
  readonly #lengthMs: number;
  readonly #aggregates = new Map<string, WindowAggregate>();
  /** Rows up to and including this time have left the window. */
  #left: number;
  /** No row in the window is older. Exact after the first read of rows that leave. */
  #oldest: number;

  /** @param isFirst whether `own` is the subject's first payment */
  constructor(window: Window, own: Own, isFirst: boolean) {
    this.#lengthMs = WINDOWS_MS[window];
    this.#left = own.at - this.#lengthMs;
    this.#oldest = isFirst ? own.at : this.#left;
  }

  /** Whether the window was not read for so long that it is cheaper to start over: none of its rows is left in it, or
   *  rows that have left since may be deleted. */
  isStale(nowMs: number): boolean {
    return nowMs - this.#lengthMs - this.#left >= Math.min(this.#lengthMs, SPARE_MS);
  }

  /** How many aggregates there are and how many values they hold, for an estimate of their size. */
  get size(): { aggregates: number; values: number } {
    let values = 0;
    for (const aggregate of this.#aggregates.values()) values += aggregate.size;
    return { aggregates: this.#aggregates.size, values };
  }

  add(row: Row): void {
    for (const aggregate of this.#aggregates.values()) aggregate.add(row);
  }

  /** Applies the release of a payment, which may have left the window already. */
  change(before: Row, after: Row): void {
    if (before.at <= this.#left) return;
    for (const aggregate of this.#aggregates.values()) aggregate.change(before, after);
    this.#dropSpent();
  }

  /** The value of a measure. @param own is stored and added */
  read(sql: SqlStorage, requested: Rolled, own: Own, isFirst: boolean): number {
    this.#expire(sql, own.subject, own.at - this.#lengthMs);
    let aggregate = this.#aggregates.get(requested.name);
    if (!aggregate) {
      aggregate = new WindowAggregate(requested);
      if (isFirst) aggregate.add(own);
      else aggregate.read(sql, requested, own);
      this.#aggregates.set(requested.name, aggregate);
    }
    return aggregate.value(own);
  }

  /** Removes the rows that have left. It reads the oldest row that stays, too: until that one leaves, later calls need no
   *  read. The payment that is being counted is stored, so one row always stays. */
  #expire(sql: SqlStorage, subject: string, until: number): void {
    if (this.#oldest <= until) {
      const rows = sql.exec<Row>(
        `SELECT at, user_id, currency, amount_minor, outcome FROM subject_payments
         WHERE subject = ?1 AND at > ?2
           AND at <= (SELECT min(at) FROM subject_payments WHERE subject = ?1 AND at > ?3)
         ORDER BY at`,
        subject,
        this.#left,
        until,
      );
      for (const row of rows) {
        this.#oldest = row.at;
        if (row.at <= until)
          for (const aggregate of this.#aggregates.values()) aggregate.remove(row);
      }
      this.#dropSpent();
    }
    this.#left = until;
  }

  #dropSpent(): void {
    for (const [name, aggregate] of this.#aggregates)
      if (aggregate.isSpent) this.#aggregates.delete(name);
  }
}
