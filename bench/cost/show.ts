// The tables of `npm run cost`.
import { printTable } from "../report.ts";
import { type Counts, PARTS, type Unit } from "./counts.ts";
import type { Line } from "./dollars.ts";
import { PRICES } from "./prices.ts";

const COLUMNS: [string, Unit][] = [
  ["rows written", "rows_written"],
  ["of them alarms set", "alarms_set"],
  ["rows read", "rows_read"],
  ["requests", "requests"],
  ["alarms run", "alarms"],
  ["queue operations", "operations"],
  ["log lines", "log_lines"],
  ["bytes stored", "bytes"],
];
const HEADINGS = new Map<string, string>([
  ["d1", "D1"],
  ["quota", "quotas"],
]);

export function printUnits(units: Record<string, Counts>): void {
  for (const [title, one] of Object.entries(units)) {
    const lines = PARTS.map((part) => [
      HEADINGS.get(part) ?? part,
      ...COLUMNS.map(([, unit]) => shorten(one[part][unit], unit === "bytes" ? 0 : 2)),
    ]);
    printTable(title, ["part", ...COLUMNS.map(([name]) => name)], lines);
  }
}

export function printDollars(dollars: Record<string, Line[]>, deliveriesAPayment: number): void {
  const titles = Object.keys(dollars);
  const labels = Object.values(dollars)[0]?.map(({ label }) => label) ?? [];
  const lines = labels.map((label, at) => [
    label,
    ...titles.map((title) => shorten(dollars[title]?.[at]?.dollars ?? 0, 2)),
  ]);
  const short = titles.map((title) => title.replace(/:.*/, ""));
  printTable("dollars for a million of each", ["billed", ...short], lines);
  const adds = titles
    .filter((title) => title.startsWith("a webhook delivery"))
    .map((title) => (dollars[title]?.at(-1)?.dollars ?? 0) * deliveriesAPayment);
  console.log(`
An endpoint has ${shorten(deliveriesAPayment, 2)} deliveries of a payment, so it adds ${adds.map((sum) => `$${shorten(sum, 2)}`).join(" (busy) and ")} (paced) to a
million payments.
Rows written include those that the sweeps write when everything has expired: the tool runs the sweeps with a clock
that is 402 days ahead, and divides what they write by the payments made. Stored bytes are those of the busy run, priced
for a month. Prices of ${PRICES.d1_row_written.read_on} (bench/cost/prices.ts), without what the plan includes. Not counted, because this machine's
times are not the platform's: CPU time of the Worker, and the time for which objects are in memory.`);
}

function shorten(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? "-" : text;
}
