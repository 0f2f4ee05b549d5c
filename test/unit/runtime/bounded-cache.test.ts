/** The one cache of bounded size: which entries it evicts, compared with the simplest model of LRU. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BoundedCache, type CacheBounds } from "../../../src/runtime/bounded-cache";

const KEYS = ["a", "b", "c", "d", "e"];

function cacheOf(bounds: CacheBounds<string>, ...keys: string[]): BoundedCache<string> {
  const cache = new BoundedCache<string>(bounds);
  for (const key of keys) cache.set(key, key);
  return cache;
}

const keptBy = (cache: BoundedCache<string>) => KEYS.filter((key) => cache.has(key));

describe("a bounded cache", () => {
  it("A bounded cache evicts the least recently set entry when nothing was read", () => {
    expect(keptBy(cacheOf({ max_entries: 2 }, "a", "b", "c"))).toEqual(["b", "c"]);
  });

  it("A bounded cache keeps an entry that was read since, and evicts the next one", () => {
    const cache = cacheOf({ max_entries: 2 }, "a", "b");
    expect(cache.get("a")).toBe("a");
    cache.set("c", "c");
    expect(keptBy(cache)).toEqual(["a", "c"]);
  });

  it("A bounded cache does not count peek and has as a use", () => {
    const cache = cacheOf({ max_entries: 2 }, "a", "b");
    expect([cache.peek("a"), cache.has("a")]).toEqual(["a", true]);
    cache.set("c", "c");
    expect(keptBy(cache)).toEqual(["b", "c"]);
  });

  it("A bounded cache counts an entry once, however often it is set", () => {
    const cache = cacheOf({ max_weight: 3, weigh: () => 1 }, "a", "b", "a", "a", "a", "c");
    expect(keptBy(cache)).toEqual(["a", "b", "c"]);
  });

  it("A bounded cache counts the new weight of a value that is set again", () => {
    const cache = new BoundedCache<{ weight: number }>({
      max_weight: 10,
      weigh: ({ weight }) => weight,
    });
    const grows = { weight: 1 };
    cache.set("a", { weight: 5 });
    cache.set("b", grows);
    grows.weight = 6;
    cache.set("b", grows);
    expect([cache.has("a"), cache.has("b")]).toEqual([false, true]);
    cache.set("c", { weight: 4 });
    expect([cache.has("b"), cache.has("c")]).toEqual([true, true]);
  });

  it("A bounded cache keeps a value that is heavier than the limit, alone", () => {
    const cache = cacheOf({ max_weight: 3, weigh: ({ length }) => length }, "a", "b");
    cache.set("c", "far too heavy");
    expect(keptBy(cache)).toEqual(["c"]);
    cache.set("d", "d");
    expect(keptBy(cache)).toEqual(["d"]);
  });

  it("A bounded cache deletes the entries that match, or all of them", () => {
    const cache = cacheOf({ max_entries: 5 }, ...KEYS);
    cache.clear((value) => value === "b" || value === "d");
    expect(keptBy(cache)).toEqual(["a", "c", "e"]);
    cache.clear();
    expect(cache.size).toBe(0);
    cache.set("a", "a");
    expect(keptBy(cache)).toEqual(["a"]);
  });

  it("A bounded cache always holds what a list that is sorted by use holds", () => {
    const step = fc.record({
      does: fc.constantFrom("get", "set", "delete"),
      key: fc.constantFrom(...KEYS),
      weight: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new BoundedCache<number>({
          max_entries: 3,
          max_weight: 6,
          weigh: (weight) => weight,
        });
        let model: { key: string; weight: number }[] = [];
        const sum = () => model.reduce((total, { weight }) => total + weight, 0);
        for (const { does, key, weight } of steps) {
          const found = model.find((one) => one.key === key);
          if (does !== "get" || found) model = model.filter((one) => one.key !== key);
          if (does === "get" && found) model.push(found);
          if (does === "set") model.push({ key, weight });
          while (model.length > 1 && (model.length > 3 || sum() > 6)) model.shift();
          if (does === "get") expect(cache.get(key)).toBe(found?.weight);
          if (does === "set") cache.set(key, weight);
          if (does === "delete") cache.delete(key);
          expect(KEYS.map((one) => cache.peek(one))).toEqual(
            KEYS.map((one) => model.find((kept) => kept.key === one)?.weight),
          );
        }
      }),
    );
  });

  it("A bounded cache that evicts nothing does not grow with the number of uses", () => {
    const cache = cacheOf({ max_entries: 10 }, "a", "b");
    const before = heapBytes();
    for (let use = 0; use < 500_000; use++) cache.get(use % 2 === 0 ? "a" : "b");
    const grown = heapBytes() - before;
    expect(cache.size).toBe(2); // Read after the heap, so that the cache is still reachable then.
    expect(grown).toBeLessThan(2_000_000);
  });
});

/** What is reachable. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}
