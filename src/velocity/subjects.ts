/** Whose payments are counted here: each subject's number, its first payment, and, of those seen lately,
 *  the windows that have been asked for. */
import { DAY_MS } from "../domain/risk/measure";
import type { Observation } from "../domain/risk/observation";
import type { Window } from "../domain/risk/rule-set";
import type { SlidingWindow } from "./sliding-window";

/** After so long without a payment a subject is a new one: a year, and five weeks for whoever pays once a year. */
export const FORGOTTEN_AFTER_MS = 400 * DAY_MS;
/** Noting that a subject was seen is a write of its own, so it is done once a day. */
const NOTED_EVERY_MS = DAY_MS;

/** What is kept in memory at most, of the object's 128 MB; other subjects are counted from their rows. One
 *  subject with every figure at its largest is some 50 MB by itself, and then the only one. */
const HOT_BYTES = 10_000_000;
/** Estimates, on the large side, of what each costs in memory. */
const BYTES = { subject: 500, window: 200, figure: 300, value: 120 };

export type SubjectName = Pick<Observation, "merchant_id" | "subject" | "value">;
type Known = {
  id: number;
  first_at: number;
  /** When it was last noted that there was a payment. */
  seen_at: number;
};
export type Subject = Known & {
  windows: Map<Window, SlidingWindow>;
  bytes: number;
};

export class Subjects {
  readonly #sql: SqlStorage;
  readonly #hot = new Map<string, Subject>();
  #hotBytes = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The subject, which is new if it is not known or has been forgotten. One that is not known is numbered
   *  by the position of its first payment. */
  find(name: SubjectName, position: number, nowMs: number): Subject {
    const key = keyOf(name);
    let subject = this.#hot.get(key);
    if (!subject || nowMs - subject.seen_at >= NOTED_EVERY_MS) {
      const { windows = new Map(), bytes = 0 } = subject ?? {};
      subject = { ...this.#know(name, position, nowMs), windows, bytes };
    }
    this.#hot.delete(key); // Back in at the young end: the first of the map is the least used.
    this.#hot.set(key, subject);
    return subject;
  }

  /** The subject if it is in memory. */
  hot(name: SubjectName): Subject | undefined {
    return this.#hot.get(keyOf(name));
  }

  /** To be called when a subject's windows have changed: lets the least used go, but not this one. */
  makeRoom(subject: Subject): void {
    const bytes = bytesOf(subject);
    this.#hotBytes += bytes - subject.bytes;
    subject.bytes = bytes;
    if (this.#hotBytes <= HOT_BYTES) return;
    for (const [key, leastUsed] of this.#hot) {
      if (this.#hotBytes <= HOT_BYTES || leastUsed === subject) return;
      this.#hotBytes -= leastUsed.bytes;
      this.#hot.delete(key);
    }
  }

  /** Reads a subject, and notes it if it is new or has not been seen for a day. */
  #know(name: SubjectName, position: number, nowMs: number): Known {
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
function keyOf({ merchant_id, subject, value }: SubjectName): string {
  return JSON.stringify([merchant_id, subject, value]);
}

function bytesOf({ windows }: Subject): number {
  let bytes = BYTES.subject;
  for (const { size } of windows.values()) {
    bytes += BYTES.window + size.figures * BYTES.figure + size.values * BYTES.value;
  }
  return bytes;
}
