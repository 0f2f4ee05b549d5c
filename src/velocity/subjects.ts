/** Whose payments are counted here: each subject's number, its first payment, and, of those seen lately,
 *  the windows that have been asked for. */
import { DAY_MS } from "../domain/risk/measure";
import type { Observation } from "../domain/risk/observation";
import type { Window } from "../domain/risk/rule-set";
import { BoundedCache } from "../runtime/bounded-cache";
import type { SlidingWindow } from "./sliding-window";

/** After so long without a payment a subject is a new one: a year, and five weeks for whoever pays once a year. */
export const FORGOTTEN_AFTER_MS = 400 * DAY_MS;
/** Noting that a subject was seen is a write of its own, so it is done once a day. */
const NOTED_EVERY_MS = DAY_MS;

/** What is kept in memory at most, of the object's 128 MB; other subjects are counted from their rows. One
 *  subject with every figure at its largest is some 50 MB by itself, and then the only one. */
const MAX_CACHED_BYTES = 10_000_000;
/** Estimates, on the large side, of what each costs in memory. */
const BYTES = { subject: 500, window: 200, figure: 300, value: 120 };

export type SubjectName = Pick<Observation, "merchant_id" | "subject" | "value">;
type Known = {
  id: number;
  first_at: number;
  /** When it was last noted that there was a payment. */
  seen_at: number;
};
export type Subject = Known & { windows: Map<Window, SlidingWindow> };

export class Subjects {
  readonly #sql: SqlStorage;
  readonly #cached = new BoundedCache<Subject>({
    max_weight: MAX_CACHED_BYTES,
    weigh: estimateBytes,
  });

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The subject, which is new if it is not known or has been forgotten. One that is not known is numbered
   *  by the position of its first payment. */
  find(name: SubjectName, position: number, nowMs: number): Subject {
    const key = formatKey(name);
    const cached = this.#cached.get(key);
    if (cached && nowMs - cached.seen_at < NOTED_EVERY_MS) return cached;
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

  /** Reads a subject, and notes it if it is new or has not been seen for a day. */
  #read(name: SubjectName, position: number, nowMs: number): Known {
    const { merchant_id, subject, value } = name;
    const [known] = this.#sql
      .exec<Known>(
        "SELECT id, first_at, seen_at FROM subjects WHERE merchant_id = ? AND subject = ? AND value = ?",
        merchant_id,
        subject,
        value,
      )
      .toArray();
    if (known && nowMs - known.seen_at < NOTED_EVERY_MS) return known;
    const isKnown = known !== undefined && nowMs - known.seen_at < FORGOTTEN_AFTER_MS;
    const id = known?.id ?? position;
    const first_at = isKnown ? known.first_at : nowMs;
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
    bytes += BYTES.window + size.figures * BYTES.figure + size.values * BYTES.value;
  }
  return bytes;
}
