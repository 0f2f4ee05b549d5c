/** Exact sliding windows over the subjects that live here, in the object's SQLite. Every payment of the last
 *  week is a row of each of its subjects. Requested aggregates of recent subjects are cached in memory. */
import type { Asked } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import { type Own, SlidingWindow } from "./sliding-window";
import { formatSubject, type Subject, Subjects } from "./subjects";
import { type Row, WindowAggregate } from "./window-aggregate";

export class VelocityCounter {
  readonly #sql: SqlStorage;
  #subjects: Subjects;

  /** @param sql with the tables of `migrateVelocity` */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#subjects = new Subjects(sql);
  }

  /** Corrects times in the future to now, after the clock was set back. Positions still rise with the times. A payment
   *  that is reported again may get other values than before. */
  bringBack(nowMs: number): void {
    this.#sql.exec("UPDATE subject_payments SET at = ?1 WHERE at > ?1", nowMs);
    this.#subjects = new Subjects(this.#sql);
  }

  /** Counts a payment once for its subject and returns the requested measures, which include it. A payment that is
   *  reported again gets the values of the first time. It is dated now, or as the subject's newest payment when that is
   *  later. */
  observe(payment: Observation, requested: Asked[], nowMs: number): number[] {
    const { transaction_id, user_id, currency, amount_minor } = payment;
    const subject = this.#subjects.find(payment, transaction_id, nowMs);
    const isFirst = subject.position === 0;
    const at = Math.max(nowMs, subject.newest_at);
    const place = { subject: subject.key, at, position: subject.position + 1 };
    const own: Own = { ...place, user_id, currency, amount_minor, outcome: null };
    const isRepeated = !isFirst && transaction_id === subject.first_id;
    if (isRepeated || !this.#insert(transaction_id, own)) {
      return this.#recall(transaction_id, subject, requested);
    }
    subject.newest_at = at;
    subject.position = own.position;
    for (const [window, sliding] of subject.windows) {
      if (sliding.isStale(at)) subject.windows.delete(window);
      else sliding.add(own);
    }
    const values = requested.map((one) =>
      one === "age_s" ? ageS(subject, own) : this.#measure(subject, one, own, isFirst),
    );
    this.#subjects.cache(subject);
    return values;
  }

  /** Records a payment's outcome. The first outcome counts; a payment that is not stored is ignored. */
  release(release: Release): void {
    const key = formatSubject(release);
    const after = this.#releaseLater(release, key) ?? this.#releaseFirst(release, key);
    if (!after) return;
    const before = { ...after, outcome: null };
    const cached = this.#subjects.findCached(key);
    for (const sliding of cached?.windows.values() ?? []) sliding.change(before, after);
  }

  /** Stores the outcome of a payment that is not the subject's first. */
  #releaseLater({ outcome, transaction_id }: Release, key: string): Row | undefined {
    return this.#sql
      .exec<Row>(
        `UPDATE subject_payments SET outcome = ?1, released_after =
           (SELECT position FROM subject_payments WHERE subject = ?3 ORDER BY at DESC, position DESC LIMIT 1)
         WHERE transaction_id = ?2 AND subject = ?3 AND position > 1 AND outcome IS NULL
         RETURNING at, user_id, currency, amount_minor, outcome`,
        outcome,
        transaction_id,
        key,
      )
      .toArray()[0];
  }

  #releaseFirst({ outcome, transaction_id }: Release, key: string): Row | undefined {
    return this.#sql
      .exec<Row>(
        `UPDATE subject_payments SET outcome = ?1, released_after =
           (SELECT position FROM subject_payments WHERE subject = ?3 ORDER BY at DESC, position DESC LIMIT 1)
         WHERE subject = ?3 AND at = (SELECT min(at) FROM subject_payments WHERE subject = ?3) AND position = 1
           AND transaction_id = ?2 AND outcome IS NULL
         RETURNING at, user_id, currency, amount_minor, outcome`,
        outcome,
        transaction_id,
        key,
      )
      .toArray()[0];
  }

  #measure(
    subject: Subject,
    requested: Exclude<Asked, "age_s">,
    own: Own,
    isFirst: boolean,
  ): number {
    let sliding = subject.windows.get(requested.window);
    if (!sliding) {
      sliding = new SlidingWindow(requested.window, own, isFirst);
      subject.windows.set(requested.window, sliding);
    }
    return sliding.read(this.#sql, requested, own, isFirst);
  }

  /** @returns false if the payment was counted for this subject before, and is not its first */
  #insert(transactionId: string, own: Own): boolean {
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO subject_payments
         (subject, at, position, transaction_id, user_id, currency, amount_minor) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (transaction_id, subject) WHERE position > 1 DO NOTHING`,
      own.subject,
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
    const own =
      transactionId === subject.first_id
        ? this.#readFirst(subject.key)
        : this.#readLater(subject.key, transactionId);
    return requested.map((one) => {
      if (one === "age_s") return ageS(subject, own);
      const aggregate = new WindowAggregate(one);
      aggregate.read(this.#sql, one, own);
      return aggregate.value(own);
    });
  }

  #readFirst(key: string): Own {
    return this.#sql
      .exec<Own>(
        `SELECT subject, at, position, user_id, currency, amount_minor, NULL AS outcome
         FROM subject_payments WHERE subject = ? ORDER BY at, position LIMIT 1`,
        key,
      )
      .one();
  }

  #readLater(key: string, transactionId: string): Own {
    return this.#sql
      .exec<Own>(
        `SELECT subject, at, position, user_id, currency, amount_minor, NULL AS outcome
         FROM subject_payments WHERE transaction_id = ? AND subject = ? AND position > 1`,
        transactionId,
        key,
      )
      .one();
  }
}

function ageS({ first_at }: Subject, { at }: Own): number {
  return Math.floor((at - first_at) / 1_000);
}
