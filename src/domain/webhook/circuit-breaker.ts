/** The circuit breaker of a webhook endpoint: after failures in a row attempts pause for a cooldown, one attempt at a
 *  time follows, and an endpoint that keeps failing for days is disabled. */
import { type Backoff, delayMs } from "../time/backoff";

/** After so many failures in a row an endpoint gets one attempt at a time, after a cooldown. */
const FAILURES_TO_COOLDOWN = 10;

export const LONGEST_COOLDOWN_MS = 60_000;

const COOLDOWN: Backoff = { first_ms: 1_000, most_ms: LONGEST_COOLDOWN_MS };

const MAX_IN_FLIGHT = 20;

/** An endpoint that has failed without a break for this long is disabled. */
export const DISABLE_AFTER_MS = 3 * 86_400_000;

/** How many attempts an endpoint may have under way, by its failures in a row. */
export function inFlightLimit(failures: number): number {
  return needsCooldown(failures) ? 1 : MAX_IN_FLIGHT;
}

/** Whether an endpoint has failed so often in a row that it needs a cooldown. */
export function needsCooldown(failures: number): boolean {
  return failures >= FAILURES_TO_COOLDOWN;
}

/** The length of a cooldown in ms. @param rests how many cooldowns there were in a row, this one included */
export function cooldownMs(rests: number): number {
  return delayMs(rests, COOLDOWN);
}
