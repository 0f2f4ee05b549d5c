/** The dollars of `npm run cost`. */
import { describe, expect, it } from "vitest";
import { type Counts, divide, isSame, noCounts, subtract } from "../bench/cost/counts";
import { dollarsForMillion, withBytesOf, withLater } from "../bench/cost/dollars";
import { PRICES } from "../bench/cost/prices";

type Some = { [Part in keyof Counts]?: Partial<Counts[Part]> };

function counts(some: Some): Counts {
  const all = noCounts();
  for (const [part, units] of Object.entries(some)) {
    Object.assign(all[part as keyof Counts], units);
  }
  return all;
}
const totalOf = (some: Some) => dollarsForMillion(counts(some)).at(-1);

describe("dollars", () => {
  it.each([
    ["a million rows in D1", { d1: { rows_written: 1 } }, 1],
    ["a million rows in objects", { shard: { rows_written: 1 } }, 1],
    ["a million rows in a keeper", { quota: { rows_written: 1 } }, 1],
    ["a million requests", { worker: { requests: 1 } }, 0.3],
    ["a million calls of objects", { velocity: { requests: 1 } }, 0.15],
    ["a million alarms", { dispatcher: { alarms: 1 } }, 0.15],
    ["a million messages", { queue: { operations: 3 } }, 1.2],
    ["a million log lines", { worker: { log_lines: 1 } }, 0.6],
    ["a gigabyte in D1", { d1: { bytes: 1_000 } }, 0.75],
    ["a gigabyte in objects", { shard: { bytes: 400 }, velocity: { bytes: 600 } }, 0.2],
    ["a billion rows read in D1", { d1: { rows_read: 1_000 } }, 1],
    ["a billion rows read in objects", { dispatcher: { rows_read: 1_000 } }, 1],
    ["calls of D1, which are not billed", { d1: { requests: 5 } }, 0],
    // They are in rows_written already.
    ["alarms that were set", { shard: { alarms_set: 5 } }, 0],
  ] as [string, Some, number][])("The price is that of %s", (_, some, dollars) => {
    expect(totalOf(some)).toEqual({ label: "total", dollars: expect.closeTo(dollars, 6) });
  });

  it("The total is the sum of its lines", () => {
    const one = counts({ d1: { rows_written: 6, bytes: 900 }, worker: { requests: 2 } });
    const lines = dollarsForMillion(one);
    const sum = lines.slice(0, -1).reduce((all, { dollars }) => all + dollars, 0);
    expect(lines.at(-1)?.dollars).toBeCloseTo(sum);
    expect(sum).toBeCloseTo(6 + 0.675 + 0.6);
  });

  it("Every price names its unit, its page and the day on which it was read", () => {
    for (const [name, { dollars, unit, source, read_on }] of Object.entries(PRICES)) {
      expect(dollars, name).toBeGreaterThan(0);
      expect(unit, name).toMatch(/^(million [a-z0-9 ]+s|GB-month)$/);
      expect(source, name).toMatch(
        /^https:\/\/developers\.cloudflare\.com\/[a-z0-9/-]+\/pricing\/$/,
      );
      expect(read_on, name).toMatch(/^\d{4}-\d\d-\d\d$/);
    }
  });
});

describe("counts", () => {
  const one = counts({ shard: { rows_written: 12, bytes: 100 }, worker: { requests: 4 } });

  it("Counts are subtracted and divided part by part", () => {
    const half = divide(one, 2);
    expect(half.shard).toMatchObject({ rows_written: 6, bytes: 50, rows_read: 0 });
    expect(subtract(one, half)).toEqual(half);
    expect(isSame(subtract(one, one), noCounts())).toBe(true);
    expect(isSame(one, half)).toBe(false);
  });

  it("What sweeps write later counts as rows written", () => {
    const later = counts({ shard: { rows_written: 1 }, velocity: { rows_written: 2 } });
    const all = withLater(one, later);
    expect([all.shard.rows_written, all.velocity.rows_written]).toEqual([13, 2]);
    expect(one.shard.rows_written).toBe(12);
  });

  it("The stored bytes of other counts take the place of these, and nothing else does", () => {
    const all = withBytesOf(one, counts({ shard: { bytes: 7, rows_written: 1 } }));
    expect(all.shard).toMatchObject({ bytes: 7, rows_written: 12 });
  });
});
