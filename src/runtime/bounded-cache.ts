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

type Entry<Value> = { value: Value; weight: number };

export class BoundedCache<Value> {
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  readonly #weigh: (value: Value) => number;
  /** Iterates in the order of use: the first entry is the least recently used. */
  readonly #entries = new Map<string, Entry<Value>>();
  /** Goes through the entries once and forever: it returns the least recently used one, which is then deleted. A new
   *  iterator for each eviction would step over all places that were deleted before it, 16 µs of them with 10,000
   *  entries. */
  #leastUsed = this.#entries.keys();
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
    this.#entries.delete(key);
    this.#entries.set(key, entry);
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
    const weight = this.#weigh(value);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    while (this.#entries.size > 1 && this.#isOverBounds) this.#evict();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }

  /** Deletes every entry whose value matches; all entries by default. */
  clear(matches: (value: Value) => boolean = () => true): void {
    for (const [key, { value }] of this.#entries) if (matches(value)) this.delete(key);
  }

  get #isOverBounds(): boolean {
    return this.#entries.size > this.#maxEntries || this.#weight > this.#maxWeight;
  }

  #evict(): void {
    const { value: key } = this.#leastUsed.next();
    if (key === undefined) this.#leastUsed = this.#entries.keys();
    else this.delete(key);
  }
}
