/** An object's counters, in memory and in the object's state row. They only grow.
 *
 *  A counter of something that is committed is written in the same commit, so it is exactly as durable as what it counts.
 *  All others are written by the next commit, by the alarm, or before a scrape reads them: a crash loses up to about a
 *  second of them, and no reader ever sees one go down. */

/** A `bucket` counts the observations up to its bound and above the one before; the `sum` adds them up. */
export type CountName<Counter extends string, Histogram extends string> =
  | Counter
  | `${Histogram}_${"bucket" | "sum"}`;

/** Labels as text, `kind=create,outcome=created`: all of them are our own constants, without `,` and `=`. */
export type Count<Name extends string = string> = { name: Name; labels: string; value: number };

/** The counters in the state row, by name and labels. */
type StoredCounts = Record<string, Record<string, number>>;

/** The object's state row (`runtime/state/state-row.ts`), as far as counters use it. */
type State = {
  add<Value>(column: "counters", serialize: () => string): Value | undefined;
  changed(): void;
};

export class Counts<Counter extends string, Histogram extends string> {
  readonly #state: State;
  readonly #isOn: boolean;
  /** By name and labels. */
  readonly #counts = new Map<string, Map<string, Count<CountName<Counter, Histogram>>>>();
  #isOpen = false;
  /** What the commit under way has added to counters. */
  readonly #added: { count: Count; by: number }[] = [];

  /** @param state the object's row, which the owner writes in its commits
   *  @param isOn whether anything is counted at all */
  constructor(state: State, isOn: boolean) {
    this.#state = state;
    this.#isOn = isOn;
    const stored = state.add<StoredCounts>("counters", () => this.#serialize()) ?? {};
    for (const [name, values] of Object.entries(stored)) {
      for (const [labels, value] of Object.entries(values)) {
        this.#find(name as CountName<Counter, Histogram>, labels).value = value; // Written below.
      }
    }
  }

  /** Whether there are counters that are not written yet. */
  get isOpen(): boolean {
    return this.#isOpen;
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

  /** Counts something that the commit under way writes and that can be counted again from there. On its own it does not
   *  cause a write of the counters. */
  addRecountable(name: CountName<Counter, Histogram>, labels: string, by: number): void {
    if (!this.#isOn) return;
    const count = this.#find(name, labels);
    count.value += by;
    this.#added.push({ count, by });
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

  /** Confirms what the commit has counted. */
  committed(): void {
    this.#added.length = 0;
  }

  /** Reverts what a rolled-back commit has counted. The rest of what it wrote is written again. */
  rolledBack(): void {
    for (const { count, by } of this.#added) count.value -= by;
    this.#added.length = 0;
    if (this.#isOn) this.#change();
  }

  /** All counters, written or not. */
  all(): Count<CountName<Counter, Histogram>>[] {
    return [...this.#counts.values()].flatMap((sameName) => [...sameName.values()]);
  }

  #add(name: CountName<Counter, Histogram>, labels: string, by: number): Count | undefined {
    if (!this.#isOn) return undefined;
    const count = this.#find(name, labels);
    count.value += by;
    this.#change();
    return count;
  }

  #change(): void {
    this.#isOpen = true;
    this.#state.changed();
  }

  #find(name: CountName<Counter, Histogram>, labels: string): Count<CountName<Counter, Histogram>> {
    const sameName =
      this.#counts.get(name) ?? new Map<string, Count<CountName<Counter, Histogram>>>();
    const count = sameName.get(labels) ?? { name, labels, value: 0 };
    if (count.value === 0) this.#counts.set(name, sameName.set(labels, count));
    return count;
  }

  #serialize(): string {
    this.#isOpen = false;
    return serializeCounts(this.#counts);
  }
}

/** JSON text without intermediate objects, because nearly every commit writes it. Names and labels are our own
 *  constants and need no escaping. */
export function serializeCounts(counts: Map<string, Map<string, Count>>): string {
  let text = "";
  for (const [name, sameName] of counts) {
    let own = "";
    for (const { labels, value } of sameName.values()) {
      own += `${own && ","}"${labels}":${value}`;
    }
    text += `${text && ","}"${name}":{${own}}`;
  }
  return `{${text}}`;
}

function formatBucketLabels(labels: string, bounds: number[], value: number): string {
  const le = bounds.find((bound) => value <= bound) ?? "+Inf";
  return labels === "" ? `le=${le}` : `${labels},le=${le}`;
}
