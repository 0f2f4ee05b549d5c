/** Reads the Prometheus text format, and takes nothing that Prometheus would not take. */
import { expect } from "vitest";

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|NaN)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const META = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;

type Labels = Record<string, string>;
type Series = { name: string; labels: Labels; value: number };
type Type = "counter" | "gauge" | "histogram";
export type Scrape = { series: Series[]; types: Map<string, Type> };

/** All series of a text. Fails the test when the text is not as the format wants it. */
export function parseExposition(text: string): Scrape {
  expect(text.endsWith("\n")).toBe(true);
  const types = new Map<string, Type>();
  const helped = new Set<string>();
  const series: Series[] = [];
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const [, meta, name = "", rest = ""] = META.exec(line) ?? [];
    if (meta === "HELP") {
      expect(helped.has(name), `a second HELP of ${name}`).toBe(false);
      helped.add(name);
      family = name;
    } else if (meta === "TYPE") {
      expect([name, types.has(name)], "TYPE follows its HELP, once").toEqual([family, false]);
      expect(rest).toMatch(/^(counter|gauge|histogram)$/);
      types.set(name, rest as Type); // One of the three.
    } else {
      const one = parseLine(line);
      expect(familyOf(one.name, types), `${line} stands with its family`).toBe(family);
      series.push(one);
    }
  }
  expect(types.size).toBe(helped.size);
  const names = series.map(({ name, labels }) => `${name} ${JSON.stringify(sorted(labels))}`);
  expect(new Set(names).size, "no series is there twice").toBe(names.length);
  for (const [name, type] of types) {
    if (type === "histogram") expectHistogram(name, series);
    if (type === "counter") expect(name).toMatch(/_total$/);
    expect(series.some((one) => familyOf(one.name, types) === name)).toBe(true);
  }
  return { series, types };
}

function parseLine(line: string): Series {
  const [, name = "", inside = "", value = ""] = LINE.exec(line) ?? [];
  expect(name, `not a sample: ${line}`).not.toBe("");
  const labels: Labels = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const [, label = "", escaped = ""] = LABEL.exec(inside) ?? [];
    expect(label, `not a label: ${line}`).not.toBe("");
    expect(Object.hasOwn(labels, label), line).toBe(false);
    labels[label] = escaped.replace(/\\(.)/g, (_, character) =>
      character === "n" ? "\n" : character,
    );
  }
  return { name, labels, value: value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value) };
}

function familyOf(name: string, types: Map<string, Type>): string {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return types.get(base) === "histogram" ? base : name;
}

function expectHistogram(name: string, series: Series[]): void {
  const without = ({ le: _, ...labels }: Labels) => JSON.stringify(sorted(labels));
  const groups = Map.groupBy(
    series.filter((one) => one.name === `${name}_bucket`),
    ({ labels }) => without(labels),
  );
  const of = (suffix: string, labels: string) =>
    series.find((one) => one.name === `${name}_${suffix}` && without(one.labels) === labels)?.value;
  expect(groups.size).toBeGreaterThan(0);
  for (const [labels, buckets] of groups) {
    const bounds = buckets.map(({ labels: { le } }) => Number(le?.replace("+Inf", "Infinity")));
    expect(bounds).toEqual([...new Set(bounds)].sort((a, b) => a - b));
    expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
    const values = buckets.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(of("count", labels)).toBe(values.at(-1));
    expect(of("sum", labels)).toBeGreaterThanOrEqual(0);
  }
}

const sorted = (labels: Labels): [string, string][] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));

/** The values of one name, summed by the given labels: `{"create created": 3}`. Zeros are left out. */
export function sumsOf({ series }: Scrape, name: string, ...by: string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { labels, value } of series.filter((one) => one.name === name)) {
    const key = by.map((label) => labels[label] ?? "").join(" ");
    sums[key] = (sums[key] ?? 0) + value;
  }
  return Object.fromEntries(Object.entries(sums).filter(([, value]) => value !== 0));
}

/** By how much the sums differ between two scrapes. */
export function growthOf(before: Scrape, after: Scrape, name: string, ...by: string[]) {
  const [then, now] = [sumsOf(before, name, ...by), sumsOf(after, name, ...by)];
  const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  const growth = keys.map((key) => [key, (now[key] ?? 0) - (then[key] ?? 0)] as const);
  return Object.fromEntries(growth.filter(([, value]) => value !== 0));
}
