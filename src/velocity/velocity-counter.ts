/** Exact sliding windows over the subjects that live here, in the object's SQLite. Every payment of the last
 *  week is a row of each of its subjects. Requested aggregates of recent subjects are cached in memory. */
import type { Asked } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import { insertRows, prepareInsert } from "../runtime/insert-rows";
import { forgetCustomer } from "./erasure";
import type { Forgotten, ForgottenCustomer, Place } from "./rpc";
import { type Own, SlidingWindow } from "./sliding-window";
import { formatSubject, type Subject, Subjects } from "./subjects";
import { type Row, WindowAggregate } from "./window-aggregate";

const COLUMNS = [
  "subject",
  "at",
  "position",
  "transaction_id",
  "user_id",
  "currency",
  "amount_minor",
] as const;
const INSERT_PAYMENTS = prepareInsert("subject_payments", COLUMNS);

/** A payment, and the measures that are asked for. */
export type Report = { payment: Observation; requested: Asked[] };
/** A payment as it is inserted. */
type Placed = Own & { transaction_id: string };

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

  /** Counts each payment once for its subject and returns its requested measures, which include it and the payments before
   *  it. A payment that is reported again gets the values of the first time. A payment is dated now, or as the subject's
   *  newest payment when that is later. */
  observe(reports: Report[], nowMs: number): number[][] {
    const payments = reports.map(({ payment }) => payment);
    const subjects = this.#subjects.find(payments, nowMs);
    const counted = this.#place(payments, subjects, nowMs);
    insertRows(
      this.#sql,
      INSERT_PAYMENTS,
      counted.filter((own) => own !== undefined).map((own) => COLUMNS.map((name) => own[name])),
    );
    return reports.map(({ payment, requested }, at) => {
      const subject = subjects[at] as Subject; // There is one for each payment.
      const own = counted[at];
      return own
        ? this.#count(subject, own, requested)
        : this.#recall(payment.transaction_id, subject, requested);
    });
  }

  /** The rows of the payments; undefined for those that were counted before. */
  #place(payments: Observation[], subjects: Subject[], nowMs: number): (Placed | undefined)[] {
    const stored = this.#findStored(payments, subjects);
    return payments.map(({ transaction_id, user_id, currency, amount_minor }, at) => {
      const subject = subjects[at] as Subject; // There is one for each payment.
      const id = formatId(transaction_id, subject);
      const isRepeated = subject.position > 0 && transaction_id === subject.first_id;
      if (isRepeated || stored.has(id)) return undefined;
      stored.add(id);
      subject.newest_at = Math.max(nowMs, subject.newest_at);
      subject.position += 1;
      const place = { subject: subject.key, at: subject.newest_at, position: subject.position };
      return { ...place, transaction_id, user_id, currency, amount_minor, outcome: null };
    });
  }

  /** The ids of the payments that were counted before, other than as the first of their subject. */
  #findStored(payments: Observation[], subjects: Subject[]): Set<string> {
    const ids: string[] = [];
    payments.forEach(({ transaction_id }, at) => {
      const subject = subjects[at];
      if (subject && subject.position > 0) ids.push(formatId(transaction_id, subject));
    });
    if (ids.length === 0) return new Set();
    const found = this.#sql.exec<{ at: number }>(
      `SELECT key AS at FROM json_each(?) WHERE EXISTS (
         SELECT 1 FROM subject_payments
         WHERE transaction_id = json_each.value ->> 0 AND subject = json_each.value ->> 1 AND position > 1
       )`,
      `[${ids}]`,
    );
    return new Set(found.toArray().map(({ at }) => ids[at] ?? ""));
  }

  /** Adds a payment to the windows of its subject. @param own is stored */
  #count(subject: Subject, own: Own, requested: Asked[]): number[] {
    for (const [window, sliding] of subject.windows) {
      if (sliding.isStale(own.at)) subject.windows.delete(window);
      else sliding.add(own);
    }
    const values = requested.map((one) =>
      one === "age_s" ? ageS(subject, own) : this.#measure(subject, one, own),
    );
    this.#subjects.cache(subject);
    return values;
  }

  /** Deletes the payments of a customer, some rows in each call, and what memory has of their subjects. */
  forget(customer: ForgottenCustomer, after: Place | null): Forgotten {
    const { subjects, ...forgotten } = forgetCustomer(this.#sql, customer, after);
    for (const key of subjects) this.#subjects.drop(key);
    return forgotten;
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

  #measure(subject: Subject, requested: Exclude<Asked, "age_s">, own: Own): number {
    const isFirst = own.position === 1;
    let sliding = subject.windows.get(requested.window);
    if (!sliding) {
      sliding = new SlidingWindow(requested.window, own, isFirst);
      subject.windows.set(requested.window, sliding);
    }
    return sliding.read(this.#sql, requested, own, isFirst);
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

/** Names a payment of a subject, as JSON. */
function formatId(transactionId: string, { key }: Subject): string {
  return JSON.stringify([transactionId, key]);
}

function ageS({ first_at }: Subject, { at }: Own): number {
  return Math.floor((at - first_at) / 1_000);
}
