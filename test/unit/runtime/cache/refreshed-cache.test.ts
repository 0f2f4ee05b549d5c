/** A cache in front of a dependency that responds, fails or hangs. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  DependencyFailing,
  RefreshedCache,
  type Source,
} from "../../../../src/runtime/cache/refreshed-cache";
import { SingleFlight } from "../../../../src/runtime/single-flight";
import { TimeoutError } from "../../../../src/runtime/with-timeout";
import { NOW_MS } from "../../../support/examples";

type Value = { id: string; version: number };
const DOWN = new Error("down");
const HOUR_MS = 3_600_000;
const READ_LIMIT_MS = 2_000;
const POLICY = {
  refresh_after_ms: 5_000,
  fresh_ms: 10_000,
  usable_ms: HOUR_MS,
  wait_ms: { cached: 500, uncached: READ_LIMIT_MS },
  uncached_reads_while_failing: 2,
};

/** A dependency whose reads respond at once, fail at once, or hang until their time limit. */
function dependency(limitMs = READ_LIMIT_MS) {
  const state = { mode: "up" as "up" | "down" | "hangs", version: 1, reads: 0, open: 0, most: 0 };
  const kept: Promise<unknown>[] = [];
  const read = async (id: string): Promise<Value | undefined> => {
    state.reads += 1;
    const { mode, version } = state;
    state.most = Math.max(state.most, ++state.open);
    if (mode === "hangs") await new Promise((resolve) => setTimeout(resolve, limitMs));
    state.open -= 1;
    if (mode !== "up") throw DOWN;
    return version === 0 ? undefined : { id, version };
  };
  const cache = new RefreshedCache<Value | undefined>(POLICY);
  const reads = new SingleFlight<string, Value | undefined>();
  const sourceOf = (id: string): Source<Value | undefined> => ({
    reads,
    read: () => read(id),
    keep: (reading) => void kept.push(reading),
  });
  const get = (id = "a") => cache.get(id, sourceOf(id));
  return { state, cache, reads, kept, get, sourceOf };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("while the dependency responds", () => {
  it("A value is read once for all callers, and kept running beyond the request that reads it", async () => {
    const { state, kept, get } = dependency();
    const [first, second] = await Promise.all([get(), get()]);
    expect([first, second]).toEqual([
      { id: "a", version: 1 },
      { id: "a", version: 1 },
    ]);
    await pass(4_999);
    expect(get()).toEqual({ id: "a", version: 1 });
    expect(state.reads).toBe(1);
    expect(kept).toHaveLength(1);
  });

  it("A value in use is read again in the background, so that no caller waits", async () => {
    const { state, get } = dependency();
    await get();
    for (let second = 1; second <= 60; second++) {
      await pass(1_000);
      expect(get(), `after ${second} s`).not.toBeInstanceOf(Promise);
    }
    expect(state.reads).toBe(13);
  });

  it("No caller gets a value that was read more than ten seconds before", async () => {
    for (const pauseMs of [100, 999, 3_000, 4_999, 5_000, 9_999, 10_000, 60_000]) {
      const { state, get } = dependency();
      await get();
      await pass(1);
      state.version = 0;
      const changedAtMs = Date.now();
      while ((await get()) !== undefined) {
        expect(Date.now() - changedAtMs, `used every ${pauseMs} ms`).toBeLessThan(10_000);
        await pass(pauseMs);
      }
      expect(await get()).toBeUndefined();
    }
  });

  it("A missing value is not cached, and deletes the one that was", async () => {
    const { state, cache, get } = dependency();
    await get();
    expect(cache.has("a")).toBe(true);
    state.version = 0;
    await pass(10_000);
    expect(await get()).toBeUndefined();
    expect(cache.has("a")).toBe(false);
  });

  it("A value is not stored by a read that began before the cache was cleared", async () => {
    const { cache, sourceOf } = dependency();
    const { promise, resolve } = Promise.withResolvers<Value>();
    const early = cache.get("a", { ...sourceOf("a"), read: () => promise });
    cache.clear((value) => value.id === "a");
    resolve({ id: "a", version: 1 });
    expect(await early).toEqual({ id: "a", version: 1 });
    expect(cache.has("a")).toBe(false);
  });

  it("A caller after the cache was cleared does not share a read that began before", async () => {
    const { state, cache, get, sourceOf } = dependency();
    void cache.get("a", { ...sourceOf("a"), read: () => new Promise(() => {}) });
    cache.clear();
    state.version = 2;
    expect(await get()).toEqual({ id: "a", version: 2 });
  });

  it("The result of an older read never replaces that of a newer one", async () => {
    const { cache, get, state, sourceOf } = dependency();
    const { promise, resolve } = Promise.withResolvers<Value>();
    const reads = new SingleFlight<string, Value | undefined>();
    const slow = cache.get("a", { ...sourceOf("a"), reads, read: () => promise });
    await pass(10);
    state.version = 2;
    expect(await get()).toEqual({ id: "a", version: 2 });
    resolve({ id: "a", version: 1 });
    expect(await slow).toEqual({ id: "a", version: 2 });
    expect(get()).toEqual({ id: "a", version: 2 });
  });
});

describe("while the dependency hangs", () => {
  it.each([10, 100, 1_000, 1_500])(
    "Callers every %i ms do not wait in five minutes, and at most two reads are under way",
    async (pauseMs) => {
      const { state, reads, get } = dependency();
      await get();
      await pass(3_000);
      get();
      state.mode = "hangs";
      for (let atMs = 0; atMs < 300_000; atMs += pauseMs) {
        await pass(pauseMs);
        expect(get(), `after ${atMs} ms`).toEqual({ id: "a", version: 1 });
      }
      expect(state.most).toBeLessThanOrEqual(2);
      expect(state.reads).toBeLessThanOrEqual(1 + 300_000 / 2_000);
      expect(reads.size).toBeLessThanOrEqual(1);
      expect(vi.getTimerCount()).toBeLessThanOrEqual(2);
    },
  );

  it("Callers after a long pause wait together for one read, for half a second", async () => {
    const { state, get } = dependency();
    await get();
    await pass(60_000);
    state.mode = "hangs";
    const waiting = [get(), get(), get()];
    let ended = 0;
    for (const wait of waiting) void Promise.resolve(wait).then(() => ended++);
    await pass(499);
    expect(ended).toBe(0);
    await pass(1);
    expect(ended).toBe(3);
    expect(await Promise.all(waiting)).toEqual(Array(3).fill({ id: "a", version: 1 }));
    expect(state.reads).toBe(2);
    expect(get()).toEqual({ id: "a", version: 1 });
  });

  it("Values of a thousand keys in use cost few reads when the dependency begins to hang", async () => {
    const { state, get } = dependency();
    const ids = Array.from({ length: 1_000 }, (_, at) => `key ${at}`);
    await Promise.all(ids.map((id) => get(id)));
    state.most = 0;
    state.mode = "hangs";
    let waits = 0;
    for (let atMs = 0; atMs < 30_000; atMs += 500) {
      await pass(500);
      for (const id of ids) if (get(id) instanceof Promise) waits += 1;
    }
    expect(waits).toBe(0);
    expect(state.most).toBeLessThanOrEqual(34);
  });

  it("A value is used for an hour and not longer", async () => {
    const { state, get } = dependency();
    await get();
    state.mode = "hangs";
    await pass(POLICY.refresh_after_ms);
    for (let atMs = POLICY.refresh_after_ms; atMs <= HOUR_MS; atMs += 2_500) {
      expect(get(), `after ${atMs} ms`).toEqual({ id: "a", version: 1 });
      await pass(2_500);
    }
    const late = Promise.resolve(get()).catch((fault: unknown) => fault);
    await pass(READ_LIMIT_MS);
    expect([DOWN, expect.any(TimeoutError)]).toContainEqual(await late);
  });

  it("A read whose request was cut off does not keep the next callers from reading", async () => {
    const { cache, get, sourceOf } = dependency();
    await get();
    await pass(6_000);
    cache.get("a", { ...sourceOf("a"), read: () => new Promise(() => {}) });
    await pass(60_000);
    const waits = Promise.resolve(get());
    await pass(500);
    expect(await waits).toEqual({ id: "a", version: 1 });
    await pass(5_000);
    expect(await get()).toEqual({ id: "a", version: 1 });
    expect(get()).not.toBeInstanceOf(Promise);
  });
});

describe("while the dependency fails", () => {
  it("A caller without a cached value gets the fault, and waits for a read each time", async () => {
    const { state, get } = dependency();
    state.mode = "down";
    await expect(get()).rejects.toBe(DOWN);
    await expect(get()).rejects.toBe(DOWN);
    state.mode = "up";
    expect(await get()).toEqual({ id: "a", version: 1 });
  });

  it("A flood of keys that are not cached does not wait, apart from a few", async () => {
    const { state, get } = dependency();
    state.mode = "down";
    await expect(get()).rejects.toBe(DOWN);
    state.mode = "hangs";
    const waiting = [get("b"), get("c")].map((wait) => expect(wait).rejects.toBe(DOWN));
    for (let at = 0; at < 100; at++) expect(() => get(`d ${at}`)).toThrow(DependencyFailing);
    await pass(READ_LIMIT_MS);
    await Promise.all(waiting);
    expect(state.reads).toBe(3);
  });

  it("It is read every two seconds, by one caller of many keys", async () => {
    const { state, get } = dependency();
    const ids = Array.from({ length: 50 }, (_, at) => `key ${at}`);
    await Promise.all(ids.map((id) => get(id)));
    state.mode = "down";
    await pass(5_000);
    get("key 0");
    await pass(1_000);
    state.reads = 0;
    for (let atMs = 0; atMs < 60_000; atMs += 100) {
      await pass(100);
      for (const id of ids) expect(get(id)).not.toBeInstanceOf(Promise);
    }
    expect(state.reads).toBe(30);
  });

  it("After it has recovered, a changed value is used at most until the first read of any key", async () => {
    const { state, get } = dependency();
    await get();
    await get("b");
    state.mode = "down";
    await pass(20_000);
    expect(await get()).toEqual({ id: "a", version: 1 });
    state.mode = "up";
    state.version = 2;
    await pass(2_000);
    expect(get("b")).toEqual({ id: "b", version: 1 });
    await pass(1);
    expect(await get()).toEqual({ id: "a", version: 2 });
  });

  it("After the cache was cleared the next caller reads, although the dependency has just failed", async () => {
    const { state, cache, get } = dependency();
    await get();
    await get("b");
    state.mode = "down";
    await pass(20_000);
    await get();
    state.mode = "up";
    state.version = 2;
    cache.clear((value) => value.id === "a");
    expect(await get("b")).toEqual({ id: "b", version: 2 });
  });

  it("Five seconds after the last failure, an isolate that was idle reads before it uses an old value", async () => {
    const { state, get } = dependency();
    await get();
    state.mode = "down";
    await pass(20_000);
    await get();
    state.mode = "up";
    state.version = 2;
    await pass(5_000);
    expect(await get()).toEqual({ id: "a", version: 2 });
  });

  it("A read that began before a successful one and times out later does not count as a failure", async () => {
    const { state, get } = dependency();
    await get();
    await pass(5_000);
    state.mode = "hangs";
    get();
    state.mode = "up";
    state.version = 2;
    await get("b");
    await pass(READ_LIMIT_MS);
    await pass(4_000);
    expect(await get()).toEqual({ id: "a", version: 2 });
  });

  it("A value whose age is limited is not used when it was read in the future", async () => {
    const { state, get } = dependency();
    await get();
    state.mode = "down";
    vi.setSystemTime(NOW_MS - 60_000);
    await expect(get()).rejects.toBe(DOWN);
  });
});
