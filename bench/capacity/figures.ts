// The figures that `npm run capacity` computes with. After a new measurement only this file changes; then
// `npm run capacity -- --write` brings docs/capacity.md up to date.
import type { Counts } from "../cost/counts.ts";

export type Figure = {
  value: number;
  /** The command that printed it, or the page that states it, or what it is derived from. */
  source: string;
  /** When it was measured or read. */
  date: string;
  kind: "measured" | "published" | "derived";
};

const measured = (value: number, source: string, date: string): Figure => {
  return { value, source, date, kind: "measured" };
};
const published = (value: number, source: string, date: string): Figure => {
  return { value, source, date, kind: "published" };
};
const derived = (value: number, source: string, date: string): Figure => {
  return { value, source, date, kind: "derived" };
};

const GROWTH = "npm run bench:growth";
const GROWTH_OF_THREADS =
  "npm run bench:growth with 1 shard (full writes) and with 64 (a write for each payment)";
const ARCHIVE = "npm run bench:archive";
const CODE_READ = "2026-11-30";

/** Bytes of the smallest payment, created and processed by two requests: three events. */
export const BYTES = {
  shard: measured(615, GROWTH, "2026-11-30"),
  velocity: measured(275, GROWTH, "2026-11-30"),
  d1: measured(307, GROWTH, "2026-11-30"),
  archived_in_shard: measured(29, ARCHIVE, "2026-11-30"),
  archived_in_r2: measured(175, `${ARCHIVE} (random keys)`, "2026-12-01"),
  archived_in_d1: derived(0, "src/d1/transactions/remove-archived.ts", CODE_READ),
} satisfies Record<string, Figure>;

/** A longer text of D1 leaves its row, all but so many bytes, for pages of its own. */
export const D1_TEXT = {
  longest: derived(850, "docs/decisions/0022-lists-have-small-rows.md", CODE_READ),
  in_row: derived(489, "https://www.sqlite.org/fileformat2.html", CODE_READ),
  page: derived(4_096, "https://www.sqlite.org/fileformat2.html", CODE_READ),
} satisfies Record<string, Figure>;

/** What one thread can do. D1's time is the CPU time of its process, in which a write waits for the disk as well. */
export const THREADS = {
  /** Everything on one thread, the edge and the velocity object included, so a shard alone can do more. */
  shard_payments_a_second: measured(
    1_760,
    "npm run bench (create + process, 32 connections, 1 shard)",
    "2026-11-30",
  ),
  /** Of a write, whatever it holds, and of each payment in it. */
  d1_ms_a_write: derived(1.3, GROWTH_OF_THREADS, "2026-11-30"),
  d1_ms_a_payment: derived(0.1, GROWTH_OF_THREADS, "2026-11-30"),
} satisfies Record<string, Figure>;

/** A shard writes to D1 when it has gathered events for so long, or so many. */
export const D1_WRITES = {
  gather_s: derived(0.5, "src/transactions/outbox/to-book.ts", CODE_READ),
  rows: derived(700, "src/d1/append-events.ts", CODE_READ),
  rows_a_payment: derived(3, "docs/performance.md", CODE_READ),
} satisfies Record<string, Figure>;

/** Rows that archiving writes or deletes later: three events and the row of where the payment is; its row and its row of
 *  the feed in D1. A deleted row is billed as one that is written. */
export const ARCHIVE_ROWS = {
  shard: derived(4, "src/transactions/archive/segments.ts", CODE_READ),
  d1: derived(2, "src/d1/transactions/remove-archived.ts, src/d1/events/feed-writes.ts", CODE_READ),
} satisfies Record<string, Figure>;

/** A segment of the archive: payments, and objects of R2 that are written for it. Each is read back once. */
export const SEGMENT = {
  payments: derived(1_024, "src/archive/manifest.ts", CODE_READ),
  objects: derived(2, "docs/archive.md", CODE_READ),
} satisfies Record<string, Figure>;

/** Bytes of a delivery of a webhook in its merchant's dispatcher, and how many a payment has at an endpoint of every event. */
export const DELIVERY = {
  bytes: measured(1_333, "npm run cost", "2026-11-30"),
  a_payment: measured(3, "npm run cost", "2026-11-30"),
} satisfies Record<string, Figure>;

const D1_LIMITS = "https://developers.cloudflare.com/d1/platform/limits/";
const OBJECT_LIMITS = "https://developers.cloudflare.com/durable-objects/platform/limits/";
const QUEUE_LIMITS = "https://developers.cloudflare.com/queues/platform/limits/";

export const LIMITS = {
  d1_bytes: published(10e9, D1_LIMITS, "2026-11-30"),
  object_bytes: published(10e9, OBJECT_LIMITS, "2026-11-30"),
  queue_messages_a_second: published(5_000, QUEUE_LIMITS, "2026-11-30"),
} satisfies Record<string, Figure>;

/** Days for which rows are kept that are neither archived nor for ever. */
export const KEPT_DAYS = {
  velocity: derived(
    9,
    "src/velocity/retention.ts: eight days and up to a day until the sweep",
    CODE_READ,
  ),
  deliveries: derived(
    31,
    "src/webhooks/store/retention.ts: 30 days and up to a day until the sweep",
    CODE_READ,
  ),
} satisfies Record<string, Figure>;

type Billed = { [Part in keyof Counts]?: Partial<Counts[Part]> };

/** What `npm run cost` counted on 2026-11-30 for a payment, without stored bytes: payments that share commits ("busy" there),
 *  and payments that come alone ("paced"). */
export const BILLED: Record<"sharing" | "alone", Billed> = {
  sharing: {
    worker: { requests: 2, log_lines: 2 },
    d1: { rows_written: 5.49, rows_read: 39.6 },
    shard: { requests: 0.207, alarms: 0.0007, rows_written: 6.1, rows_read: 5.19 },
    velocity: { requests: 0.032, rows_written: 2.16, rows_read: 1 },
    dispatcher: { requests: 0.016 },
  },
  alone: {
    worker: { requests: 2, log_lines: 2 },
    d1: { rows_written: 9, rows_read: 73.1 },
    shard: { requests: 2, alarms: 0.333, rows_written: 9.67, rows_read: 10.1 },
    velocity: { requests: 1, rows_written: 2.01, rows_read: 1.01 },
    dispatcher: { requests: 1 },
  },
};
