/** What a shard counts of itself. Counts live in memory and in one table, and only grow.
 *
 *  A count of something that was committed is written in the very same commit, so it is exactly as durable
 *  as what it counts. All others are written by the alarm, by a commit or before they are told to anybody:
 *  a crash loses up to about a second of them, and nobody ever sees one go down. */

/** Upper bounds of the histogram of times from arrival to answer, in milliseconds. */
export const ANSWER_BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500];
/** Upper bounds of the histogram of commands in a round. */
export const ROUND_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export type Counter =
  | "commands"
  | "charges"
  | "deliveries"
  | "delivered_events"
  | "stream_requests"
  | "parked_events";
export type Histogram = "answer_ms" | "round_commands";

/** A `bucket` counts the observations up to its bound and above the one before; the `sum` adds them up. */
export type CountName = Counter | `${Histogram}_${"bucket" | "sum"}`;

/** Labels as text, `kind=create,outcome=created`: all of them are words of our own, without `,` and `=`. */
export type Count = { name: CountName; labels: string; value: number };

/** How often counts are written that nothing depends on. Each is a row, and rows are paid for. */
const WRITE_EVERY_MS = 1_000;

export class Counters {
  readonly #sql: SqlStorage;
  readonly #isOn: boolean;
  readonly #counts = new Map<string, Count>();
  readonly #unwritten = new Set<Count>();
  #writtenAtMs = 0;
  /** What the commit under way has added to counts, and which of them it has written. */
  readonly #added: Count[] = [];
  readonly #written: Count[] = [];

  /** @param sql of the journal, whose tables have been made
   *  @param isOn whether anything is counted at all */
  constructor(sql: SqlStorage, isOn: boolean) {
    this.#sql = sql;
    this.#isOn = isOn;
    const stored = sql.exec<Count>("SELECT name, labels, value FROM counters");
    for (const { name, labels, value } of stored) {
      this.#counts.set(keyOf(name, labels), { name, labels, value });
    }
  }

  /** Whether there are counts that only memory knows. */
  get isOpen(): boolean {
    return this.#unwritten.size > 0;
  }

  /** Counts something that no commit vouches for. */
  add(name: CountName, labels: string, by = 1): void {
    this.#add(name, labels, by);
  }

  /** Counts something that the commit under way writes: the count is written, or taken back, with it. */
  addWithin(name: CountName, labels: string): void {
    const count = this.#add(name, labels, 1);
    if (count) this.#added.push(count);
  }

  /** Adds an observation to a histogram. @param bounds of its buckets; above the last one it is `+Inf` */
  observe(name: Histogram, labels: string, bounds: number[], value: number): void {
    const le = bounds.find((bound) => value <= bound) ?? "+Inf";
    this.add(`${name}_bucket`, labels === "" ? `le=${le}` : `${labels},le=${le}`);
    this.add(`${name}_sum`, labels, value);
  }

  /** Writes what must be written with the commit under way, and from time to time all the rest. */
  writeWithin(nowMs: number): void {
    const isTime = nowMs - this.#writtenAtMs >= WRITE_EVERY_MS;
    for (const count of isTime ? this.#unwritten : this.#added) this.#write(count);
    if (isTime) this.#writtenAtMs = nowMs;
  }

  /** Writes everything, in a commit of its own. */
  write(nowMs: number): void {
    for (const count of this.#unwritten) this.#write(count);
    this.#writtenAtMs = nowMs;
    this.committed();
  }

  /** What was counted and written within the commit is there to stay. */
  committed(): void {
    this.#added.length = 0;
    this.#written.length = 0;
  }

  /** The commit was taken back: what it counted did not happen, and what it wrote is not written. */
  rolledBack(): void {
    for (const count of this.#written) this.#unwritten.add(count);
    for (const count of this.#added) count.value -= 1;
    this.committed();
  }

  /** All counts, the written and the unwritten. */
  all(): Count[] {
    return [...this.#counts.values()];
  }

  #add(name: CountName, labels: string, by: number): Count | undefined {
    if (!this.#isOn) return undefined;
    const key = keyOf(name, labels);
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

const keyOf = (name: string, labels: string): string => `${name} ${labels}`;
