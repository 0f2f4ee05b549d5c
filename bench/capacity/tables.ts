// The tables of `npm run capacity`, as Markdown, and the part of docs/capacity.md that has them.
import {
  ARCHIVE_ROWS,
  BYTES,
  D1_WRITES,
  DELIVERY,
  type Figure,
  KEPT_DAYS,
  LIMITS,
  THREADS,
} from "./figures.ts";
import { type Capacity, computeCapacity, merchantRate, type Setup } from "./model.ts";

const RATES = [1, 10, 100, 1_000, 10_000];
/** The settings' own defaults. */
export const DEFAULTS: Omit<Setup, "rate"> = {
  hot_days: 90,
  shards: 16,
  velocity_shards: 4,
  books: 1,
  extra_bytes: 0,
};
/** The configurations of docs/capacity.md. */
export const WORKED: Setup[] = [
  { ...DEFAULTS, rate: 1_000, hot_days: 0.25, shards: 64, velocity_shards: 32 },
  { ...DEFAULTS, rate: 1_000, hot_days: 7, shards: 64, velocity_shards: 32, books: 32 },
  { ...DEFAULTS, rate: 10_000, hot_days: 0.25, shards: 256, velocity_shards: 256, books: 16 },
];

/** Of payments at one a second. */
const MILLIONS_A_MONTH = (30 * 86_400) / 1e6;

const BEGIN = "<!-- npm run capacity -->";
const END = "<!-- end of npm run capacity -->";

/** Of a report: the rates that are shown, with one set of options, and further setups. */
export type Report = { options: Omit<Setup, "rate">; rates: number[]; setups: Setup[] };
export const FULL_REPORT: Report = { options: DEFAULTS, rates: RATES, setups: WORKED };

/** All tables of a report. */
export function writeReport({ options, rates, setups }: Report): string {
  const { hot_days, shards, velocity_shards, books, extra_bytes } = options;
  const title = `HOT_DAYS ${hot_days}, TRANSACTION_SHARDS ${shards}, VELOCITY_SHARDS ${velocity_shards}, BOOKS ${books}${
    extra_bytes > 0 ? `, ${extra_bytes} bytes more a payment` : ""
  }`;
  const byRate = rates.map((rate) => ({ ...options, rate }));
  const tables = [
    `Bytes of a payment, and what a thread can do:\n\n${figuresTable()}`,
    `${title}, by payments a second:\n\n${capacityTable(byRate, (setup) => whole(setup.rate))}`,
  ];
  if (setups.length > 0) {
    tables.push(`Other settings for high rates:\n\n${capacityTable(setups, describe)}`);
  }
  return [...tables, dispatcherLine()].join("\n\n");
}

function dispatcherLine(): string {
  const rate = merchantRate();
  return `A merchant's dispatcher has room for the deliveries of ${short(rate)} payments a second, to one endpoint of every event.`;
}

/** A page with its part between the two marks replaced. @throws when it lacks the marks */
export function replaceReport(page: string, report: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`The page lacks ${BEGIN} … ${END}.`);
  return `${page.slice(0, from)}${BEGIN}\n\n${report}\n\n${page.slice(to)}`;
}

const FIGURES: [string, Figure, string][] = [
  ["a payment in its shard", BYTES.shard, "bytes"],
  ["a payment in its velocity object", BYTES.velocity, "bytes"],
  ["a payment in D1", BYTES.d1, "bytes"],
  ["an archived payment in its shard", BYTES.archived_in_shard, "bytes"],
  ["an archived payment in R2", BYTES.archived_in_r2, "bytes"],
  ["an archived payment in D1", BYTES.archived_in_d1, "bytes"],
  ["rows of a shard to archive a payment", ARCHIVE_ROWS.shard, ""],
  ["rows of D1 to archive a payment", ARCHIVE_ROWS.d1, ""],
  ["days in the velocity object", KEPT_DAYS.velocity, ""],
  ["a delivery of a webhook", DELIVERY.bytes, "bytes"],
  ["deliveries of a payment, of every event", DELIVERY.a_payment, ""],
  ["days of a delivery", KEPT_DAYS.deliveries, ""],
  ["D1's thread for a write", THREADS.d1_ms_a_write, "ms"],
  ["and for each payment in it", THREADS.d1_ms_a_payment, "ms"],
  ["a write of D1, at most", D1_WRITES.rows, "events"],
  ["a write of D1 gathers for", D1_WRITES.gather_s, "s"],
  ["a shard's thread", THREADS.shard_payments_a_second, "payments a second"],
  ["D1, at most", LIMITS.d1_bytes, "bytes"],
  ["an object, at most", LIMITS.object_bytes, "bytes"],
  ["a queue, at most", LIMITS.queue_messages_a_second, "messages a second"],
];

function figuresTable(): string {
  const lines = FIGURES.map(([name, { value, kind, source, date }, unit]) => [
    name,
    `${short(value)} ${unit}`.trim(),
    `${kind}, ${source.startsWith("npm") ? `\`${source}\`` : source}, ${date}`,
  ]);
  return table(["figure", "value", "from"], lines);
}

const ROWS: [string, (capacity: Capacity, setup: Setup) => string][] = [
  ["payments in 30 days, millions", (_, { rate }) => short(rate * MILLIONS_A_MONTH)],
  [
    "**full after:** D1 without the archive",
    (_, setup) => time(withoutArchive(setup).d1_full_days),
  ],
  ["D1", ({ d1_full_days }) => time(d1_full_days)],
  ["a shard without the archive", (_, setup) => time(withoutArchive(setup).shard_full_days)],
  ["a shard", ({ shard_full_days }) => time(shard_full_days)],
  ["a velocity object", ({ velocity_full_days }) => time(velocity_full_days)],
  ["**first limit**", firstLimit],
  ["**busy:** writes a second of each database of D1", ({ d1_writes }) => short(d1_writes.usual)],
  ["the thread of each database of D1", ({ d1_thread }) => percent(d1_thread.usual)],
  ["D1's thread, if all writes were full", ({ d1_thread }) => percent(d1_thread.full)],
  ["a shard's thread", ({ shard_thread }) => percent(shard_thread)],
  [
    "the queue, with an endpoint for every event",
    (_, { rate }) =>
      percent((rate * DELIVERY.a_payment.value) / LIMITS.queue_messages_a_second.value),
  ],
  ["objects written to R2 a second", ({ r2_writes }) => short(r2_writes)],
  ["**to hold a year:** shards", ({ shards_for_a_year }) => whole(shards_for_a_year)],
  ["databases of D1", ({ databases }) => whole(databases)],
  [
    "**dollars** a million, payments that share commits",
    (one) => short(one.dollars_a_million.sharing),
  ],
  ["a million, each alone", ({ dollars_a_million }) => short(dollars_a_million.alone)],
  ["a month, sharing", ({ dollars_a_month }) => whole(dollars_a_month.sharing)],
  ["a month, each alone", ({ dollars_a_month }) => whole(dollars_a_month.alone)],
  ["storage a month, after a month", (one) => short(one.storage_dollars_a_month.month)],
  ["storage a month, after a year", (one) => short(one.storage_dollars_a_month.year)],
  ["**GB after a month:** D1", ({ stored_gb }) => short(stored_gb.month.d1)],
  ["all shards", ({ stored_gb }) => short(stored_gb.month.shard)],
  ["all velocity objects", ({ stored_gb }) => short(stored_gb.month.velocity)],
  ["R2", ({ stored_gb }) => short(stored_gb.month.r2)],
];

function capacityTable(setups: Setup[], heading: (setup: Setup) => string): string {
  const columns = setups.map((setup) => ({ setup, capacity: computeCapacity(setup) }));
  const lines = ROWS.map(([name, show]) => [
    name,
    ...columns.map(({ setup, capacity }) => show(capacity, setup)),
  ]);
  return table(["", ...setups.map(heading)], lines);
}

const withoutArchive = (setup: Setup) => computeCapacity({ ...setup, hot_days: 0 });

/** What is full first, or has no thread left from the start. */
function firstLimit(capacity: Capacity): string {
  const { d1_thread, shard_thread } = capacity;
  if (d1_thread.full >= 1) return "D1's thread, at once";
  if (shard_thread >= 1) return "a shard's thread, at once";
  const times: [string, number][] = [
    ["D1", capacity.d1_full_days],
    ["a shard", capacity.shard_full_days],
    ["a velocity object", capacity.velocity_full_days],
  ];
  const [first] = times.sort(([, one], [, other]) => one - other);
  if (!first || first[1] === Number.POSITIVE_INFINITY) return "none";
  return `${first[0]}, ${time(first[1])}`;
}

function describe({ rate, hot_days, shards, velocity_shards, books }: Setup): string {
  return `${whole(rate)} a second, HOT_DAYS ${hot_days}, ${shards} shards, ${velocity_shards} velocity objects, ${books === 1 ? "1 book" : `${books} books`}`;
}

function table(head: string[], lines: string[][]): string {
  const separator = head.map((_, at) => (at === 0 ? "---" : "---:"));
  return [head, separator, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

const HOURS = 24;
const YEAR_DAYS = 365;

/** A number of days in the unit that suits it. */
export function time(days: number): string {
  if (days === Number.POSITIVE_INFINITY) return "never";
  if (days >= 2 * YEAR_DAYS) return `${short(days / YEAR_DAYS)} years`;
  if (days >= 2) return `${short(days)} days`;
  const hours = days * HOURS;
  return hours >= 2 ? `${short(hours)} hours` : `${short(hours * 60)} minutes`;
}

const percent = (share: number) => `${short(share * 100)} %`;
const whole = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });

/** Three digits, more when they are before the point. */
function short(value: number): string {
  return value >= 100
    ? whole(value)
    : value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}
