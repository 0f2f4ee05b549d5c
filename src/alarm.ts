/** An object's one alarm, as the object knows it: set for the earliest time, and never put off. */

export class Alarm {
  readonly #storage: DurableObjectStorage;
  readonly #leastMs: number;
  readonly #dueAtMs: (nowMs: number) => (number | undefined)[];
  #atMs = Number.POSITIVE_INFINITY;

  /** @param leastMs it rings no sooner than after this, which is soon enough for everything
   *  @param dueAtMs when each kind of open work wants it; undefined when none of that kind is open */
  constructor(
    storage: DurableObjectStorage,
    leastMs: number,
    dueAtMs: (nowMs: number) => (number | undefined)[],
  ) {
    this.#storage = storage;
    this.#leastMs = leastMs;
    this.#dueAtMs = dueAtMs;
  }

  /** Learns what the object set before it was last started. */
  async read(): Promise<void> {
    this.#atMs = (await this.#storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
  }

  /** It has rung, and so is no longer set. */
  rang(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  /** Sets it for open work, in the same commit as the work itself. */
  arm(nowMs: number): void {
    if (this.#atMs <= nowMs + this.#leastMs) return;
    const times = this.#dueAtMs(nowMs).filter((time) => time !== undefined);
    const atMs = Math.max(Math.min(...times), nowMs + this.#leastMs);
    if (atMs >= this.#atMs) return; // Without open work this is infinite.
    this.#atMs = atMs;
    void this.#storage.setAlarm(atMs);
  }
}
