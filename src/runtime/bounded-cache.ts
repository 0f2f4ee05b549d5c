/** A map of bounded size that evicts its least recently used entries.
 *
 *  LRU and not FIFO: what is kept in here is read far more often than it is written, so with FIFO the busiest
 *  merchant's entry would be evicted for being the oldest. LRU and not a more elaborate policy (LFU, ARC): they pay
 *  off against scans over more keys than fit, and every key here comes from a request or a payment. */

export type CacheBounds<Value> = {
  /** How many entries there are at most. */
  max_entries?: number;
  /** How much all entries weigh at most, in the unit of `weigh`. */
  max_weight?: number;
  /** The weight of an entry, read once for each `set`. By default every entry weighs 1. */
  weigh?: (value: Value) => number;
};

/** An entry, between the one that was used before it and the one that was used after it. */
type Entry<Value> = {
  key: string;
  value: Value;
  weight: number;
  older: Entry<Value> | undefined;
  newer: Entry<Value> | undefined;
};

/** The order of use is a list through the entries. The order of the Map would do, but an iterator that is kept for the next
 *  eviction keeps every table that the Map has had since it was advanced last, and a new one for each eviction steps over
 *  all places that were deleted before it. */
export class BoundedCache<Value> {
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  readonly #weigh: (value: Value) => number;
  readonly #entries = new Map<string, Entry<Value>>();
  #oldest: Entry<Value> | undefined;
  #newest: Entry<Value> | undefined;
  #weight = 0;

  constructor({
    max_entries = Number.POSITIVE_INFINITY,
    max_weight = Number.POSITIVE_INFINITY,
    weigh = () => 1,
  }: CacheBounds<Value>) {
    this.#maxEntries = max_entries;
    this.#maxWeight = max_weight;
    this.#weigh = weigh;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which counts as used now. */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#append(entry);
    }
    return entry.value;
  }

  /** The value, without counting as a use. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Stores a value as the most recently used, and evicts others until the bounds hold. The value itself stays, even
   *  when it is heavier than all entries may be together. A value that was changed in place is set again, so that
   *  its new weight counts. */
  set(key: string, value: Value): void {
    this.delete(key);
    const entry = { key, value, weight: this.#weigh(value), older: undefined, newer: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
    this.#weight += entry.weight;
    while (this.#oldest && this.#oldest !== entry && this.#isOverBounds) {
      this.delete(this.#oldest.key);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#unlink(entry);
    this.#weight -= entry.weight;
  }

  /** Deletes every entry whose value matches; all entries by default. */
  clear(matches: (value: Value) => boolean = () => true): void {
    for (const [key, { value }] of this.#entries) if (matches(value)) this.delete(key);
  }

  get #isOverBounds(): boolean {
    return this.#entries.size > this.#maxEntries || this.#weight > this.#maxWeight;
  }

  #append(entry: Entry<Value>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<Value>): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }
}
