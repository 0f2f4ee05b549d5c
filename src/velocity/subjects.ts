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

  /** The subject as of its newest payment. It is new if none is stored, or none for long; then what is left of it is
   *  deleted, and the given transaction is its first. */
  find(name: SubjectName, transactionId: string, nowMs: number): Subject {
    const key = formatSubject(name);
    const known = this.#cached.get(key) ?? this.#read(key);
    if (known && nowMs - known.newest_at < FORGOTTEN_AFTER_MS) return known;
    if (known) this.#sql.exec("DELETE FROM subject_payments WHERE subject = ?", key);
    const first = { first_at: nowMs, first_id: transactionId };
    return { ...first, key, newest_at: nowMs, position: 0, windows: new Map() };
  }

  /** The subject with this key if it is in memory. */
  findCached(key: string): Subject | undefined {
    return this.#cached.peek(key);
  }

  /** Keeps a subject in memory, or weighs it again after its windows have changed. */
  cache(subject: Subject): void {
    this.#cached.set(subject.key, subject);
  }

  #read(key: string): Subject | undefined {
    const [seen] = this.#sql
      .exec<Seen>(
        `SELECT (SELECT at FROM subject_payments WHERE subject = ?1 ORDER BY at, position LIMIT 1) AS first_at,
           (SELECT transaction_id FROM subject_payments WHERE subject = ?1 ORDER BY at, position LIMIT 1) AS first_id,
           at AS newest_at, position
         FROM subject_payments WHERE subject = ?1 ORDER BY at DESC, position DESC LIMIT 1`,
        key,
      )
      .toArray();
    return seen && { ...seen, key, windows: new Map() };
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
