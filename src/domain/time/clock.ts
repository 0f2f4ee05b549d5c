/** Times that were written down and are compared with a clock that may have been set back since, or that was
 *  ahead when they were written. No wait is longer than the longest one that can be right.
 *
 *  A clock is not to be trusted to only go forward: machines correct theirs, and an object may start again
 *  on a machine whose clock is behind. Nothing in here reads a clock. */

/** Whether a wait until `atMs` is over. One that ends further away than any wait does was written by a clock
 *  that was ahead, and is over: else it would last as long as that clock was wrong.
 *  @param longestMs the longest wait that there is for this */
export function isDue(atMs: number, nowMs: number, longestMs: number): boolean {
  return atMs <= nowMs || atMs - nowMs > longestMs;
}

/** When a wait until `atMs` is over, by the same rule. */
export function dueAtMs(atMs: number, nowMs: number, longestMs: number): number {
  return isDue(atMs, nowMs, longestMs) ? Math.min(atMs, nowMs) : atMs;
}

/** How old something is that was learnt at `thenMs`. What was learnt in the future has no known age, and so is
 *  older than anything: `Infinity`. */
export function ageMs(thenMs: number, nowMs: number): number {
  return thenMs > nowMs ? Number.POSITIVE_INFINITY : nowMs - thenMs;
}

/** Sees that a clock has gone back, for whoever keeps many times: those in the future are corrected once then,
 *  instead of being doubted each time they are read. */
export class ClockWatch {
  #latestMs = Number.POSITIVE_INFINITY;

  /** @returns true at first, because nobody knows the clock of before, and whenever it has gone back */
  hasGoneBack(nowMs: number): boolean {
    const hasGoneBack = nowMs < this.#latestMs;
    this.#latestMs = nowMs;
    return hasGoneBack;
  }
}
