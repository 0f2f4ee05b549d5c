/** Durations as short text. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Up to here hours say more than days. */
const MOST_HOURS = 48;

/** The duration, rounded down: 12 min, 3 h, 2 days 23 h. */
export function durationText(ms: number): string {
  if (ms < MINUTE_MS) return "less than a minute";
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < MOST_HOURS * HOUR_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
  return `${Math.floor(ms / DAY_MS)} days${hours === 0 ? "" : ` ${hours} h`}`;
}

/** How long a number of seconds is, exactly: 3 days, 90 minutes, 45 seconds. */
export function secondsText(seconds: number): string {
  const ms = seconds * 1_000;
  if (ms % DAY_MS === 0) return plural(ms / DAY_MS, "day");
  if (ms % HOUR_MS === 0) return plural(ms / HOUR_MS, "hour");
  if (ms % MINUTE_MS === 0) return plural(ms / MINUTE_MS, "minute");
  return plural(seconds, "second");
}

/** A number with its noun: 1 day, 3 days. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
