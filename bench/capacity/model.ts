// When a deployment is full, and what it costs, from the figures of figures.ts alone.
import { noCounts } from "../cost/counts.ts";
import { dollarsForMillion } from "../cost/dollars.ts";
import { PRICES } from "../cost/prices.ts";
import {
  ARCHIVE_ROWS,
  BILLED,
  BYTES,
  D1_TEXT,
  D1_WRITES,
  DELIVERY,
  KEPT_DAYS,
  LIMITS,
  SEGMENT,
  THREADS,
} from "./figures.ts";

const DAY_S = 86_400;
const MONTH_DAYS = 30;
const GB = 1e9;
const MILLION = 1e6;

export type Setup = {
  /** Payments a second, all day. */
  rate: number;
  /** `HOT_DAYS`; 0 for no archive. */
  hot_days: number;
  /** `TRANSACTION_SHARDS`, `VELOCITY_SHARDS`. */
  shards: number;
  velocity_shards: number;
  /** `BOOKS`: databases of D1 over which the merchants are spread evenly. */
  books: number;
  /** What a payment's texts are longer than those of the smallest payment. They are stored once in each place, in D1 on pages of
   *  their own when they are long. */
  extra_bytes: number;
};

/** A database, or as many equal ones as payments are spread over. `kept_days`: after so many days a payment has
 *  `later_bytes` there. */
export type Store = { parts: number; bytes: number; kept_days: number; later_bytes: number };
export type StoreName = "d1" | "shard" | "velocity" | "r2";

/** The databases of a setup, and the bucket. */
export function storesOf(setup: Setup): Record<StoreName, Store> {
  const { extra_bytes, shards, velocity_shards, books } = setup;
  const hot_days = setup.hot_days === 0 ? Number.POSITIVE_INFINITY : setup.hot_days;
  const extraInD1 = bytesInD1(extra_bytes);
  const staysInD1 = BYTES.archived_in_d1.value > 0 ? extraInD1 : 0;
  return {
    d1: {
      parts: books,
      bytes: BYTES.d1.value + extraInD1,
      kept_days: hot_days,
      later_bytes: BYTES.archived_in_d1.value + staysInD1,
    },
    shard: {
      parts: shards,
      bytes: BYTES.shard.value + extra_bytes,
      kept_days: hot_days,
      later_bytes: BYTES.archived_in_shard.value,
    },
    velocity: {
      parts: velocity_shards,
      bytes: BYTES.velocity.value,
      kept_days: KEPT_DAYS.velocity.value,
      later_bytes: 0,
    },
    r2: {
      parts: 1,
      bytes: 0,
      kept_days: hot_days,
      later_bytes: BYTES.archived_in_r2.value + extra_bytes,
    },
  };
}

/** What longer texts of a payment add to D1. */
function bytesInD1(extraBytes: number): number {
  if (extraBytes <= D1_TEXT.longest.value) return extraBytes;
  const pages = Math.ceil((extraBytes - D1_TEXT.in_row.value) / D1_TEXT.page.value);
  return D1_TEXT.in_row.value + pages * D1_TEXT.page.value;
}

/** Bytes in all parts of a store after so many days. */
export function bytesAfter(store: Store, rate: number, days: number): number {
  const recent = Math.min(days, store.kept_days);
  return rate * DAY_S * (recent * store.bytes + (days - recent) * store.later_bytes);
}

/** Days until each part of a store has so many bytes; infinite when it never has. */
export function daysUntil(store: Store, rate: number, bytes: number): number {
  const paymentsADay = (rate / store.parts) * DAY_S;
  const days = bytes / (paymentsADay * store.bytes);
  if (days <= store.kept_days) return days;
  const left = bytes - paymentsADay * store.kept_days * store.bytes;
  return store.kept_days + left / (paymentsADay * store.later_bytes);
}

/** What a setup is and costs. Times are days, infinite for never. */
export type Capacity = {
  d1_full_days: number;
  shard_full_days: number;
  velocity_full_days: number;
  /** Writes of each database of D1 a second; as few as there can be when each has as many rows as it may. */
  d1_writes: { usual: number; full: number };
  /** Shares of one thread. */
  d1_thread: { usual: number; full: number };
  shard_thread: number;
  /** Objects of R2 that are written a second. */
  r2_writes: number;
  /** Without storage. */
  dollars_a_million: { sharing: number; alone: number };
  dollars_a_month: { sharing: number; alone: number };
  /** After a month, and after a year. */
  stored_gb: { month: Record<StoreName, number>; year: Record<StoreName, number> };
  storage_dollars_a_month: { month: number; year: number };
  /** Shards and databases that would hold a year. */
  shards_for_a_year: number;
  databases: number;
};

export function computeCapacity(setup: Setup): Capacity {
  const { rate, shards, books } = setup;
  const stores = storesOf(setup);
  const fullDays = (name: "d1" | "shard" | "velocity") =>
    daysUntil(
      stores[name],
      rate,
      name === "d1" ? LIMITS.d1_bytes.value : LIMITS.object_bytes.value,
    );
  const d1Writes = writesOf(setup);
  const d1Thread = (writes: number) =>
    (writes * THREADS.d1_ms_a_write.value + (rate / books) * THREADS.d1_ms_a_payment.value) / 1_000;
  const d1_thread = { usual: d1Thread(d1Writes.usual), full: d1Thread(d1Writes.full) };
  const million = {
    sharing: dollarsToWrite("sharing", setup),
    alone: dollarsToWrite("alone", setup),
  };
  const millionsAMonth = (rate * DAY_S * MONTH_DAYS) / MILLION;
  const [month, year] = [MONTH_DAYS, 365].map((days) => storedAfter(stores, rate, days));
  if (!month || !year) throw new Error("two times were given");
  return {
    d1_full_days: fullDays("d1"),
    shard_full_days: fullDays("shard"),
    velocity_full_days: fullDays("velocity"),
    d1_writes: d1Writes,
    d1_thread,
    shard_thread: rate / shards / THREADS.shard_payments_a_second.value,
    r2_writes: setup.hot_days === 0 ? 0 : (rate / SEGMENT.payments.value) * SEGMENT.objects.value,
    dollars_a_million: million,
    dollars_a_month: {
      sharing: million.sharing * millionsAMonth,
      alone: million.alone * millionsAMonth,
    },
    stored_gb: { month, year },
    storage_dollars_a_month: { month: dollarsToStore(month), year: dollarsToStore(year) },
    shards_for_a_year: Math.ceil((year.shard * GB) / LIMITS.object_bytes.value),
    databases: Math.ceil(Math.max((year.d1 * GB) / LIMITS.d1_bytes.value, d1_thread.full * books)),
  };
}

/** A shard gathers events for a time before it writes them, unless there are enough for a write sooner. */
function writesOf({ rate, shards, books }: Setup): Capacity["d1_writes"] {
  const own = rate / books;
  const full = (own * D1_WRITES.rows_a_payment.value) / D1_WRITES.rows.value;
  const gathered = shards * Math.min(own / shards, 1 / D1_WRITES.gather_s.value);
  return { usual: Math.max(full, gathered), full };
}

function storedAfter(
  stores: Record<StoreName, Store>,
  rate: number,
  days: number,
): Record<StoreName, number> {
  const gb = (name: StoreName) => bytesAfter(stores[name], rate, days) / GB;
  return { d1: gb("d1"), shard: gb("shard"), velocity: gb("velocity"), r2: gb("r2") };
}

/** Dollars to make a million payments and to archive them, without what storing them costs. */
function dollarsToWrite(how: keyof typeof BILLED, { hot_days }: Setup): number {
  const counts = noCounts();
  for (const [part, units] of Object.entries(BILLED[how])) {
    Object.assign(counts[part as keyof typeof counts], units);
  }
  if (hot_days > 0) {
    counts.shard.rows_written += ARCHIVE_ROWS.shard.value;
    counts.d1.rows_written += ARCHIVE_ROWS.d1.value;
  }
  const objects = hot_days > 0 ? SEGMENT.objects.value / SEGMENT.payments.value : 0;
  const r2 = objects * (PRICES.r2_write.dollars + PRICES.r2_read.dollars);
  return (dollarsForMillion(counts).at(-1)?.dollars ?? 0) + r2;
}

function dollarsToStore({ d1, shard, velocity, r2 }: Record<StoreName, number>): number {
  return (
    d1 * PRICES.d1_storage.dollars +
    (shard + velocity) * PRICES.object_storage.dollars +
    r2 * PRICES.r2_storage.dollars
  );
}

/** Payments a second of one merchant whose deliveries, to one endpoint of every event, fit into its dispatcher. */
export function merchantRate(): number {
  const bytes = DELIVERY.bytes.value * DELIVERY.a_payment.value;
  return LIMITS.object_bytes.value / (bytes * KEPT_DAYS.deliveries.value * DAY_S);
}
