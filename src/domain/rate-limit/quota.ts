/** How many requests a merchant may make in a window, how they are handed out in leases, and what it may do once
 *  at a time.
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

/** Who does something that a merchant may do once at a time. It is free again when the holder says so or, if
 *  that holder is gone, at `ends_at_ms`. */
export type TaskHold = { holder: string; ends_at_ms: number };

/** Takes a hold, or extends it for the one who has it.
 *  @returns the hold as it is then, and in how many ms it is free for this holder: 0 when it has it */
export function decideHold(
  known: TaskHold | undefined,
  holder: string,
  forMs: number,
  nowMs: number,
): { hold: TaskHold; free_in_ms: number } {
  // One that would last longer than it was taken for is from a clock that has stepped back since.
  const lastsMs = known ? known.ends_at_ms - nowMs : 0;
  const isOthers = known && known.holder !== holder && lastsMs > 0 && lastsMs <= forMs;
  if (isOthers) return { hold: known, free_in_ms: lastsMs };
  return { hold: { holder, ends_at_ms: nowMs + forMs }, free_in_ms: 0 };
}

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

/** The known window goes on until its end. When the clock has stepped back before its beginning, or the setting
 *  has become shorter, it ends a whole window from now at the latest: nobody waits longer, and what is leased
 *  already still counts. */
function windowAt(known: Window | undefined, windowMs: number, nowMs: number): Window {
  if (known && known.ends_at_ms > nowMs) {
    return { ...known, ends_at_ms: Math.min(known.ends_at_ms, nowMs + windowMs) };
  }
  return { ends_at_ms: (Math.floor(nowMs / windowMs) + 1) * windowMs, leased: 0 };
}
