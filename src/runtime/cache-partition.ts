/** One object's entries in a cache that all objects of an isolate share.
 *
 *  The 128 MB of an isolate are for all of its objects together, and several objects of a class may run in one isolate.
 *  So the cache and its bounds are a constant of a module, and each object that starts gets a partition of it. An object
 *  never finds the entries of another one, nor those of its own earlier life, which its storage may contradict. The
 *  entries of an object that has ended are not used any more, so they are the first to be evicted. */
import type { BoundedCache } from "./bounded-cache";

/** Partitions of this isolate so far. */
let partitions = 0;

export class CachePartition<Value> {
  readonly #shared: BoundedCache<Value>;
  readonly #prefix = `${++partitions} `;

  /** @param shared values must not refer to an object or its storage: they can outlive it */
  constructor(shared: BoundedCache<Value>) {
    this.#shared = shared;
  }

  /** The value, which counts as used now. */
  get(key: string): Value | undefined {
    return this.#shared.get(this.#prefix + key);
  }

  /** The value, without counting as a use. */
  peek(key: string): Value | undefined {
    return this.#shared.peek(this.#prefix + key);
  }

  /** Stores a value as the most recently used, and evicts others, also of other partitions, until the bounds hold. A value
   *  that was changed in place is set again, so that its new weight counts. */
  set(key: string, value: Value): void {
    this.#shared.set(this.#prefix + key, value);
  }

  has(key: string): boolean {
    return this.#shared.has(this.#prefix + key);
  }

  delete(key: string): void {
    this.#shared.delete(this.#prefix + key);
  }
}
