/** Exponential backoff: how long to wait before another attempt. The delays grow, and are bounded. */

export type Backoff = { first_ms: number; most_ms: number };

/** The delay after the `failures`-th failure in a row (1, 2, 3 …): doubled each time, up to the bound. */
export function delayMs(failures: number, { first_ms, most_ms }: Backoff): number {
  return Math.min(first_ms * 2 ** Math.max(0, failures - 1), most_ms);
}

/** Failures in a row, and until when the next attempt waits. */
export type BackoffState = { failures: number; until_ms: number };

/** Nothing has failed. */
export const NO_BACKOFF: BackoffState = { failures: 0, until_ms: 0 };

/** The state after one more failure.
 *  @param leastMs a wait that the other side has requested: the next attempt is not sooner */
export function afterFailure(
  { failures }: BackoffState,
  nowMs: number,
  backoff: Backoff,
  leastMs = 0,
): BackoffState {
  const delay = Math.max(delayMs(failures + 1, backoff), leastMs);
  return { failures: failures + 1, until_ms: nowMs + delay };
}
