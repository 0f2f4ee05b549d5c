/** `npm run capacity`: its figures, what follows from them, and the page that shows them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ARCHIVE_ROWS, BILLED, BYTES, D1_WRITES, LIMITS, THREADS } from "../bench/capacity/figures";
import {
  bytesAfter,
  computeCapacity,
  daysUntil,
  merchantRate,
  type Setup,
  type Store,
  storesOf,
} from "../bench/capacity/model";
import {
  DEFAULTS,
  FULL_REPORT,
  replaceReport,
  time,
  WORKED,
  writeReport,
} from "../bench/capacity/tables";
import { PRICES } from "../bench/cost/prices";
import { Settings } from "../src/settings";

const PAGE = readFileSync(join(import.meta.dirname, "../docs/capacity.md"), "utf8");
const setup = (changed: Partial<Setup> = {}): Setup => ({ ...DEFAULTS, rate: 10, ...changed });
const DAY_S = 86_400;

describe("docs/capacity.md", () => {
  it("The page has the tables that the figures give now (npm run capacity -- --write)", () => {
    expect(PAGE).toBe(replaceReport(PAGE, writeReport(FULL_REPORT)));
  });

  it("A page without the marks is refused instead of being left as it is", () => {
    expect(() => replaceReport("# Capacity", "tables")).toThrow("lacks");
  });

  it("The page begins with the defaults of the settings", () => {
    const { hot_days, shards, velocity_shards, books } = DEFAULTS;
    expect(Settings.parse({})).toMatchObject({
      HOT_DAYS: hot_days * DAY_S * 1_000,
      TRANSACTION_SHARDS: shards,
      VELOCITY_SHARDS: velocity_shards,
      BOOKS: books,
    });
  });
});

describe("a store", () => {
  const stores: Store[] = [
    { parts: 1, bytes: 1_000, kept_days: Number.POSITIVE_INFINITY, later_bytes: 30 },
    { parts: 16, bytes: 600, kept_days: 90, later_bytes: 30 },
    { parts: 4, bytes: 186, kept_days: 9, later_bytes: 0 },
    { parts: 1, bytes: 0, kept_days: 90, later_bytes: 171 },
  ];

  it("At the time when each part is full all parts together have so many bytes", () => {
    let full = 0;
    for (const store of stores) {
      for (const rate of [0.1, 1, 10, 1_000, 10_000]) {
        for (const limit of [1e6, 1e9, 1e10]) {
          const days = daysUntil(store, rate, limit);
          if (days === Number.POSITIVE_INFINITY) continue;
          full += 1;
          const bytes = bytesAfter(store, rate, days) / store.parts;
          expect(bytes / limit).toBeCloseTo(1, 9);
        }
      }
    }
    expect(full).toBeGreaterThan(40);
  });

  it("A store whose payments all leave before it is full is never full", () => {
    const store = { parts: 1, bytes: 100, kept_days: 10, later_bytes: 0 };
    const held = bytesAfter(store, 1, 10);
    expect(bytesAfter(store, 1, 1_000)).toBe(held);
    expect(daysUntil(store, 1, held + 1)).toBe(Number.POSITIVE_INFINITY);
    expect(daysUntil(store, 1, held - 1)).toBeLessThan(10);
  });
});

describe("a capacity", () => {
  it("Times until full are the limit divided by the bytes of a second, while nothing is archived", () => {
    const one = computeCapacity(setup({ hot_days: 0 }));
    const days = (limit: number, parts: number, bytes: number) =>
      limit / ((10 / parts) * bytes * DAY_S);
    expect(one.d1_full_days).toBeCloseTo(days(LIMITS.d1_bytes.value, 1, BYTES.d1.value), 9);
    expect(one.shard_full_days).toBeCloseTo(
      days(LIMITS.object_bytes.value, 16, BYTES.shard.value),
      9,
    );
    expect(one.r2_writes).toBe(0);
  });

  it("Bytes more of a payment are in its shard, in D1 and in R2, once in each", () => {
    const [small, large] = [storesOf(setup()), storesOf(setup({ extra_bytes: 500 }))];
    expect(large.shard.bytes - small.shard.bytes).toBe(500);
    expect(large.d1.bytes - small.d1.bytes).toBe(500);
    expect(large.r2.later_bytes - small.r2.later_bytes).toBe(500);
    expect(large.velocity).toEqual(small.velocity);
    expect(large.shard.later_bytes).toBe(small.shard.later_bytes);
  });

  it("A long text takes whole pages in D1, and its own length in the shard", () => {
    const [small, large] = [storesOf(setup()), storesOf(setup({ extra_bytes: 1_209 }))];
    // docs/decisions/0022-lists-have-small-rows.md has a payment that takes 4,522 bytes more.
    expect(Math.abs(large.d1.bytes - small.d1.bytes - 4_522)).toBeLessThan(100);
    expect(large.shard.bytes - small.shard.bytes).toBe(1_209);
  });

  it("A year fits into so many shards, and not into one less", () => {
    for (const rate of [1, 100, 1_000]) {
      const { shards_for_a_year: shards } = computeCapacity(setup({ rate }));
      const full = (count: number) =>
        computeCapacity(setup({ rate, shards: count })).shard_full_days;
      expect(full(shards)).toBeGreaterThanOrEqual(365);
      if (shards > 1) expect(full(shards - 1)).toBeLessThan(365);
    }
  });

  it("Twice the rate is twice the dollars and twice the share of each thread", () => {
    const [one, two] = [10, 20].map((rate) => computeCapacity(setup({ rate })));
    expect(two?.d1_thread.full).toBeCloseTo((one?.d1_thread.full ?? 0) * 2, 9);
    expect(two?.shard_thread).toBeCloseTo((one?.shard_thread ?? 0) * 2, 9);
    expect(two?.dollars_a_month.alone).toBeCloseTo((one?.dollars_a_month.alone ?? 0) * 2, 6);
  });

  it("A shard writes to D1 for each payment when they are rare, then once for all of a time, then in full writes", () => {
    const writes = (rate: number) => computeCapacity(setup({ rate })).d1_writes.usual;
    expect(writes(1)).toBe(1);
    expect(writes(16 * 2)).toBe(32);
    expect(writes(1_000)).toBe(32);
    const full = (10_000 * D1_WRITES.rows_a_payment.value) / D1_WRITES.rows.value;
    expect(writes(10_000)).toBe(full);
    expect(full).toBeGreaterThan(32);
    const { d1_thread, d1_writes } = computeCapacity(setup({ rate: 1_000 }));
    const ms = 32 * THREADS.d1_ms_a_write.value + 1_000 * THREADS.d1_ms_a_payment.value;
    expect(d1_thread.usual).toBeCloseTo(ms / 1_000, 9);
    expect(d1_writes.full).toBe(full / 10);
  });

  it("A million payments cost what their rows and requests do, and archiving its own rows", () => {
    const [hot, archived] = [0, 90].map((hot_days) => computeCapacity(setup({ hot_days })));
    const { sharing, alone } = hot?.dollars_a_million ?? { sharing: 0, alone: 0 };
    const rows = (how: keyof typeof BILLED) =>
      Object.values(BILLED[how]).reduce((sum, { rows_written = 0 }) => sum + rows_written, 0);
    expect(sharing).toBeGreaterThan(rows("sharing") * PRICES.d1_row_written.dollars);
    expect(alone).toBeGreaterThan(sharing);
    const archiving = (archived?.dollars_a_million.sharing ?? 0) - sharing;
    const archiveRows = ARCHIVE_ROWS.shard.value + ARCHIVE_ROWS.d1.value;
    expect(archiving).toBeGreaterThanOrEqual(archiveRows);
    expect(archiving).toBeLessThan(archiveRows + 0.1);
  });

  it("The configurations of the page hold a month, and say how many databases they would need", () => {
    for (const one of WORKED) {
      const { shard_full_days, velocity_full_days, databases } = computeCapacity(one);
      expect(shard_full_days).toBeGreaterThan(31);
      expect(velocity_full_days).toBe(Number.POSITIVE_INFINITY);
      expect(databases).toBeGreaterThanOrEqual(1);
    }
  });

  it("A merchant's deliveries of 31 days fit into its dispatcher up to a rate", () => {
    expect(merchantRate()).toBeGreaterThan(0.1);
    expect(merchantRate()).toBeLessThan(100);
  });
});

it.each([
  [Number.POSITIVE_INFINITY, "never"],
  [800, "2.19 years"],
  [729, "729 days"],
  [2, "2 days"],
  [1.5, "36 hours"],
  [0.05, "72 minutes"],
])("%d days are shown as %s", (days, text) => {
  expect(time(days)).toBe(text);
});
