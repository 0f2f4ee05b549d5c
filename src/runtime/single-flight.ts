/** Single flight: work under one key runs once at a time, and callers that arrive meanwhile share its result.
 *
 *  A drain of an outbox does not use it: between the end of a promise and its `finally` a caller would join work that
 *  has already read everything, and the event that it committed would wait for the next drain. */

export class SingleFlight<Key, Value> {
  readonly #flights = new Map<Key, Promise<Value>>();

  /** How many keys have work under way. */
  get size(): number {
    return this.#flights.size;
  }

  has(key: Key): boolean {
    return this.#flights.has(key);
  }

  /** The result of the work under way, which is started if there is none. A fault goes to every caller that shares
   *  the work, and is not kept.
   *  @param start must return its promise without throwing */
  run(key: Key, start: () => Promise<Value>): Promise<Value> {
    const underWay = this.#flights.get(key);
    if (underWay) return underWay;
    const flight = start().finally(() => this.abandon(key, flight));
    this.#flights.set(key, flight);
    return flight;
  }

  /** Lets the next caller start anew although this work has not ended: it hangs, or the request that started it is
   *  gone. Work that was started since stays. */
  abandon(key: Key, flight: Promise<Value>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
