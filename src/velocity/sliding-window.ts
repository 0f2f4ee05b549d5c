/** One window of one subject: the figures that have been asked for, kept up to date. A payment is added
 *  once and, when it has left the window, read once more and taken away. So it costs the same whether the
 *  subject made ten others or ten thousand. */
import { DAY_MS, type Rolled, WINDOWS_MS } from "../domain/risk/measure";
import type { Window } from "../domain/risk/rule-set";
import { type Row, WindowAggregate } from "./window-aggregate";

/** Rows are kept for so long after they have left the longest window: a window that was looked at within it
 *  still finds the rows that leave, and a payment reported again all the rows its first answer was made of. */
export const SPARE_MS = DAY_MS;

/** The payment that is asked about, as it was counted. */
export type Own = Row & { subject_id: number; position: number };

export class SlidingWindow {
  readonly #sql: SqlStorage;
  readonly #lengthMs: number;
  readonly #aggregates = new Map<string, WindowAggregate>();
  /** Rows up to and including this time are no longer counted. */
  #left: number;
  /** No row that is counted is older. Known exactly once rows have been read for leaving. */
  #oldest: number;

  /** @param isFirst whether the subject has no payment but its own. */
  constructor(sql: SqlStorage, window: Window, own: Own, isFirst: boolean) {
    this.#sql = sql;
    this.#lengthMs = WINDOWS_MS[window];
    this.#left = own.at - this.#lengthMs;
    this.#oldest = isFirst ? own.at : this.#left;
  }

  /** Whether nobody has asked for so long that it is cheaper to begin again: nothing is left of what was
   *  counted then, or rows that have left since may be gone. */
  isStale(nowMs: number): boolean {
    return nowMs - this.#lengthMs - this.#left >= Math.min(this.#lengthMs, SPARE_MS);
  }

  /** The figures and the values in them, for an estimate of their size. */
  get size(): { figures: number; values: number } {
    let values = 0;
    for (const figure of this.#aggregates.values()) values += figure.size;
    return { figures: this.#aggregates.size, values };
  }

  add(row: Row): void {
    for (const figure of this.#aggregates.values()) figure.add(row);
  }

  /** A payment has been released; it may have left the window already. */
  change(before: Row, after: Row): void {
    if (before.at <= this.#left) return;
    for (const figure of this.#aggregates.values()) figure.change(before, after);
    this.#dropSpent();
  }

  /** @param own has been stored and added. */
  answer(asked: Rolled, own: Own, isFirst: boolean): number {
    this.#expire(own.subject_id, own.at - this.#lengthMs);
    let figure = this.#aggregates.get(asked.name);
    if (!figure) {
      figure = new WindowAggregate(asked);
      if (isFirst) figure.add(own);
      else figure.read(this.#sql, asked, own);
      this.#aggregates.set(asked.name, figure);
    }
    return figure.answer(own);
  }

  /** Reads what has left, and with it the oldest of what stays: the next payment need not look before that
   *  one leaves. The payment that is asked about is stored, so one always stays. */
  #expire(subjectId: number, until: number): void {
    if (this.#oldest <= until) {
      const rows = this.#sql.exec<Row>(
        `SELECT at, user_id, currency, amount_minor, outcome FROM counted_payments
         WHERE subject_id = ?1 AND at > ?2
           AND at <= (SELECT min(at) FROM counted_payments WHERE subject_id = ?1 AND at > ?3)
         ORDER BY at`,
        subjectId,
        this.#left,
        until,
      );
      for (const row of rows) {
        this.#oldest = row.at;
        if (row.at <= until) for (const figure of this.#aggregates.values()) figure.remove(row);
      }
      this.#dropSpent();
    }
    this.#left = until;
  }

  #dropSpent(): void {
    for (const [name, figure] of this.#aggregates)
      if (figure.isSpent) this.#aggregates.delete(name);
  }
}
