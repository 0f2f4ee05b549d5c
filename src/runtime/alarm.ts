/** An object's one alarm, as the object knows it: set for the earliest time, and never put off. */

/** An alarm that is so late will not come by itself for long: the runtime calls within a moment, or, when the
 *  object could not start or not write, at its own later and later times. */
const LATE_MS = 2_000;

export class Alarm {
  readonly #storage: DurableObjectStorage;
  readonly #leastMs: number;
  readonly #dueAtMs: (nowMs: number) => (number | undefined)[];
  #atMs = Number.POSITIVE_INFINITY;
  #isRenewing = false;

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
  fired(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  /** Sets it for open work, in the same commit as the work itself. */
  arm(nowMs: number): void {
    if (this.#atMs <= nowMs + this.#leastMs) return;
    const atMs = this.#nextMs(nowMs);
    if (atMs >= this.#atMs) return; // Without open work this is infinite.
    this.#atMs = atMs;
    void this.#storage.setAlarm(atMs);
  }

  /** The same for a call that has written. When its write arrives although the alarm is late, there was trouble
   *  and it is over, and the runtime is still waiting longer and longer before it calls again. Setting the
   *  alarm to another time does not change that; deleting it does, once that is stored. Never in a
   *  constructor: there the trouble may still be going on, and would end the object once more. */
  armAfterWrite(nowMs: number): void {
    const isLate = nowMs - this.#atMs >= LATE_MS;
    if (!isLate) this.arm(nowMs);
    // A write that fails ends the object by itself.
    else if (!this.#isRenewing) void this.#renew().catch(() => {});
  }

  async #renew(): Promise<void> {
    this.#isRenewing = true;
    try {
      await this.#storage.sync();
      await this.#storage.deleteAlarm();
      await this.#storage.sync();
      this.#atMs = Number.POSITIVE_INFINITY;
      this.arm(Date.now());
    } finally {
      this.#isRenewing = false;
    }
  }

  #nextMs(nowMs: number): number {
    return nextAlarmMs(this.#dueAtMs(nowMs), this.#leastMs, nowMs) ?? Number.POSITIVE_INFINITY;
  }
}

/** The earliest of these times, but no sooner than in `leastMs`; undefined when there is none. */
export function nextAlarmMs(
  dueAtMs: (number | undefined)[],
  leastMs: number,
  nowMs: number,
): number | undefined {
  const times = dueAtMs.filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(Math.min(...times), nowMs + leastMs);
}
