/** One window of one subject: the figures that have been asked for, kept up to date. A payment is added
 *  once and, when it has left the window, read once more and taken away. So it costs the same whether the
 *  subject made ten others or ten thousand. */
import { DAY_MS, type Rolled, WINDOWS_MS } from "../domain/risk/measure";
import type { Window } from "../domain/risk/rule-set";
import { Figure, type Row } from "./figure";

/** Rows are kept for so long after they have left the longest window: a window that was looked at within it
 *  still finds the rows that leave, and a payment reported again all the rows its first answer was made of. */
export const SPARE_MS = DAY_MS;
/** More rows than this are not taken away one by one; what remains is added up by the database instead. */
const MOST_LEAVING = 1_000;

/** The payment that is asked about, as it was counted. */
export type Own = Row & { subject_id: number; position: number };

export class Rolling {
  readonly #sql: SqlStorage;
  readonly #lengthMs: number;
  readonly #figures = new Map<string, Figure>();
  /** Rows up to and including this time are no longer counted. */
  #left: number;
  /** No row that is counted is older. */
  #oldest = Number.POSITIVE_INFINITY;

  constructor(sql: SqlStorage, window: Window, nowMs: number) {
    this.#sql = sql;
    this.#lengthMs = WINDOWS_MS[window];
    this.#left = nowMs - this.#lengthMs;
  }

  /** Whether nobody has asked for so long that rows which have left may be gone. */
  isStale(nowMs: number): boolean {
    return nowMs - this.#lengthMs - this.#left >= SPARE_MS;
  }

  /** The figures and the values in them, for an estimate of their size. */
  get size(): { figures: number; values: number } {
    let values = 0;
    for (const figure of this.#figures.values()) values += figure.size;
    return { figures: this.#figures.size, values };
  }

  add(row: Row): void {
    for (const figure of this.#figures.values()) figure.add(row);
    this.#oldest = Math.min(this.#oldest, row.at);
  }

  /** A payment has been released; it may have left the window already. */
  change(before: Row, after: Row): void {
    if (before.at <= this.#left) return;
    for (const figure of this.#figures.values()) figure.change(before, after);
    this.#dropSpent();
  }

  /** @param own has been stored and added.
   *  @param isFirst whether the subject has no other. */
  answer(asked: Rolled, own: Own, isFirst: boolean): number {
    this.#leave(own.subject_id, own.at - this.#lengthMs);
    const figure = this.#figures.get(asked.name) ?? this.#open(asked, own, isFirst);
    return figure.answer(own);
  }

  #open(asked: Rolled, own: Own, isFirst: boolean): Figure {
    const figure = new Figure(asked);
    if (isFirst) figure.add(own);
    const oldest = isFirst ? own.at : figure.read(this.#sql, asked, own);
    this.#oldest = Math.min(this.#oldest, oldest);
    this.#figures.set(asked.name, figure);
    return figure;
  }

  #leave(subjectId: number, until: number): void {
    const left = this.#left;
    this.#left = until;
    if (this.#oldest > until) return;
    const rows = this.#sql
      .exec<Row>(
        `SELECT at, user_id, currency, amount_minor, outcome FROM counted_payments
         WHERE subject_id = ? AND at > ? AND at <= ? LIMIT ?`,
        subjectId,
        left,
        until,
        MOST_LEAVING + 1,
      )
      .toArray();
    if (rows.length > MOST_LEAVING) this.#figures.clear();
    for (const figure of this.#figures.values()) for (const row of rows) figure.remove(row);
    this.#dropSpent();
    this.#oldest = this.#oldestAfter(subjectId, until);
  }

  #oldestAfter(subjectId: number, until: number): number {
    const [next] = this.#sql
      .exec<{ at: number }>(
        "SELECT at FROM counted_payments WHERE subject_id = ? AND at > ? ORDER BY at LIMIT 1",
        subjectId,
        until,
      )
      .toArray();
    return next?.at ?? Number.POSITIVE_INFINITY;
  }

  #dropSpent(): void {
    for (const [name, figure] of this.#figures) if (figure.isSpent) this.#figures.delete(name);
  }
}
