/** Compares stored times with a clock that may have been set back since, or that was ahead when they were stored. No wait
 *  is longer than the longest legal one.
 *
 *  A clock does not only go forward: machines correct theirs, and an object may start again on a machine whose clock is
 *  behind. Nothing here reads a clock. */

/** Whether a wait until `atMs` is over. A wait beyond the longest legal one was stored by a clock that was ahead, and is
 *  over: otherwise it would last as long as that clock was wrong.
 *  @param longestMs the longest legal wait, in ms */
export function isDue(atMs: number, nowMs: number, longestMs: number): boolean {
  return atMs <= nowMs || atMs - nowMs > longestMs;
}

/** When a wait until `atMs` is over, by the same rule. */
export function dueAtMs(atMs: number, nowMs: number, longestMs: number): number {
  return isDue(atMs, nowMs, longestMs) ? Math.min(atMs, nowMs) : atMs;
}

/** The age in ms of something from `thenMs`. A time in the future has no age, and counts as `Infinity`. */
export function ageMs(thenMs: number, nowMs: number): number {
  return thenMs > nowMs ? Number.POSITIVE_INFINITY : nowMs - thenMs;
}

/** Detects that a clock has gone back. For stores of many times: those in the future are corrected once, instead of being
 *  checked at each read. */
export class ClockWatch {
  #latestMs = Number.POSITIVE_INFINITY;

  /** @returns true at the first call, since the clock before is unknown, and whenever the clock has gone back */
  hasGoneBack(nowMs: number): boolean {
    const hasGoneBack = nowMs < this.#latestMs;
    this.#latestMs = nowMs;
    return hasGoneBack;
  }
}
