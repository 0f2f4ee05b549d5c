/** The date of an HTTP header (RFC 9110, 5.6.7), read strictly: one of the three forms, or nothing.
 *  `Date.parse` reads "45.5" as a day in the year 2045. */

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAY = `(?<day>${DAYS.map((day) => day.slice(0, 3)).join("|")})`;
const LONG_DAY = `(?<day>${DAYS.join("|")})`;
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";
const FORMS = [
  `${DAY}, (?<date>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`, // IMF-fixdate
  `${LONG_DAY}, (?<date>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`, // RFC 850
  `${DAY} ${MONTH} (?<date>\\d\\d| \\d) ${TIME} (?<year>\\d{4})`, // asctime
].map((form) => new RegExp(`^${form}$`));

const CENTURY = 100;
/** A year of two digits is not further ahead than this (RFC 9110, 5.6.7). */
const MOST_YEARS_AHEAD = 50;

/** Milliseconds since 1970, or undefined when the text is no HTTP date or the day does not exist.
 *  @param nowMs decides the century of a year of two digits */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const found = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!found) return undefined;
  const { day = "", date, month = "", year = "", hour, minute, second } = found;
  const at = new Date(0);
  at.setUTCFullYear(fullYear(year, nowMs), MONTHS.indexOf(month), Number(date));
  const isThere = at.getUTCDate() === Number(date) && DAYS[at.getUTCDay()]?.startsWith(day);
  return isThere ? at.setUTCHours(Number(hour), Number(minute), Number(second)) : undefined;
}

function fullYear(year: string, nowMs: number): number {
  if (year.length > 2) return Number(year);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const sameCentury = thisYear - (thisYear % CENTURY) + Number(year);
  return sameCentury > thisYear + MOST_YEARS_AHEAD ? sameCentury - CENTURY : sameCentury;
}
