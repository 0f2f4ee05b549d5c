/** Waits after failures: growing ones, and the fixed one after a dependency of everyone has failed. */
import { describe, expect, it } from "vitest";
import { afterFailure, NO_BACKOFF } from "../../../../src/domain/time/backoff";
import { Cooldown } from "../../../../src/runtime/cooldown";
import { NOW_MS } from "../../../support/examples";

const BACKOFF = { first_ms: 1_000, most_ms: 30_000 };

describe("a backoff", () => {
  it("doubles the wait with each failure, up to its bound", () => {
    let state = NO_BACKOFF;
    const waits = Array.from({ length: 7 }, () => {
      state = afterFailure(state, NOW_MS, BACKOFF);
      return state.until_ms - NOW_MS;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(state.failures).toBe(7);
  });

  it("waits as long as the other side has requested, but not less than its own delay", () => {
    const waits = [500, 5_000, 60_000].map(
      (leastMs) => afterFailure(NO_BACKOFF, NOW_MS, BACKOFF, leastMs).until_ms - NOW_MS,
    );
    expect(waits).toEqual([1_000, 5_000, 60_000]);
  });
});

describe("a cooldown", () => {
  it("is active from a failure until its length has passed", () => {
    const cooldown = new Cooldown(2_000);
    expect(cooldown.isActive(NOW_MS)).toBe(false);
    cooldown.start(NOW_MS);
    const active = [0, 1_999, 2_000].map((ms) => cooldown.isActive(NOW_MS + ms));
    expect(active).toEqual([true, true, false]);
  });

  it("begins again with another failure, and ends with a success", () => {
    const cooldown = new Cooldown(2_000);
    cooldown.start(NOW_MS);
    cooldown.start(NOW_MS + 1_000);
    expect(cooldown.isActive(NOW_MS + 2_500)).toBe(true);
    cooldown.end();
    expect(cooldown.isActive(NOW_MS + 2_500)).toBe(false);
  });

  it("is over when the clock was set back further than its length", () => {
    const cooldown = new Cooldown(2_000);
    cooldown.start(NOW_MS);
    expect(cooldown.isActive(NOW_MS - 60_000)).toBe(false);
  });
});
