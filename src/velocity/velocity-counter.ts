/** Exact rolling windows over the subjects that live here, in the object's SQLite. Every payment of the last
 *  week is a row of each of its subjects. Of subjects seen lately the figures asked for are kept in memory. */
import type { Asked } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import { migrateVelocity } from "./schema";
import { type Own, SlidingWindow } from "./sliding-window";
import { type Subject, Subjects } from "./subjects";
import { type Row, WindowAggregate } from "./window-aggregate";

export class VelocityCounter {
  readonly #sql: SqlStorage;
  #subjects: Subjects;
  /** The place of the newest payment in the order in which they were counted. */
  #position: number;
  #newestAt: number;

  /** To be called inside `transactionSync`. */
  constructor(sql: SqlStorage) {
    migrateVelocity(sql);
    this.#sql = sql;
    this.#subjects = new Subjects(sql);
    const [newest] = sql
      .exec<{ position: number; at: number }>(
        "SELECT position, at FROM counted_payments ORDER BY position DESC LIMIT 1",
      )
      .toArray();
    this.#position = newest?.position ?? 0;
    this.#newestAt = newest?.at ?? 0;
  }

  /** The time of the newest payment; 0 before the first. */
  get newestAt(): number {
    return this.#newestAt;
  }

  /** Dates everything that is in the future back to now, once the clock has been set back. Positions still rise
   *  with the times. A payment reported again may get other answers than before. */
  bringBack(nowMs: number): void {
    this.#sql.exec("UPDATE counted_payments SET at = ?1 WHERE at > ?1", nowMs);
    this.#sql.exec(
      "UPDATE subjects SET first_at = min(first_at, ?1), seen_at = min(seen_at, ?1) WHERE seen_at > ?1",
      nowMs,
    );
    this.#subjects = new Subjects(this.#sql);
    this.#newestAt = Math.min(this.#newestAt, nowMs);
  }

  /** Counts a payment once for its subject and returns what is asked, with it included. A payment reported
   *  again gets the answers of the first time. `nowMs` must not be below that of an earlier call. */
  observe(payment: Observation, asked: Asked[], nowMs: number): number[] {
    const position = this.#position + 1;
    const subject = this.#subjects.find(payment, position, nowMs);
    const { user_id, currency, amount_minor } = payment;
    const place = { subject_id: subject.id, at: nowMs, position };
    const own: Own = { ...place, user_id, currency, amount_minor, outcome: null };
    if (!this.#insert(payment.transaction_id, own)) {
      return this.#recall(payment.transaction_id, subject, asked);
    }
    this.#position = position;
    this.#newestAt = nowMs;
    for (const [window, rolling] of subject.windows) {
      if (rolling.isStale(nowMs)) subject.windows.delete(window);
      else rolling.add(own);
    }
    const answers = asked.map((one) =>
      one === "age_s" ? ageS(subject, own) : this.#answer(subject, one, own),
    );
    this.#subjects.reweigh(payment, subject);
    return answers;
  }

  /** Notes what a payment came to. The first outcome counts; one of a payment that is not held is passed over. */
  release({ transaction_id, merchant_id, subject, value, outcome }: Release): void {
    const [after] = this.#sql
      .exec<Row>(
        `UPDATE counted_payments SET outcome = ?, released_after = ?
         WHERE transaction_id = ? AND outcome IS NULL AND subject_id =
           (SELECT id FROM subjects WHERE merchant_id = ? AND subject = ? AND value = ?)
         RETURNING at, user_id, currency, amount_minor, outcome`,
        outcome,
        this.#position,
        transaction_id,
        merchant_id,
        subject,
        value,
      )
      .toArray();
    if (!after) return;
    const before = { ...after, outcome: null };
    const cached = this.#subjects.findCached({ merchant_id, subject, value });
    for (const rolling of cached?.windows.values() ?? []) rolling.change(before, after);
  }

  #answer(subject: Subject, asked: Exclude<Asked, "age_s">, own: Own): number {
    const isFirst = subject.id === own.position;
    let rolling = subject.windows.get(asked.window);
    if (!rolling) {
      rolling = new SlidingWindow(this.#sql, asked.window, own, isFirst);
      subject.windows.set(asked.window, rolling);
    }
    return rolling.answer(asked, own, isFirst);
  }

  /** @returns false if the payment has been counted for this subject before. */
  #insert(transactionId: string, own: Own): boolean {
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO counted_payments
         (subject_id, at, position, transaction_id, user_id, currency, amount_minor) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (transaction_id, subject_id) DO NOTHING`,
      own.subject_id,
      own.at,
      own.position,
      transactionId,
      own.user_id,
      own.currency,
      own.amount_minor,
    );
    return rowsWritten > 0;
  }

  /** What a payment was answered when it was first counted, from the rows and releases that were there then. */
  #recall(transactionId: string, subject: Subject, asked: Asked[]): number[] {
    const own = this.#sql
      .exec<Own>(
        `SELECT subject_id, at, position, user_id, currency, amount_minor, NULL AS outcome
         FROM counted_payments WHERE transaction_id = ? AND subject_id = ?`,
        transactionId,
        subject.id,
      )
      .one();
    return asked.map((one) => {
      if (one === "age_s") return ageS(subject, own);
      const figure = new WindowAggregate(one);
      figure.read(this.#sql, one, own);
      return figure.answer(own);
    });
  }
}

function ageS({ first_at }: Subject, { at }: Own): number {
  return Math.floor((at - first_at) / 1_000);
}
