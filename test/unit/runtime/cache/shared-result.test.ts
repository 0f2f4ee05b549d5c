/** One result for all who ask at about the same time. The clock is the test's own. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SharedResult } from "../../../../src/runtime/cache/shared-result";

const MAX_AGE_MS = 1_000;
const LIMIT_MS = 2_000;
let nowMs: number;
let made: number;
let kept: Promise<unknown>[];
let shared: SharedResult<number>;

beforeEach(() => {
  nowMs = 5_000;
  made = 0;
  kept = [];
  shared = new SharedResult(MAX_AGE_MS, LIMIT_MS);
});

afterEach(() => {
  vi.useRealTimers();
});

const get = (make: () => Promise<number> = async () => ++made) =>
  shared.get(
    make,
    () => nowMs,
    (making) => kept.push(making),
  );

describe("a shared result", () => {
  it("A shared result is computed once for all callers that arrive meanwhile", async () => {
    expect(await Promise.all(Array.from({ length: 8 }, () => get()))).toEqual(Array(8).fill(1));
    expect(kept).toHaveLength(1);
  });

  it("A shared result is reused until it reaches its greatest age", async () => {
    await get();
    nowMs += MAX_AGE_MS - 1;
    expect(await get()).toBe(1);
    nowMs += 1;
    expect(await get()).toBe(2);
  });

  it("A shared result's age counts from the moment at which it was made", async () => {
    await get(async () => {
      nowMs += 900;
      return ++made;
    });
    nowMs += 900;
    expect(await get()).toBe(1);
  });

  it("A shared result is computed again when the clock was set back", async () => {
    await get();
    nowMs -= 60_000;
    expect(await get()).toBe(2);
  });

  it("A shared result that fails throws for all waiting callers, and is computed again for the next", async () => {
    const fails = () => get(async () => Promise.reject(new Error("down")));
    const answers = await Promise.allSettled([fails(), fails(), fails()]);
    expect(answers.map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    await Promise.all(kept);
    expect(await get()).toBe(1);
  });

  it("A shared result is computed again, once, when the request that was computing it has ended", async () => {
    vi.useFakeTimers();
    let begun = 0;
    const hangsOnce = () =>
      get(() => (++begun === 1 ? new Promise(() => undefined) : Promise.resolve(begun)));
    const waiting = Promise.all([hangsOnce(), hangsOnce(), hangsOnce()]);
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    expect(await waiting).toEqual([2, 2, 2]);
    expect(begun).toBe(2);
  });
});
