/** An isolate's leased share of a quota. */
import { describe, expect, it, vi } from "vitest";
import { LeasedQuota } from "../../../src/rate-limit/leased-quota";

const MINUTE_MS = 60_000;
describe("an allowance", () => {
  it("A leased quota requests a lease for all waiting requests, and not for those that timed out long ago", async () => {
    vi.useFakeTimers({ now: 0, toFake: ["Date"] });
    const asked: number[] = [];
    const allowance = new LeasedQuota(MINUTE_MS);
    const fill = () =>
      allowance.fill(async (wanted) => {
        asked.push(wanted);
        return { tokens: 0, left: 0, ends_in_ms: 1_000 };
      });
    const ends = [0, 1, 2].map(() => allowance.wait(Date.now()));
    await fill();
    ends[0]?.(); // The other two waits are never ended.
    vi.setSystemTime(29_000);
    allowance.wait(Date.now());
    await fill();
    vi.setSystemTime(31_000);
    await fill();
    expect(asked).toEqual([3, 3, 1]);
    vi.useRealTimers();
  });
});
