/** Waits by a clock that may be set back. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ageMs, ClockWatch, dueAtMs, isDue } from "../../../../src/domain/time/clock";
import { forgetRisk } from "../../../../src/transactions/risk/rules-cache";
import { NOW_MS } from "../../../support/examples";

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  forgetRisk();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a wait", () => {
  it.each([
    ["that is over", -1, true],
    ["that ends now", 0, true],
    ["that goes on", 1, false],
    ["as long as the longest", 100, false],
    ["longer than the longest, which a clock that was ahead wrote down", 101, true],
  ])("%s is due or not", (_, waitMs, due) => {
    expect(isDue(NOW_MS + waitMs, NOW_MS, 100)).toBe(due);
    const at = due ? Math.min(NOW_MS + waitMs, NOW_MS) : NOW_MS + waitMs;
    expect(dueAtMs(NOW_MS + waitMs, NOW_MS, 100)).toBe(at);
  });

  it("A wait that began in the future has no known age", () => {
    expect([ageMs(NOW_MS - 5, NOW_MS), ageMs(NOW_MS, NOW_MS)]).toEqual([5, 0]);
    expect(ageMs(NOW_MS + 1, NOW_MS)).toBe(Number.POSITIVE_INFINITY);
  });

  it("A wait is checked at first, and each time the clock was set back", () => {
    const clock = new ClockWatch();
    const seen = [5, 5, 6, 4, 4, 7].map((now) => clock.hasGoneBack(now));
    expect(seen).toEqual([true, false, false, true, false, false]);
  });
});
