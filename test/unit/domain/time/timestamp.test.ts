/** Times from outside: what RFC 3339 allows, and exact comparison with stored milliseconds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bound, parseInstant, rangeWithin } from "../../../../src/domain/time/timestamp";

const at = (text: string) => Date.parse(text);

describe("a time from outside", () => {
  it.each([
    ["2026-11-22T21:00:00Z", "2026-11-22T21:00:00.000Z"],
    ["2026-11-22t21:00:00z", "2026-11-22T21:00:00.000Z"],
    ["2026-11-22T21:00:00.5Z", "2026-11-22T21:00:00.500Z"],
    ["2026-11-22T23:30:00.123+02:30", "2026-11-22T21:00:00.123Z"],
    ["2026-11-22T21:00:00-00:00", "2026-11-22T21:00:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"],
    ["0099-03-01T00:00:00Z", "0099-03-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    ["2026-11-22T21:00Z", "2026-11-22T21:00:00.000Z"],
    // Leap seconds, the last two of which were real ones.
    ["1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"],
    ["1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"],
    ["2016-12-31T23:59:60.25Z", "2017-01-01T00:00:00.250Z"],
  ])("%s is %s", (text, utc) => {
    expect(parseInstant(text)).toEqual({ floor_ms: at(utc), ceil_ms: at(utc) });
  });

  it.each([
    "",
    "yesterday",
    "1767225600",
    "2026-11-22",
    "2026-11-22T21:00:00",
    "2026-11-22 21:00:00Z",
    "2026-11-22T21:00:00 Z",
    " 2026-11-22T21:00:00Z",
    "2026-11-22T21:00:00Z\n",
    "2026-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:61Z",
    "2026-01-01T23:59:60Z", // No month ends here.
    "2016-12-31T22:59:60Z",
    "2016-12-31T23:59:60+01:00",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+01:60",
    "2026-01-01T00:00:00+0100",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00,5Z",
    "0000-01-01T00:00:00+00:01", // The year before the first.
    "9999-12-31T23:59:59-00:01",
    "9999-12-31T23:59:60Z",
    "+002026-01-01T00:00:00Z",
    "٢٠٢٦-01-01T00:00:00Z",
    `2026-01-01T00:00:00.${"0".repeat(100)}Z`,
  ])("%j is not a timestamp", (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it("A timestamp keeps a fraction that is finer than a millisecond", () => {
    const ms = at("2026-11-22T21:00:00.123Z");
    expect(parseInstant("2026-11-22T21:00:00.123000001Z")).toEqual({
      floor_ms: ms,
      ceil_ms: ms + 1,
    });
    expect(parseInstant("2026-11-22T21:00:00.123000000Z")).toEqual({ floor_ms: ms, ceil_ms: ms });
  });

  it("A timestamp is the instant that Date reads, wherever Date reads it", () => {
    const date = fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9998-12-31T00:00:00Z"),
      noInvalidDate: true,
    });
    const offset = fc.integer({ min: -23 * 60, max: 23 * 60 });
    fc.assert(
      fc.property(date, offset, (moment, minutes) => {
        const local = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
        const ahead = Math.abs(minutes);
        const sign = minutes < 0 ? "-" : "+";
        const text = `${local}${sign}${two(ahead / 60)}:${two(ahead % 60)}`;
        expect(parseInstant(text)?.floor_ms).toBe(Date.parse(text));
      }),
    );
  });
});

describe("bounds of times", () => {
  /** Compares in whole microseconds, with numbers that are exact. */
  const HOLDS: Record<Bound, (storedUs: number, boundUs: number) => boolean> = {
    gt: (stored, bound) => stored > bound,
    gte: (stored, bound) => stored >= bound,
    lt: (stored, bound) => stored < bound,
    lte: (stored, bound) => stored <= bound,
  };
  const base = at("2026-11-22T21:00:00.100Z");
  const textOf = (us: number) => `2026-11-22T21:00:00.1${String(us).padStart(5, "0")}Z`; // From 0 to 99,999 µs after `base`.

  it("Bounds include a stored millisecond exactly when it lies within all of them", () => {
    const bound = fc.record({
      bound: fc.constantFrom<Bound>("gt", "gte", "lt", "lte"),
      us: fc.integer({ min: 0, max: 4_000 }),
    });
    const bounds = fc.array(bound, { maxLength: 4 });
    fc.assert(
      fc.property(bounds, fc.integer({ min: 0, max: 4 }), (given, storedMs) => {
        const instants = given.map(({ bound, us }) => {
          const instant = parseInstant(textOf(us));
          if (!instant) throw new Error(textOf(us));
          return { bound, instant };
        });
        const { from_ms, until_ms } = rangeWithin(instants);
        const stored = base + storedMs;
        const isWithin =
          (from_ms === undefined || stored >= from_ms) &&
          (until_ms === undefined || stored < until_ms);
        expect(isWithin).toBe(given.every(({ bound, us }) => HOLDS[bound](storedMs * 1_000, us)));
      }),
    );
  });
});
