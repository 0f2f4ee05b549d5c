/** How long to wait before trying again. Growing, and bounded. */

export type Backoff = { first_ms: number; most_ms: number };

/** The delay after the `failures`-th failure in a row (1, 2, 3 …): doubled each time, up to the bound. */
export function delayMs(failures: number, { first_ms, most_ms }: Backoff): number {
  return Math.min(first_ms * 2 ** Math.max(0, failures - 1), most_ms);
}
