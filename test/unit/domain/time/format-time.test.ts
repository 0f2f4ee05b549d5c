import fc from "fast-check";
import { expect, it } from "vitest";
import { formatTime } from "../../../../src/domain/time/format-time";

const LAST_MS = 8_640_000_000_000_000;

it("A time has the text that Date gives it, whatever was formatted before", () => {
  const now = Date.parse("2026-12-01T02:30:00.000Z");
  const ms = fc.oneof(
    fc.integer({ min: -LAST_MS, max: LAST_MS }),
    fc.integer({ min: now - 3_000, max: now + 3_000 }),
    fc.integer({ min: -3_000, max: 3_000 }),
    fc.double({ min: -3_000, max: 3_000, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(ms, { minLength: 2 }), (times) => {
      expect(times.map(formatTime)).toEqual(times.map((time) => new Date(time).toISOString()));
    }),
    { numRuns: 2_000 },
  );
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, LAST_MS + 1_000, -LAST_MS - 1])(
  "%s is no time",
  (ms) => {
    expect(() => formatTime(ms)).toThrow(RangeError);
  },
);
