/** Delays a batch briefly so that callers that just got a response can join it. Most callers send their next command at
 *  once; a batch that begins before they do leaves them to the next one, for which later commands then wait.
 *  The same idea as PostgreSQL's `commit_delay`,
 *  https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-COMMIT-DELAY */

/** The shortest delay of a timer. */
const TICK_MS = 1;
/** After so many ticks without an arrival no more callers are expected. */
const QUIET_TICKS = 4;
/** The longest delay of a batch. */
const MAX_TICKS = 16;

export class CommitDelay {
  /** Responses without a command since. Callers are not distinguished: at a steady rate as many commands arrive as
   *  responses are sent, and there is no delay. */
  #expected = 0;
  #arrivals = 0;
  readonly #delays = new Set<() => void>();

  responded(): void {
    this.#expected += 1;
  }

  arrived(): void {
    this.#arrivals += 1;
    if (this.#expected > 0) this.#expected -= 1;
    if (this.#expected === 0) for (const end of this.#delays) end();
  }

  /** Resolves when every expected command has arrived, or when none arrives any more. */
  async wait(): Promise<void> {
    let quiet = 0;
    for (let tick = 0; tick < MAX_TICKS && this.#expected > 0; tick++) {
      const before = this.#arrivals;
      await this.#tick();
      quiet = this.#arrivals === before ? quiet + 1 : 0;
      if (quiet === QUIET_TICKS) this.#expected = 0;
    }
  }

  #tick(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#delays.delete(end);
        resolve();
      };
      const timer = setTimeout(end, TICK_MS);
      this.#delays.add(end);
    });
  }
}
