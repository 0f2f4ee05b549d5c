/** Who is about to call. A caller that has been answered mostly comes back at once with its next command, and
 *  a round that begins without it leaves it to a round of its own, which all others then wait for. */

/** The shortest wait there is. */
const TICK_MS = 1;
/** Those still away after so many ticks without anybody are not coming. */
const QUIET_TICKS = 4;
/** The longest that anybody waits for others. */
const MOST_TICKS = 16;

export class CommitDelay {
  /** Callers who have been answered and have not come since. Who comes is not told apart: at a steady pace as
   *  many come as are answered, and nobody is waited for. */
  #away = 0;
  #arrivals = 0;
  readonly #waits = new Set<() => void>();

  responded(): void {
    this.#away += 1;
  }

  arrived(): void {
    this.#arrivals += 1;
    if (this.#away > 0) this.#away -= 1;
    if (this.#away === 0) for (const end of this.#waits) end();
  }

  /** Waits until everybody is back, or nobody comes any more. */
  async wait(): Promise<void> {
    let quiet = 0;
    for (let tick = 0; tick < MOST_TICKS && this.#away > 0; tick++) {
      const before = this.#arrivals;
      await this.#tick();
      quiet = this.#arrivals === before ? quiet + 1 : 0;
      if (quiet === QUIET_TICKS) this.#away = 0;
    }
  }

  #tick(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waits.delete(end);
        resolve();
      };
      const timer = setTimeout(end, TICK_MS);
      this.#waits.add(end);
    });
  }
}
