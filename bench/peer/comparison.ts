// What the windows of a comparison add up to, and its tables. It must not know how they were measured.
import type { CaseName } from "../cases.ts";
import type { Row } from "../measure.ts";
import { ms, printTable, whole } from "../report.ts";

/** `bare` is there only if it was asked for. */
export type Side = "ours" | "bare" | "peer";
/** One window. `drain_ms` is how long the server went on working after it. */
export type Window = Row & { drain_ms: number };
export type Comparison = {
  name: CaseName;
  connections: number;
  windows: Partial<Record<Side, Window[]>>;
};
export type Group = { title: string; comparisons: Comparison[] };

const SIDES: Side[] = ["ours", "bare", "peer"];
const HEAD = [
  "case",
  "connections",
  "",
  "a second",
  "p50 ms",
  "p99",
  "CPU ms",
  "drain s",
  "errors",
];
const RATIO_HEAD = ["case", "connections", "", "median", "lowest", "highest", "of p99"];

function linesOf({ name, connections, windows }: Comparison): string[][] {
  return SIDES.flatMap((side) => {
    const all = windows[side];
    if (all === undefined) return [];
    const cpu = all.flatMap(({ cpu_ms }) => cpu_ms ?? []);
    const line = [
      name,
      String(connections),
      side,
      whole(median(all.map(({ tps }) => tps))),
      ms(median(all.map(({ p50_ms }) => p50_ms))),
      ms(median(all.map(({ p99_ms }) => p99_ms))),
      cpu.length === 0 ? "-" : ms(median(cpu)),
      (median(all.map(({ drain_ms }) => drain_ms)) / 1_000).toFixed(1),
      String(all.reduce((sum, { errors }) => sum + errors, 0)),
    ];
    return [line];
  });
}

function ratioLinesOf({
  name,
  connections,
  windows: { peer = [], ...others },
}: Comparison): string[][] {
  return SIDES.flatMap((side) => {
    const own = side === "peer" ? undefined : others[side];
    if (own === undefined) return [];
    const ratios = own.map(({ tps }, at) => tps / (peer[at]?.tps ?? Number.NaN));
    const tails = own.map(({ p99_ms }, at) => p99_ms / (peer[at]?.p99_ms ?? Number.NaN));
    const figures = [median(ratios), Math.min(...ratios), Math.max(...ratios), median(tails)];
    return [[name, String(connections), `${side} / peer`, ...figures.map((one) => one.toFixed(2))]];
  });
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] = [sorted[half - 1 + (sorted.length % 2)], sorted[half]];
  return (low + high) / 2;
}

/** The two tables of each group, and how to read them. */
export function printGroups(groups: Group[]): void {
  for (const { title, comparisons } of groups) {
    printTable(title, HEAD, comparisons.flatMap(linesOf));
    printTable("window by window", RATIO_HEAD, comparisons.flatMap(ratioLinesOf));
  }
  printNotes();
}

function printNotes(): void {
  console.log(`
Each figure is the median of the windows. A unit of create+process is both requests. CPU ms is the user and system
time for one unit of all processes that serve: workerd; or Node, PostgreSQL and Redis. "drain" is how long a server
went on working after a window; the next window begins after it.`);
}

/** Prints the errors; returns whether there were any. */
export function printErrors(groups: Group[]): boolean {
  const rows = groups.flatMap(({ comparisons }) =>
    comparisons.flatMap(({ windows }) =>
      SIDES.flatMap((side) => (windows[side] ?? []).map((row) => ({ ...row, side }))),
    ),
  );
  const failed = rows.filter(({ errors }) => errors > 0);
  for (const { side, errors, error_samples, ...row } of failed) {
    console.error(`\n${side}, ${row.case}: ${errors} errors, such as`);
    for (const text of error_samples) console.error(`  ${text}`);
  }
  return failed.length > 0;
}
