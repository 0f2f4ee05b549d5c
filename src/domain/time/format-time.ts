/** Times as the API, the logs and stored texts have them. */

const MS_PER_SECOND = 1_000;
const DIGITS = Array.from({ length: MS_PER_SECOND }, (_, ms) => String(ms).padStart(3, "0"));

/** The last second that was formatted, and its text up to the milliseconds. `Date` takes four times as long, and most times
 *  that are formatted together are of the same second. */
let last = { second: Number.NaN, text: "" };

/** A time in ms as RFC 3339 in UTC, with milliseconds: the text of `Date.prototype.toISOString`.
 *  @throws RangeError when it is more than a second outside of the times that `Date` has */
export function formatTime(ms: number): string {
  const whole = Math.trunc(ms);
  const second = Math.floor(whole / MS_PER_SECOND);
  if (second !== last.second) {
    const text = new Date(second * MS_PER_SECOND).toISOString().slice(0, -"000Z".length);
    last = { second, text };
  }
  return `${last.text}${DIGITS[whole - second * MS_PER_SECOND]}Z`;
}
