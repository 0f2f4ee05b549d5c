/** Times that come from outside as text, after RFC 3339: an instant, with as many decimals as were sent. */

/** The milliseconds since 1970 around an instant. They differ where its fraction is finer than a millisecond,
 *  so that a stored time, which has milliseconds, is compared exactly: it is after the instant when it is above
 *  `floor_ms`, and before it when it is below `ceil_ms`. */
export type Instant = { floor_ms: number; ceil_ms: number };

/** The ways to bound a time: after, from, before, up to. */
export const LOWER_BOUNDS = ["gt", "gte"] as const;
const UPPER_BOUNDS = ["lt", "lte"] as const;
export type Bound = (typeof LOWER_BOUNDS)[number] | (typeof UPPER_BOUNDS)[number];

/** Whole milliseconds from `from_ms` on and before `until_ms`; undefined where there is no end. */
export type TimeRange = { from_ms: number | undefined; until_ms: number | undefined };

/** Far longer than any time that is meant: the standard sets no limit to the fraction. */
const MAX_CHARACTERS = 64;
const MS_DIGITS = 3;
const MS_PER_MINUTE = 60_000;
const MINUTES_PER_HOUR = 60;
const MAX_HOUR = 23;
const MAX_MINUTE = 59;
/** RFC 3339 has years of four digits. */
const FIRST_MS = Date.parse("0000-01-01T00:00:00.000Z");
export const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

const DATE = /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/;
/** Seconds may be missing, which the standard does not allow and this API has always taken. */
const CLOCK = /(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d+))?)?/;
const OFFSET = /(?:z|(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d))$/;
const TIME = new RegExp(`${DATE.source}t${CLOCK.source}${OFFSET.source}`, "i");

/** An instant from RFC 3339 text, `T` and `Z` in either case; undefined when it is none. A leap second is
 *  taken where one can be, as the last second of a month in UTC (RFC 3339, appendix D), and is the second that follows it,
 *  because computers' clocks do not count it. */
export function parseInstant(text: string): Instant | undefined {
  const parts = text.length <= MAX_CHARACTERS ? TIME.exec(text)?.groups : undefined;
  if (!parts) return undefined;
  const [year, month, day] = [Number(parts.year), Number(parts.month), Number(parts.day)];
  const [hour, minute] = [Number(parts.hour), Number(parts.minute)];
  const second = Number(parts.second ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > MAX_HOUR || minute > MAX_MINUTE) return undefined;
  const offsetMs = parseOffsetMs(parts);
  if (offsetMs === undefined) return undefined;
  const minuteMs = date.setUTCHours(hour, minute) - offsetMs;
  const wholeMs = minuteMs + second * 1_000;
  if (second > MAX_MINUTE + 1 || (second > MAX_MINUTE && !isMonthStart(wholeMs))) return undefined;
  const fraction = parts.fraction ?? "";
  const floor_ms = wholeMs + Number(fraction.slice(0, MS_DIGITS).padEnd(MS_DIGITS, "0"));
  if (floor_ms < FIRST_MS || floor_ms > LAST_MS) return undefined;
  const isFiner = /[1-9]/.test(fraction.slice(MS_DIGITS));
  return { floor_ms, ceil_ms: isFiner ? floor_ms + 1 : floor_ms };
}

/** Whether one instant is later than another, with millisecond precision. */
export function isAfter(one: Instant, other: Instant): boolean {
  if (one.floor_ms !== other.floor_ms) return one.floor_ms > other.floor_ms;
  return one.ceil_ms > other.ceil_ms;
}

/** The stored times that all of these bounds hold for. */
export function rangeWithin(bounds: readonly { bound: Bound; instant: Instant }[]): TimeRange {
  let from: number | undefined;
  let until: number | undefined;
  for (const { bound, instant } of bounds) {
    const { floor_ms, ceil_ms } = instant;
    if (bound === "gt") from = Math.max(from ?? floor_ms + 1, floor_ms + 1);
    if (bound === "gte") from = Math.max(from ?? ceil_ms, ceil_ms);
    if (bound === "lt") until = Math.min(until ?? ceil_ms, ceil_ms);
    if (bound === "lte") until = Math.min(until ?? floor_ms + 1, floor_ms + 1);
  }
  return { from_ms: from, until_ms: until };
}

/** How far local time is ahead of UTC; undefined when that is no offset. */
function parseOffsetMs({ sign, hours, minutes }: Record<string, string | undefined>) {
  if (sign === undefined) return 0;
  const [ahead, rest] = [Number(hours), Number(minutes)];
  if (ahead > MAX_HOUR || rest > MAX_MINUTE) return undefined;
  return (sign === "-" ? -1 : 1) * (ahead * MINUTES_PER_HOUR + rest) * MS_PER_MINUTE;
}

function isMonthStart(ms: number): boolean {
  const date = new Date(ms);
  return date.getUTCDate() === 1 && ms % (24 * MINUTES_PER_HOUR * MS_PER_MINUTE) === 0;
}
