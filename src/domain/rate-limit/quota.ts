/** A merchant's quotas, their leases, and holds on tasks that run once at a time.
 *
 *  An isolate consumes a lease without a call for each request. The leases of a window are never more than the limit; what
 *  is left of a lease is lost when its window ends. */

/** `requests` counts every request. A list also counts as one of `lists`, because it reads many rows. `repeats` counts
 *  creates over the limit that are looked up, because they may repeat an earlier create. */
export type Policy = "requests" | "lists" | "repeats";

export type Quota = { policy: Policy; limit: number; window_ms: number };

/** A window and how much of the quota is leased already. */
export type Window = { ends_at_ms: number; leased: number };

/** `tokens` are the requests of this lease, `left` the rest of the quota. The end is relative: clocks may differ. */
export type Lease = { tokens: number; left: number; ends_in_ms: number };

/** A lease is this part of the limit, or as many requests as wait: at most some 130 calls in a window whatever the limit
 *  is, and an idle isolate withholds at most a 64th of the limit. */
const LEASES_IN_LIMIT = 64;

/** The holder of a task that a merchant may run once at a time. The task is free when the holder ends the hold, or at
 *  `ends_at_ms`. */
export type TaskHold = { holder: string; ends_at_ms: number };

/** Takes a hold, or extends it for its holder.
 *  @returns the hold as it is then, and in how many ms the task is free for this holder: 0 when it has the task */
export function decideHold(
  known: TaskHold | undefined,
  holder: string,
  forMs: number,
  nowMs: number,
): { hold: TaskHold; free_in_ms: number } {
  // A hold that would last longer than its length was taken before the clock stepped back.
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

/** The current window goes on until its end. When the clock has stepped back before its beginning, or the setting has
 *  become shorter, it ends one window from now at the latest, and what is leased still counts. */
function windowAt(known: Window | undefined, windowMs: number, nowMs: number): Window {
  if (known && known.ends_at_ms > nowMs) {
    return { ...known, ends_at_ms: Math.min(known.ends_at_ms, nowMs + windowMs) };
  }
  return { ends_at_ms: (Math.floor(nowMs / windowMs) + 1) * windowMs, leased: 0 };
}
