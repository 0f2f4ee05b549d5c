/** The subjects whose payments are counted here: each one's number and first payment and, for recent ones, the windows
 *  that were requested. */
import { DAY_MS } from "../domain/risk/measure";
import type { Observation } from "../domain/risk/observation";
import type { Window } from "../domain/risk/rule-set";
import { BoundedCache } from "../runtime/bounded-cache";
import { CachePartition } from "../runtime/cache-partition";
import type { SlidingWindow } from "./sliding-window";

/** After this long without a payment a subject is new again: a year, and five weeks for customers who pay once a year. */
export const FORGOTTEN_AFTER_MS = 400 * DAY_MS;
/** The time of a subject's last payment is a write of its own, so it is stored once a day. */
const STORED_EVERY_MS = DAY_MS;

/** The share of the isolate's 128 MB, for all velocity objects in it; other subjects are counted from their rows. One
 *  subject with every aggregate at its largest takes some 50 MB, and is then the only one in the cache. */
const MAX_CACHED_BYTES = 10_000_000;
/** Estimates of the memory of each, on the large side. */
const BYTES = { subject: 500, window: 200, aggregate: 300, value: 120 };

export type SubjectName = Pick<Observation, "merchant_id" | "subject" | "value">;
type StoredSubject = {
  id: number;
  first_at: number;
  /** When the time of its last payment was last stored. */
  seen_at: number;
};
export type Subject = StoredSubject & { windows: Map<Window, SlidingWindow> };

const cache = new BoundedCache<Subject>({ max_weight: MAX_CACHED_BYTES, weigh: estimateBytes });

export class Subjects {
  readonly #sql: SqlStorage;
  readonly #cached = new CachePartition(cache);

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The subject, which is new if it is not stored or had no payment for long. A new subject's number is the position of
   *  its first payment. */
  find(name: SubjectName, position: number, nowMs: number): Subject {
    const key = formatKey(name);
    const cached = this.#cached.get(key);
    if (cached && nowMs - cached.seen_at < STORED_EVERY_MS) return cached;
    const windows = cached?.windows ?? new Map<Window, SlidingWindow>();
    const subject = { ...this.#read(name, position, nowMs), windows };
    this.#cached.set(key, subject);
    return subject;
  }

  /** The subject if it is in memory. */
  findCached(name: SubjectName): Subject | undefined {
    return this.#cached.peek(formatKey(name));
  }

  /** Weighs a subject again after its windows have changed. */
  reweigh(name: SubjectName, subject: Subject): void {
    this.#cached.set(formatKey(name), subject);
  }

  /** Reads a subject, and stores it if it is new or was not stored for a day. */
  #read(name: SubjectName, position: number, nowMs: number): StoredSubject {
    const { merchant_id, subject, value } = name;
    const [stored] = this.#sql
      .exec<StoredSubject>(
        "SELECT id, first_at, seen_at FROM subjects WHERE merchant_id = ? AND subject = ? AND value = ?",
        merchant_id,
        subject,
        value,
      )
      .toArray();
    if (stored && nowMs - stored.seen_at < STORED_EVERY_MS) return stored;
    const isSame = stored !== undefined && nowMs - stored.seen_at < FORGOTTEN_AFTER_MS;
    const id = stored?.id ?? position;
    const first_at = isSame ? stored.first_at : nowMs;
    this.#sql.exec(
      "INSERT OR REPLACE INTO subjects (merchant_id, subject, value, id, first_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)",
      merchant_id,
      subject,
      value,
      id,
      first_at,
      nowMs,
    );
    return { id, first_at, seen_at: nowMs };
  }
}

/** Unambiguous, whatever a value or a metadata field's name contains. */
function formatKey({ merchant_id, subject, value }: SubjectName): string {
  return JSON.stringify([merchant_id, subject, value]);
}

function estimateBytes({ windows }: Subject): number {
  let bytes = BYTES.subject;
  for (const { size } of windows.values()) {
    bytes += BYTES.window + size.aggregates * BYTES.aggregate + size.values * BYTES.value;
  }
  return bytes;
}
