/** Leases of a quota, and its windows. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideLease, type Quota, type Window } from "../../../../src/domain/rate-limit/quota";

const MINUTE_MS = 60_000;
const START_MS = 1_795_000_000_000 - (1_795_000_000_000 % MINUTE_MS);
const quotaOf = (limit: number): Quota => ({ policy: "requests", limit, window_ms: MINUTE_MS });
/** All leases of one window, until there is nothing left. */
function leasesOf(limit: number): number[] {
  const tokens: number[] = [];
  let window: Window | undefined;
  for (;;) {
    const next = decideLease(window, quotaOf(limit), 1, START_MS);
    if (next.lease.tokens === 0) return tokens;
    window = next.window;
    tokens.push(next.lease.tokens);
  }
}

describe("a lease", () => {
  it("All leases of a window add up to exactly the limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (limit) => {
        const leases = leasesOf(limit);
        expect(leases.reduce((sum, tokens) => sum + tokens, 0)).toBe(limit);
      }),
    );
  });

  it.each([1, 63, 64, 100, 6_000, 1_000_000])(
    "A limit of %i is leased at most 128 times in a window",
    (limit) => {
      expect(leasesOf(limit).length).toBeLessThan(128);
    },
  );

  it("A lease for a single waiting request is at most a 64th of the limit, but at least one", () => {
    expect(new Set(leasesOf(6_000))).toEqual(new Set([93, 6_000 % 93]));
    expect(new Set(leasesOf(63))).toEqual(new Set([1]));
  });

  it("A lease is as large as the number of waiting requests, as far as the limit permits", () => {
    const first = decideLease(undefined, quotaOf(100), 60, START_MS);
    expect(first.lease).toMatchObject({ tokens: 60, left: 40 });
    const second = decideLease(first.window, quotaOf(100), 60, START_MS);
    expect(second.lease).toMatchObject({ tokens: 40, left: 0 });
  });

  it("A lease contains what is left of the quota and when the window ends", () => {
    const first = decideLease(undefined, quotaOf(640), 1, START_MS + 15_000);
    expect(first.lease).toEqual({ tokens: 10, left: 630, ends_in_ms: 45_000 });
    const second = decideLease(first.window, quotaOf(640), 1, START_MS + 20_000);
    expect(second.lease).toEqual({ tokens: 10, left: 620, ends_in_ms: 40_000 });
  });

  it("No lease is given when a lowered limit is already exceeded", () => {
    const { window } = decideLease(undefined, quotaOf(6_400), 1, START_MS);
    expect(decideLease(window, quotaOf(50), 1, START_MS).lease).toMatchObject({
      tokens: 0,
      left: 0,
    });
  });
});

describe("a window", () => {
  const spent = { ends_at_ms: START_MS + MINUTE_MS, leased: 640 };
  const tokensAt = (nowMs: number) => decideLease(spent, quotaOf(640), 1, nowMs).lease.tokens;

  it("A window ends at a multiple of its length, to the millisecond", () => {
    expect(tokensAt(START_MS + MINUTE_MS - 1)).toBe(0);
    expect(tokensAt(START_MS + MINUTE_MS)).toBe(10);
  });

  it("A window goes on when the clock steps back before its beginning", () => {
    expect(tokensAt(START_MS - 1)).toBe(0);
  });

  it("A window ends at most one window length later when the clock has stepped back", () => {
    const backMs = START_MS - 10 * MINUTE_MS;
    const { window, lease } = decideLease(spent, quotaOf(640), 1, backMs);
    expect(lease).toEqual({ tokens: 0, left: 0, ends_in_ms: MINUTE_MS });
    const endMs = backMs + MINUTE_MS;
    expect(decideLease(window, quotaOf(640), 1, endMs - 1).lease.tokens).toBe(0);
    expect(decideLease(window, quotaOf(640), 1, endMs).lease.tokens).toBe(10);
  });

  it("A window leases at most the limit, whatever the times of the requests", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 200 }));
    const steps = fc.array(step, { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), steps, (limit, waits) => {
        const leased = new Map<number, number>();
        let window: Window | undefined;
        let now = START_MS;
        for (const [wait, wanted] of waits) {
          now += wait;
          const next = decideLease(window, quotaOf(limit), wanted, now);
          window = next.window;
          const start = Math.floor(now / MINUTE_MS);
          leased.set(start, (leased.get(start) ?? 0) + next.lease.tokens);
        }
        expect(Math.max(0, ...leased.values())).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
