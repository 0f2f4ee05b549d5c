/** Exact sliding windows over the subjects that live here, in the object's SQLite. Every payment of the last
 *  week is a row of each of its subjects. Requested aggregates of recent subjects are cached in memory. */
import type { Asked } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import { migrateVelocity } from "./schema";
import { type Own, SlidingWindow } from "./sliding-window";
import { type Subject, Subjects } from "./subjects";
import { type Row, WindowAggregate } from "./window-aggregate";

export class VelocityCounter {
  readonly #sql: SqlStorage;
  #subjects: Subjects;
  /** The position of the newest payment: payments are numbered in the order in which they were counted. */
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

  /** Corrects times in the future to now, after the clock was set back. Positions still rise with the times. A payment
   *  that is reported again may get other values than before. */
  bringBack(nowMs: number): void {
    this.#sql.exec("UPDATE counted_payments SET at = ?1 WHERE at > ?1", nowMs);
    this.#sql.exec(
      "UPDATE subjects SET first_at = min(first_at, ?1), seen_at = min(seen_at, ?1) WHERE seen_at > ?1",
      nowMs,
    );
    this.#subjects = new Subjects(this.#sql);
    this.#newestAt = Math.min(this.#newestAt, nowMs);
  }

  /** Counts a payment once for its subject and returns the requested measures, which include it. A payment that is
   *  reported again gets the values of the first time. @param nowMs must not be below that of an earlier call */
  observe(payment: Observation, requested: Asked[], nowMs: number): number[] {
    const position = this.#position + 1;
    const subject = this.#subjects.find(payment, position, nowMs);
    const { user_id, currency, amount_minor } = payment;
    const place = { subject_id: subject.id, at: nowMs, position };
    const own: Own = { ...place, user_id, currency, amount_minor, outcome: null };
    if (!this.#insert(payment.transaction_id, own)) {
      return this.#recall(payment.transaction_id, subject, requested);
    }
    this.#position = position;
    this.#newestAt = nowMs;
    for (const [window, sliding] of subject.windows) {
      if (sliding.isStale(nowMs)) subject.windows.delete(window);
      else sliding.add(own);
    }
    const values = requested.map((one) =>
      one === "age_s" ? ageS(subject, own) : this.#measure(subject, one, own),
    );
    this.#subjects.reweigh(payment, subject);
    return values;
  }

  /** Records a payment's outcome. The first outcome counts; a payment that is not stored is ignored. */
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
    for (const sliding of cached?.windows.values() ?? []) sliding.change(before, after);
  }

  #measure(subject: Subject, requested: Exclude<Asked, "age_s">, own: Own): number {
    const isFirst = subject.id === own.position;
    let sliding = subject.windows.get(requested.window);
    if (!sliding) {
      sliding = new SlidingWindow(requested.window, own, isFirst);
      subject.windows.set(requested.window, sliding);
    }
    return sliding.read(this.#sql, requested, own, isFirst);
  }

  /** @returns false if the payment was counted for this subject before */
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

  /** The values that a payment got when it was first counted, from the rows and releases that were stored by then. */
  #recall(transactionId: string, subject: Subject, requested: Asked[]): number[] {
    const own = this.#sql
      .exec<Own>(
        `SELECT subject_id, at, position, user_id, currency, amount_minor, NULL AS outcome
         FROM counted_payments WHERE transaction_id = ? AND subject_id = ?`,
        transactionId,
        subject.id,
      )
      .one();
    return requested.map((one) => {
      if (one === "age_s") return ageS(subject, own);
      const aggregate = new WindowAggregate(one);
      aggregate.read(this.#sql, one, own);
      return aggregate.value(own);
    });
  }
}

function ageS({ first_at }: Subject, { at }: Own): number {
  return Math.floor((at - first_at) / 1_000);
}
