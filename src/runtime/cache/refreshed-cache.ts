/** A cache of values that are read from a dependency, such as D1, and change there. Values in use are read again ahead
 *  of their expiry and used meanwhile (stale-while-revalidate), and older ones are used while the dependency fails
 *  (stale-if-error), so that no caller waits for a dependency that is known to fail.
 *  The two ideas are from RFC 5861, https://www.rfc-editor.org/rfc/rfc5861 */
import { ageMs } from "../../domain/time/clock";
import { BoundedCache } from "../bounded-cache";
import { Cooldown } from "../cooldown";
import type { SingleFlight } from "../single-flight";
import { TimeoutError, withTimeout } from "../with-timeout";

/** For so long after its last failure a dependency is known to fail. Longer than `PROBE_EVERY_MS` and the time-out of a
 *  read together, so that it stays known from one probe to the next; short, because after an outage without any request
 *  an old value is used for so long. */
const FAILING_MS = 5_000;
/** While the dependency fails, one read at a time finds out whether it responds again. */
const PROBE_EVERY_MS = 2_000;
/** Reads in the background, for which no request waits. When D1 begins to hang, so many are under way until the first one times out. */
const MAX_BACKGROUND_READS = 32;

/** Ages are counted from the begin of the read. */
export type CachePolicy<Value> = {
  /** From this age on a value is read again in the background, and used meanwhile. */
  refresh_after_ms: number;
  /** From this age on callers wait for a read, unless the dependency is known to fail. */
  fresh_ms: number;
  /** Above this age a value is not used even when the dependency fails. */
  usable_ms: number;
  /** How long a caller waits for a read: with a value that it can use otherwise, and without one. */
  wait_ms: { cached: number; uncached: number };
  /** How many reads may be under way so that callers without a value still wait for one while the dependency is known
   *  to fail. The others get a `DependencyFailing`. */
  uncached_reads_while_failing: number;
  max_entries?: number;
  max_bytes?: number;
  estimateBytes?: (value: NonNullable<Value>) => number;
};

/** How one caller reads a value; undefined when the dependency has none. */
export type Source<Value> = {
  /** The reads under way of everyone that can wait for the same I/O: an object, or all requests of an isolate. */
  reads: SingleFlight<string, Value>;
  /** @param cached the value of the last read, of any age */
  read: (cached: NonNullable<Value> | undefined) => Promise<Value>;
  /** Lets a read outlive the request that started it. */
  keep: (reading: Promise<unknown>) => void;
};

/** The dependency has just failed, and no value is cached. */
export class DependencyFailing extends Error {
  override readonly name = "DependencyFailing";
}

type Entry<Value> = { value: NonNullable<Value>; read_at_ms: number };

/** `Value` includes undefined if the dependency may have no value under a key, which is not cached. */
export class RefreshedCache<Value extends object | undefined> {
  readonly #policy: CachePolicy<Value>;
  readonly #entries: BoundedCache<Entry<Value>>;
  readonly #failing = new Cooldown(FAILING_MS);
  readonly #probed = new Cooldown(PROBE_EVERY_MS);
  /** Reads are numbered as they begin. A failure counts only if no later read has succeeded. */
  #begun = 0;
  #succeeded = 0;
  /** Goes up when values are deleted: reads that began before are not stored. */
  #generation = 0;

  constructor(policy: CachePolicy<Value>) {
    this.#policy = policy;
    const { max_entries, max_bytes, estimateBytes } = policy;
    this.#entries = new BoundedCache({
      ...(max_entries === undefined ? {} : { max_entries }),
      ...(max_bytes === undefined ? {} : { max_weight: max_bytes }),
      ...(estimateBytes ? { weigh: ({ value }) => estimateBytes(value) } : {}),
    });
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Deletes every value that matches, all by default, also from reads that are under way, and forgets that the
   *  dependency fails. */
  clear(matches: (value: NonNullable<Value>) => boolean = () => true): void {
    this.#generation += 1;
    this.#entries.clear(({ value }) => matches(value));
    this.#failing.end();
  }

  /** The value under a key, at once when it may be used without a wait.
   *  @throws DependencyFailing, TimeoutError or the fault of the read, when no usable value is cached */
  get(key: string, source: Source<Value>): Value | Promise<Value> {
    const now = Date.now();
    const { refresh_after_ms, fresh_ms, usable_ms } = this.#policy;
    const entry = this.#entries.get(key);
    const age = ageMs(entry?.read_at_ms ?? 0, now);
    if (entry && age < refresh_after_ms) return entry.value;
    const isFailing = this.#failing.isActive(now);
    const usable = entry && age <= usable_ms ? entry : undefined;
    if (usable && (age < fresh_ms || isFailing)) {
      this.#refresh(key, source, entry, now);
      return usable.value;
    }
    const { uncached_reads_while_failing } = this.#policy;
    if (isFailing && source.reads.size >= uncached_reads_while_failing) {
      this.#refresh(key, source, entry, now);
      throw new DependencyFailing("the dependency has just failed");
    }
    return this.#wait(key, source, entry, usable);
  }

  /** Reads a value in the background: whenever it is asked to, or once in a while when the dependency fails. */
  #refresh(key: string, source: Source<Value>, entry: Entry<Value> | undefined, nowMs: number) {
    if (this.#failing.isActive(nowMs)) {
      if (this.#probed.isActive(nowMs)) return;
      this.#probed.start(nowMs);
    } else if (source.reads.size >= MAX_BACKGROUND_READS) return;
    this.#read(key, source, entry).catch(() => undefined);
  }

  async #wait(
    key: string,
    source: Source<Value>,
    entry: Entry<Value> | undefined,
    usable: Entry<Value> | undefined,
  ): Promise<Value> {
    const flightKey = this.#flightKey(key);
    const flight = this.#read(key, source, entry);
    const begun = this.#begun;
    try {
      return await withTimeout(this.#policy.wait_ms[usable ? "cached" : "uncached"], flight);
    } catch (fault) {
      if (fault instanceof TimeoutError) {
        // The read hangs, or has ended with the request that began it.
        source.reads.abandon(flightKey, flight);
        this.#countFailure(begun);
      }
      if (usable) return usable.value;
      throw fault;
    }
  }

  #read(key: string, source: Source<Value>, entry: Entry<Value> | undefined) {
    return source.reads.run(this.#flightKey(key), () => {
      const reading = this.#readNow(key, source, entry);
      source.keep(reading.catch(() => undefined));
      return reading;
    });
  }

  async #readNow(
    key: string,
    source: Source<Value>,
    entry: Entry<Value> | undefined,
  ): Promise<Value> {
    this.#begun += 1;
    const [number, generation, readAtMs] = [this.#begun, this.#generation, Date.now()];
    let value: Value;
    try {
      value = await source.read(entry?.value);
    } catch (fault) {
      this.#countFailure(number);
      throw fault;
    }
    this.#succeeded = Math.max(this.#succeeded, number);
    this.#failing.end();
    return generation === this.#generation ? this.#store(key, value, readAtMs) : value;
  }

  #countFailure(number: number): void {
    if (number <= this.#succeeded) return;
    const now = Date.now();
    if (!this.#failing.isActive(now)) this.#probed.start(now);
    this.#failing.start(now);
  }

  /** Another reader may have begun its read later and finished sooner: its value stays. */
  #store(key: string, value: Value, readAtMs: number): Value {
    const other = this.#entries.peek(key);
    if (other && other.read_at_ms > readAtMs && other.read_at_ms <= Date.now()) return other.value;
    if (value) this.#entries.set(key, { value, read_at_ms: readAtMs });
    else this.#entries.delete(key);
    return value;
  }

  #flightKey(key: string): string {
    return `${this.#generation} ${key}`;
  }
}
