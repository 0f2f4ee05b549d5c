/** The subjects whose payments are counted here: when each was first and last seen and, for recent ones, the windows that
 *  were requested. A subject is stored as the rows of its payments: the first and the newest are kept as long as it is
 *  remembered. */
import { DAY_MS } from "../domain/risk/measure";
import type { Observation } from "../domain/risk/observation";
import type { Window } from "../domain/risk/rule-set";
import { BoundedCache } from "../runtime/bounded-cache";
import { CachePartition } from "../runtime/cache-partition";
import type { SlidingWindow } from "./sliding-window";

/** After this long without a payment a subject is new again: a year, and five weeks for customers who pay once a year. */
export const FORGOTTEN_AFTER_MS = 400 * DAY_MS;

/** The share of the isolate's 128 MB, for all velocity objects in it; other subjects are counted from their rows. One
 *  subject with every aggregate at its largest takes some 50 MB, and is then the only one in the cache. */
const MAX_CACHED_BYTES = 10_000_000;
/** Estimates of the memory of each, on the large side. */
const BYTES = { subject: 500, name_character: 4, window: 200, aggregate: 300, value: 120 };

export type SubjectName = Pick<Observation, "merchant_id" | "subject" | "value">;
type Seen = {
  first_at: number;
  /** The transaction id of its first payment. */
  first_id: string;
  /** The time and position of its newest payment. Positions number the payments of a subject and rise with the times. */
  newest_at: number;
  /** 0 before the first payment. */
  position: number;
};
export type Subject = Seen & { key: string; windows: Map<Window, SlidingWindow> };

const cache = new BoundedCache<Subject>({ max_weight: MAX_CACHED_BYTES, weigh: estimateBytes });

export class Subjects {
  readonly #sql: SqlStorage;
  readonly #cached = new CachePartition(cache);

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The subject of each payment, as of its newest payment that is stored. It is new if none is stored, or none for long;
   *  then what is left of it is deleted, and the payment is its first. Payments of one subject get the same one. */
  find(payments: Observation[], nowMs: number): Subject[] {
    const keys = payments.map(formatSubject);
    const known = this.#load(new Set(keys));
    return payments.map(({ transaction_id }, at) => {
      const key = keys[at] ?? "";
      const subject = known.get(key);
      if (subject && nowMs - subject.newest_at < FORGOTTEN_AFTER_MS) return subject;
      if (subject) this.#sql.exec("DELETE FROM subject_payments WHERE subject = ?", key);
      const first = { first_at: nowMs, first_id: transaction_id };
      const fresh = { ...first, key, newest_at: nowMs, position: 0, windows: new Map() };
      known.set(key, fresh);
      return fresh;
    });
  }

  /** The subject with this key if it is in memory. */
  findCached(key: string): Subject | undefined {
    return this.#cached.peek(key);
  }

  /** Forgets a subject in memory, because its rows have changed. */
  drop(key: string): void {
    this.#cached.delete(key);
  }

  /** Keeps a subject in memory, or weighs it again after its windows have changed. */
  cache(subject: Subject): void {
    this.#cached.set(subject.key, subject);
  }

  /** The subjects that have a payment, by key. Those that are not in memory are read in one statement. */
  #load(keys: Set<string>): Map<string, Subject> {
    const known = new Map<string, Subject>();
    const missing: string[] = [];
    for (const key of keys) {
      const cached = this.#cached.get(key);
      if (cached) known.set(key, cached);
      else missing.push(key);
    }
    if (missing.length === 0) return known;
    const read = this.#sql.exec<Seen & { key: string }>(
      `SELECT json_each.value AS key, first.at AS first_at, first.transaction_id AS first_id, newest.at AS newest_at,
         newest.position AS position
       FROM json_each(?)
       JOIN subject_payments AS first ON first.subject = json_each.value AND (first.at, first.position) =
         (SELECT at, position FROM subject_payments WHERE subject = json_each.value ORDER BY at, position LIMIT 1)
       JOIN subject_payments AS newest ON newest.subject = json_each.value AND (newest.at, newest.position) =
         (SELECT at, position FROM subject_payments WHERE subject = json_each.value ORDER BY at DESC, position DESC LIMIT 1)`,
      JSON.stringify(missing),
    );
    for (const seen of read) known.set(seen.key, { ...seen, windows: new Map() });
    return known;
  }
}

/** A subject's name as it is stored. Unambiguous, whatever a value or a metadata field's name contains. */
export function formatSubject({ merchant_id, subject, value }: SubjectName): string {
  return JSON.stringify([merchant_id, subject, value]);
}

function estimateBytes({ key, windows }: Subject): number {
  let bytes = BYTES.subject + key.length * BYTES.name_character;
  for (const { size } of windows.values()) {
    bytes += BYTES.window + size.aggregates * BYTES.aggregate + size.values * BYTES.value;
  }
  return bytes;
}
