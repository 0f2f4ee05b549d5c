/** One result for everyone who asks within a short time. The first to ask makes it; whoever comes meanwhile waits
 *  for the same one, so that however many ask, it is made once at a time. */
import { TimeoutError, withTimeout } from "./with-timeout";

export class SharedResult<Value> {
  readonly #maxAgeMs: number;
  readonly #limitMs: number;
  #made: { value: Value; at_ms: number } | undefined;
  #making: Promise<Value> | undefined;

  /** @param maxAgeMs how old a result may be, from the moment on at which it was made
   *  @param limitMs longer than making one takes. Whoever has waited so long begins anew: in a Worker what is being
   *    made belongs to the request that began it, and may have ended with it. */
  constructor(maxAgeMs: number, limitMs: number) {
    this.#maxAgeMs = maxAgeMs;
    this.#limitMs = limitMs;
  }

  /** @param make ends by itself; what it throws goes to everyone who waits for it, and is not kept
   *  @param now the time in ms, asked again when the result is there
   *  @param keep is given what others wait for, and sees to it that it goes on when this request is gone */
  async get(
    make: () => Promise<Value>,
    now: () => number,
    keep: (making: Promise<unknown>) => void,
  ): Promise<Value> {
    const made = this.#made;
    // A result from the future is from before the clock stepped back.
    const age = made ? now() - made.at_ms : -1;
    if (made && age >= 0 && age < this.#maxAgeMs) return made.value;
    if (!this.#making) this.#begin(make, now, keep);
    const making = this.#making;
    try {
      return await withTimeout(this.#limitMs, making as Promise<Value>); // Begun just above, if not before.
    } catch (fault) {
      if (!(fault instanceof TimeoutError)) throw fault;
      if (this.#making === making) this.#making = undefined;
      return this.get(make, now, keep);
    }
  }

  #begin(
    make: () => Promise<Value>,
    now: () => number,
    keep: (making: Promise<unknown>) => void,
  ): void {
    const making = make().then((value) => {
      this.#made = { value, at_ms: now() };
      return value;
    });
    const end = () => {
      if (this.#making === making) this.#making = undefined;
    };
    this.#making = making;
    keep(making.then(end, end));
  }
}
