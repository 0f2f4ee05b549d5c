/** Retry-After and the dates of HTTP, as servers that we do not know send them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseHttpDate } from "../../../../src/domain/time/http-date";
import { retryAfterMs } from "../../../../src/domain/time/retry-after";

const NOW_MS = Date.UTC(2026, 10, 22, 21);
const MOST_MS = 300_000;

it.each([
  "45.5",
  "45,5",
  "45, 60",
  "+45",
  "-45",
  "4 5",
  "45s",
  "0x2d",
  "4.5e1",
  "Infinity",
  "\u00a045",
  "\u0664\u0665",
  "2045-01-01",
  "2026-11-22T21:00:30Z",
  "22 Nov 2026 21:00:30 GMT",
  "Nov 22 2026",
  "Sun Nov 22 2026 21:00:30 GMT+0000",
  "Sun, 22 Nov 2026 21:00:30 UTC",
  "Sun, 22 Nov 2026 21:00:30 +0000",
  "sun, 22 nov 2026 21:00:30 gmt",
  "Mon, 22 Nov 2026 21:00:30 GMT",
  "Sun, 22 Nov 2026 24:00:00 GMT",
  "Mon, 31 Nov 2026 21:00:30 GMT",
  "Sun, 22 Nov 2026 21:00 GMT",
  "Sun, 22 Nov 2026 21:00:30 GMT;x",
])("No wait is read from Retry-After: %s, which is neither seconds nor an HTTP date", (header) => {
  // JavaScript's own parser reads most of these as some day of some year.
  expect(retryAfterMs(header, NOW_MS, MOST_MS)).toBeUndefined();
});

it.each<[string | null, number | undefined]>([
  [null, undefined],
  ["", undefined],
  ["0", undefined],
  ["later", undefined],
  ["45", 45_000],
  [" \t45 ", 45_000],
  ["045", 45_000],
  ["9".repeat(400), MOST_MS],
  ["Sun, 22 Nov 2026 21:00:45 GMT", 45_000],
  ["Sunday, 22-Nov-26 21:00:45 GMT", 45_000],
  ["Sun Nov 22 21:00:45 2026", 45_000],
  ["Sun, 22 Nov 2026 20:59:59 GMT", undefined],
  ["Sun, 22 Nov 2099 21:00:00 GMT", MOST_MS],
])("The wait of Retry-After: %s is read", (header, expected) => {
  expect(retryAfterMs(header, NOW_MS, MOST_MS)).toBe(expected);
});

it.each([
  ["Sun, 06 Nov 1994 08:49:37 GMT"],
  ["Sunday, 06-Nov-94 08:49:37 GMT"],
  ["Sun Nov  6 08:49:37 1994"],
])("The example date of RFC 9110, %s, is read", (text) => {
  expect(parseHttpDate(text, NOW_MS)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
});

it("A leap second is read as the second after it", () => {
  expect(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW_MS)).toBe(Date.UTC(2017, 0, 1));
});

it("Two digits of a year are read as the century that is at most 50 years ahead", () => {
  expect(parseHttpDate("Friday, 22-Nov-75 21:00:00 GMT", NOW_MS)).toBe(Date.UTC(2075, 10, 22, 21));
  expect(parseHttpDate("Tuesday, 22-Nov-77 21:00:00 GMT", NOW_MS)).toBe(Date.UTC(1977, 10, 22, 21));
});

it("Every time that JavaScript writes as an HTTP date is read", () => {
  const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1_000 });
  fc.assert(
    fc.property(seconds, (at) => {
      expect(parseHttpDate(new Date(at * 1_000).toUTCString(), NOW_MS)).toBe(at * 1_000);
    }),
  );
});
