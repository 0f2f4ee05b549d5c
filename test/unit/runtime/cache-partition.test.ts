/** Objects of one isolate that share a cache. */
import { expect, it } from "vitest";
import { BoundedCache } from "../../../src/runtime/bounded-cache";
import { CachePartition } from "../../../src/runtime/cache-partition";

const shared = () => new BoundedCache<string>({ max_weight: 4, weigh: ({ length }) => length });

it("A partition does not find the entries of another one, whatever the keys", () => {
  const cache = shared();
  const partitions = Array.from({ length: 12 }, () => new CachePartition(cache));
  const [first, ...others] = partitions;
  first?.set("1 a", "x");
  first?.set("a", "y");
  expect([first?.get("1 a"), first?.peek("a")]).toEqual(["x", "y"]);
  for (const other of others) {
    for (const key of ["a", "1 a", " a", "1 1 a"]) expect(other.get(key)).toBeUndefined();
  }
});

it("An object that starts again finds nothing of its earlier life", () => {
  const cache = shared();
  new CachePartition(cache).set("a", "x");
  expect(new CachePartition(cache).get("a")).toBeUndefined();
});

it("Partitions are bounded together, and what ended objects leave is evicted first", () => {
  const cache = shared();
  const [ended, running] = [new CachePartition(cache), new CachePartition(cache)];
  ended.set("a", "xx");
  running.set("a", "x");
  running.set("b", "x");
  running.set("c", "x");
  expect([ended.peek("a"), running.peek("a")]).toEqual([undefined, "x"]);
  running.get("a");
  running.set("d", "xx");
  expect(["a", "b", "c", "d"].map((key) => running.peek(key))).toEqual(["x", undefined, "x", "xx"]);
});
