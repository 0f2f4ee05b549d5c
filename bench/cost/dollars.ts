// What a million payments, gets or lists cost, from the counts of one.
import { type Counts, PARTS, type Part, type Unit } from "./counts.ts";
import { PRICES, type Price } from "./prices.ts";

export type Line = { label: string; dollars: number };

/** The Durable Objects. */
export const OBJECTS = ["shard", "velocity", "dispatcher", "quota"] as const satisfies Part[];

type Item = { label: string; price: Price; amount: (one: Counts) => number };

const sum = (one: Counts, parts: readonly Part[], unit: Unit) =>
  parts.reduce((total, part) => total + one[part][unit], 0);
/** A million times so many bytes, in GB. */
const gigabytes = (bytes: number) => bytes / 1_000;

const ITEMS: Item[] = [
  { label: "rows written: D1", price: PRICES.d1_row_written, amount: (one) => one.d1.rows_written },
  ...OBJECTS.map((part) => ({
    label: `rows written: ${part}`,
    price: PRICES.object_row_written,
    amount: (one: Counts) => one[part].rows_written,
  })),
  { label: "rows read: D1", price: PRICES.d1_row_read, amount: (one) => one.d1.rows_read },
  {
    label: "rows read: objects",
    price: PRICES.object_row_read,
    amount: (one) => sum(one, OBJECTS, "rows_read"),
  },
  {
    label: "requests: Worker",
    price: PRICES.worker_request,
    amount: (one) => one.worker.requests,
  },
  {
    label: "requests and alarms: objects",
    price: PRICES.object_request,
    amount: (one) => sum(one, OBJECTS, "requests") + sum(one, OBJECTS, "alarms"),
  },
  {
    label: "queue operations",
    price: PRICES.queue_operation,
    amount: (one) => one.queue.operations,
  },
  { label: "log lines", price: PRICES.log_line, amount: (one) => one.worker.log_lines },
  {
    label: "storage for a month: D1",
    price: PRICES.d1_storage,
    amount: (one) => gigabytes(one.d1.bytes),
  },
  {
    label: "storage for a month: objects",
    price: PRICES.object_storage,
    amount: (one) => gigabytes(sum(one, OBJECTS, "bytes")),
  },
];

/** The price of a million of what these are the counts of, by what is billed, the total last.
 *  @param one counts of one, `later` is included by its caller */
export function dollarsForMillion(one: Counts): Line[] {
  const lines = ITEMS.map(({ label, price, amount }) => ({
    label,
    dollars: amount(one) * price.dollars,
  }));
  const total = lines.reduce((all, { dollars }) => all + dollars, 0);
  return [...lines, { label: "total", dollars: total }];
}

/** Counts with those of the sweeps. */
export function withLater(one: Counts, later: Counts): Counts {
  const all = structuredClone(one);
  for (const part of PARTS) all[part].rows_written += later[part].rows_written;
  return all;
}

/** Counts with the stored bytes of others: of few payments the size is that of the pages they happen to begin. */
export function withBytesOf(one: Counts, other: Counts): Counts {
  const all = structuredClone(one);
  for (const part of PARTS) all[part].bytes = other[part].bytes;
  return all;
}
