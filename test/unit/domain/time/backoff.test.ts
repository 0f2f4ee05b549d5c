/** Waits after failures, which grow with each of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterFailure, delayMs, NO_BACKOFF } from "../../../../src/domain/time/backoff";
import { NOW_MS } from "../../../support/examples";

const BACKOFF = { first_ms: 1_000, most_ms: 30_000 };

describe("a backoff", () => {
  it("A backoff doubles the wait with each failure, up to its bound", () => {
    let state = NO_BACKOFF;
    const waits = Array.from({ length: 7 }, () => {
      state = afterFailure(state, NOW_MS, BACKOFF);
      return state.until_ms - NOW_MS;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(state.failures).toBe(7);
  });

  it("A backoff waits as long as the other side has requested, but not less than its own delay", () => {
    const waits = [500, 5_000, 60_000].map(
      (leastMs) => afterFailure(NO_BACKOFF, NOW_MS, BACKOFF, leastMs).until_ms - NOW_MS,
    );
    expect(waits).toEqual([1_000, 5_000, 60_000]);
  });
});

describe("a delay after failures", () => {
  const backoff = { first_ms: 1_000, most_ms: 300_000 };

  it("A delay after failures doubles from the first to the longest", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((failures) =>
      delayMs(failures, backoff),
    );
    expect(delays).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000,
    ]);
  });

  it("A delay before any failure is the first one", () => {
    expect(delayMs(0, backoff)).toBe(1_000);
  });

  it("A delay never shrinks and stays within its bounds, for any number of failures", () => {
    const bounds = fc.tuple(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 0, max: 10 ** 7 }),
    );
    fc.assert(
      fc.property(bounds, fc.integer({ min: 1, max: 1_000_000 }), ([first, more], failures) => {
        const own = { first_ms: first, most_ms: first + more };
        const delay = delayMs(failures, own);
        expect(delay).toBeGreaterThanOrEqual(first);
        expect(delay).toBeLessThanOrEqual(first + more);
        expect(delayMs(failures + 1, own)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});
