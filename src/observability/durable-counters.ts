/** An object's counters, in memory and in one table of its own. They only grow.
 *
 *  A counter of something that is committed is written in the same commit, so it is exactly as durable as what it counts.
 *  All others are written by the alarm, by a commit, or before a scrape reads them: a crash loses up to about a second of
 *  them, and no reader ever sees one go down. */

import { ageMs } from "../domain/time/clock";

/** A `bucket` counts the observations up to its bound and above the one before; the `sum` adds them up. */
export type CountName<Counter extends string, Histogram extends string> =
  | Counter
  | `${Histogram}_${"bucket" | "sum"}`;

/** Labels as text, `kind=create,outcome=created`: all of them are our own constants, without `,` and `=`. */
export type Count<Name extends string = string> = { name: Name; labels: string; value: number };

/** The table, for the schemas of objects. */
export const COUNTERS_TABLE = `
  CREATE TABLE IF NOT EXISTS counters (
    name TEXT NOT NULL,
    labels TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name, labels)
  ) WITHOUT ROWID;
`;

/** How often counters are written that belong to no commit. Each is a row, and rows are billed. */
const WRITE_EVERY_MS = 1_000;

export class Counts<Counter extends string, Histogram extends string> {
  readonly #sql: SqlStorage;
  readonly #isOn: boolean;
  readonly #counts = new Map<string, Count<CountName<Counter, Histogram>>>();
  readonly #unwritten = new Set<Count>();
  #writtenAtMs = 0;
  /** What the commit under way has added to counters, and which of them it has written. */
  readonly #added: { count: Count; by: number }[] = [];
  readonly #written: Count[] = [];

  /** @param sql with the table above
   *  @param isOn whether anything is counted at all */
  constructor(sql: SqlStorage, isOn: boolean) {
    this.#sql = sql;
    this.#isOn = isOn;
    const stored = sql.exec<Count<CountName<Counter, Histogram>>>(
      "SELECT name, labels, value FROM counters",
    );
    for (const { name, labels, value } of stored) {
      this.#counts.set(formatKey(name, labels), { name, labels, value });
    }
  }

  /** Whether there are counters that are not written yet. */
  get isOpen(): boolean {
    return this.#unwritten.size > 0;
  }

  /** Counts something that belongs to no commit. */
  add(name: CountName<Counter, Histogram>, labels: string, by = 1): void {
    this.#add(name, labels, by);
  }

  /** Counts something that the commit under way writes: the counter is written, or rolled back, with it. */
  addWithin(name: CountName<Counter, Histogram>, labels: string, by = 1): void {
    const count = this.#add(name, labels, by);
    if (count) this.#added.push({ count, by });
  }

  /** Adds an observation to a histogram. @param bounds of its buckets; above the last one it is `+Inf` */
  observe(name: Histogram, labels: string, bounds: number[], value: number): void {
    this.add(`${name}_bucket`, formatBucketLabels(labels, bounds, value));
    this.add(`${name}_sum`, labels, value);
  }

  /** The same for something that the commit under way writes. */
  observeWithin(name: Histogram, labels: string, bounds: number[], value: number): void {
    this.addWithin(`${name}_bucket`, formatBucketLabels(labels, bounds, value));
    this.addWithin(`${name}_sum`, labels, value);
  }

  /** Writes the counters of the commit under way, and from time to time all others. */
  writeWithin(nowMs: number): void {
    const isTime = ageMs(this.#writtenAtMs, nowMs) >= WRITE_EVERY_MS;
    const due = isTime ? this.#unwritten : this.#added.map(({ count }) => count);
    for (const count of due) this.#write(count);
    if (isTime) this.#writtenAtMs = nowMs;
  }

  /** Writes everything, in a commit of its own. */
  write(nowMs: number): void {
    for (const count of this.#unwritten) this.#write(count);
    this.#writtenAtMs = nowMs;
    this.committed();
  }

  /** Confirms what the commit has counted and written. */
  committed(): void {
    this.#added.length = 0;
    this.#written.length = 0;
  }

  /** Reverts what a rolled-back commit has counted and written. */
  rolledBack(): void {
    for (const count of this.#written) this.#unwritten.add(count);
    for (const { count, by } of this.#added) count.value -= by;
    this.committed();
  }

  /** All counters, written or not. */
  all(): Count<CountName<Counter, Histogram>>[] {
    return [...this.#counts.values()];
  }

  #add(name: CountName<Counter, Histogram>, labels: string, by: number): Count | undefined {
    if (!this.#isOn) return undefined;
    const key = formatKey(name, labels);
    const count = this.#counts.get(key) ?? { name, labels, value: 0 };
    if (count.value === 0) this.#counts.set(key, count);
    count.value += by;
    this.#unwritten.add(count);
    return count;
  }

  #write(count: Count): void {
    if (!this.#unwritten.delete(count)) return;
    this.#sql.exec(
      `INSERT INTO counters (name, labels, value) VALUES (?, ?, ?)
       ON CONFLICT (name, labels) DO UPDATE SET value = excluded.value`,
      count.name,
      count.labels,
      count.value,
    );
    this.#written.push(count);
  }
}

const formatKey = (name: string, labels: string): string => `${name} ${labels}`;

function formatBucketLabels(labels: string, bounds: number[], value: number): string {
  const le = bounds.find((bound) => value <= bound) ?? "+Inf";
  return labels === "" ? `le=${le}` : `${labels},le=${le}`;
}
