/** When a webhook delivery is attempted again, and how often. */
import { type Backoff, delayMs } from "../time/backoff";

/** With delays that double from a second to twelve hours 22 attempts take about 78 hours. */
export const MAX_ATTEMPTS = 22;

const RETRIES: Backoff = { first_ms: 1_000, most_ms: 43_200_000 };

/** Spreads the retries of deliveries that failed together. */
const JITTER = 0.2;

/** The longest delay before an attempt, in ms. */
export const LONGEST_RETRY_MS = RETRIES.most_ms * (1 + JITTER);

/** The longest wait that a receiver may ask for by `Retry-After`. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** How long to wait after the `attempts`-th failed attempt.
 *  @param askedMs the delay in ms that the receiver requested; 0 for none
 *  @param random from 0 to 1. */
export function retryDelayMs(attempts: number, askedMs: number, random: number): number {
  const delay = delayMs(attempts, RETRIES);
  return Math.round(Math.max(delay * (1 - JITTER + 2 * JITTER * random), askedMs));
}
