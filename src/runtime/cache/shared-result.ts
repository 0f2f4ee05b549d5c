/** One result for all requests within a short time: the first one makes it, the others wait for it or get the last
 *  one. However many requests there are, it is made once at a time. */
import { ageMs } from "../../domain/time/clock";
import { SingleFlight } from "../single-flight";
import { TimeoutError, withTimeout } from "../with-timeout";

export class SharedResult<Value> {
  readonly #maxAgeMs: number;
  readonly #limitMs: number;
  readonly #flights = new SingleFlight<"only", Value>();
  #made: { value: Value; at_ms: number } | undefined;

  /** @param maxAgeMs how old a result may be, from the moment at which it was made
   *  @param limitMs longer than making one takes. A request that has waited so long starts anew: in a Worker, work
   *    belongs to the request that started it, and may have ended with it. */
  constructor(maxAgeMs: number, limitMs: number) {
    this.#maxAgeMs = maxAgeMs;
    this.#limitMs = limitMs;
  }

  /** @param make ends in any case; what it throws goes to every request that waits for it, and is not kept
   *  @param now the time in ms, read again when the result is there
   *  @param keep receives the work, and lets it outlive the request that started it (`waitUntil`) */
  async get(
    make: () => Promise<Value>,
    now: () => number,
    keep: (making: Promise<unknown>) => void,
  ): Promise<Value> {
    const made = this.#made;
    if (made && ageMs(made.at_ms, now()) < this.#maxAgeMs) return made.value;
    const flight = this.#flights.run("only", () => {
      const making = this.#make(make, now);
      keep(making.catch(() => undefined));
      return making;
    });
    try {
      return await withTimeout(this.#limitMs, flight);
    } catch (fault) {
      if (!(fault instanceof TimeoutError)) throw fault;
      this.#flights.abandon("only", flight);
      return this.get(make, now, keep);
    }
  }

  async #make(make: () => Promise<Value>, now: () => number): Promise<Value> {
    const value = await make();
    this.#made = { value, at_ms: now() };
    return value;
  }
}
