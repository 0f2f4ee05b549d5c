/** How many requests a merchant may make in a window, and how they are handed out in leases.
 *
 *  Whoever serves requests spends a lease by itself, so that a request costs no question. What is handed out
 *  is never more than the limit; a lease that nobody spends is lost when its window ends. */

/** `requests` counts everything. A list counts as one of `lists` too, because it reads many rows. `repeats`
 *  are questions whether a create over the limit was answered before. */
export type Policy = "requests" | "lists" | "repeats";

export type Quota = { policy: Policy; limit: number; window_ms: number };

/** A window and how much of the quota is in leases already. */
export type Window = { ends_at_ms: number; leased: number };

/** `tokens` requests for the one who asked; `left` is what nobody has yet. It ends in so many ms by any clock. */
export type Lease = { tokens: number; left: number; ends_in_ms: number };

/** A lease is this part of the limit, or as much as is wanted at once: at most some 130 questions in a window whatever
 *  the limit is, and nobody who sits on a lease keeps more than a 64th of it from the others. */
const LEASES_IN_LIMIT = 64;

/** The next lease. Windows begin at multiples of their length.
 *  @param wanted requests that are waiting for it, one at least */
export function decideLease(
  known: Window | undefined,
  { limit, window_ms }: Quota,
  wanted: number,
  nowMs: number,
): { window: Window; lease: Lease } {
  const { ends_at_ms, leased } = windowAt(known, window_ms, nowMs);
  const free = Math.max(0, limit - leased);
  const tokens = Math.min(free, Math.max(wanted, Math.floor(limit / LEASES_IN_LIMIT)));
  return {
    window: { ends_at_ms, leased: leased + tokens },
    lease: { tokens, left: free - tokens, ends_in_ms: ends_at_ms - nowMs },
  };
}

/** The known window goes on until its end, also when the clock has stepped back before its beginning; one
 *  that ends further away than any window does is from another clock or another setting. */
function windowAt(known: Window | undefined, windowMs: number, nowMs: number): Window {
  if (known && known.ends_at_ms > nowMs && known.ends_at_ms - nowMs <= 2 * windowMs) return known;
  return { ends_at_ms: (Math.floor(nowMs / windowMs) + 1) * windowMs, leased: 0 };
}
