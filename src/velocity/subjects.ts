/** Whose payments are counted here: each subject's number, its first payment, and, of those seen lately,
 *  the windows that have been asked for. */
import { DAY_MS } from "../domain/risk/measure";
import type { Observation } from "../domain/risk/observation";
import type { Window } from "../domain/risk/rule-set";
import type { Rolling } from "./rolling";

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
export type Subject = {
  /** The position of its first payment here. */
  id: number;
  first_at: number;
  seen_at: number;
  windows: Map<Window, Rolling>;
};

export class Subjects {
  readonly #sql: SqlStorage;
  readonly #hot = new Map<string, { subject: Subject; bytes: number }>();
  #hotBytes = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The subject, which is new if it is not known or has been forgotten. */
  find(name: SubjectName, position: number, nowMs: number): Subject {
    const hot = this.hot(name);
    if (hot && nowMs - hot.seen_at < FORGOTTEN_AFTER_MS) return hot;
    const known = this.#read(name);
    if (!known) return this.#create(name, position, nowMs);
    const isForgotten = nowMs - known.seen_at >= FORGOTTEN_AFTER_MS;
    if (isForgotten) this.#write(name, { id: known.id, first_at: nowMs, seen_at: nowMs });
    const first_at = isForgotten ? nowMs : known.first_at;
    const seen_at = isForgotten ? nowMs : known.seen_at;
    return { id: known.id, first_at, seen_at, windows: new Map() };
  }

  /** The subject if it is in memory. */
  hot(name: SubjectName): Subject | undefined {
    return this.#hot.get(keyOf(name))?.subject;
  }

  /** Notes that a payment of the subject has been counted, and keeps the subject in memory. */
  seen(name: SubjectName, subject: Subject, nowMs: number): void {
    if (nowMs - subject.seen_at >= NOTED_EVERY_MS) {
      subject.seen_at = nowMs;
      this.#write(name, subject);
    }
    const key = keyOf(name);
    this.#evict(key); // Back in at the young end: the first of the map is the least used.
    const bytes = bytesOf(subject);
    this.#hot.set(key, { subject, bytes });
    this.#hotBytes += bytes;
    for (const leastUsed of this.#hot.keys()) {
      if (this.#hotBytes <= HOT_BYTES || leastUsed === key) break;
      this.#evict(leastUsed);
    }
  }

  /** Forgets what is in memory. */
  forget(): void {
    this.#hot.clear();
    this.#hotBytes = 0;
  }

  #evict(key: string): void {
    this.#hotBytes -= this.#hot.get(key)?.bytes ?? 0;
    this.#hot.delete(key);
  }

  #read({ merchant_id, subject, value }: SubjectName): Omit<Subject, "windows"> | undefined {
    const [row] = this.#sql
      .exec<Omit<Subject, "windows">>(
        "SELECT id, first_at, seen_at FROM subjects WHERE merchant_id = ? AND subject = ? AND value = ?",
        merchant_id,
        subject,
        value,
      )
      .toArray();
    return row;
  }

  #create(name: SubjectName, id: number, nowMs: number): Subject {
    const fresh = { id, first_at: nowMs, seen_at: nowMs };
    this.#write(name, fresh);
    return { ...fresh, windows: new Map() };
  }

  #write(name: SubjectName, { id, first_at, seen_at }: Omit<Subject, "windows">): void {
    this.#sql.exec(
      `INSERT INTO subjects (merchant_id, subject, value, id, first_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET first_at = excluded.first_at, seen_at = excluded.seen_at`,
      name.merchant_id,
      name.subject,
      name.value,
      id,
      first_at,
      seen_at,
    );
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
