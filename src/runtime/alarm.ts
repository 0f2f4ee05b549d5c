/** An object's one alarm: set for the earliest due time, and never moved to a later one. */

/** An alarm that is later than this is in the runtime's backoff: it rings within a moment, or, after the object failed to
 *  start or to write, after growing delays. */
const LATE_MS = 2_000;

export class Alarm {
  readonly #storage: DurableObjectStorage;
  readonly #leastMs: number;
  readonly #dueAtMs: (nowMs: number) => (number | undefined)[];
  #atMs = Number.POSITIVE_INFINITY;
  #isRenewing = false;

  /** @param leastMs the shortest time to the next alarm
   *  @param dueAtMs when each kind of open work is due; undefined when none of that kind is open */
  constructor(
    storage: DurableObjectStorage,
    leastMs: number,
    dueAtMs: (nowMs: number) => (number | undefined)[],
  ) {
    this.#storage = storage;
    this.#leastMs = leastMs;
    this.#dueAtMs = dueAtMs;
  }

  /** Reads the alarm that was set before the object started. */
  async read(): Promise<void> {
    this.#atMs = (await this.#storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
  }

  /** The alarm has rung, and so is no longer set. */
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

  /** The same for a call that has written. A write that succeeds while the alarm is late means that storage had failed
   *  and works again, while the runtime's backoff goes on. Setting the alarm to another time does not end the backoff;
   *  deleting it does, once the deletion is stored. Never in a constructor: there storage may still fail, which would end
   *  the object again. */
  armAfterWrite(nowMs: number): void {
    const isLate = nowMs - this.#atMs >= LATE_MS;
    if (!isLate) this.arm(nowMs);
    // A write that fails ends the object.
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
