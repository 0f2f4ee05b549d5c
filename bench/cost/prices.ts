// The published prices of the paid plan, in dollars, without the amounts that it includes. Prices change: each has the
// page it is from and the day on which it was read there.

export type Price = {
  /** For a million units, or for a GB-month of storage. */
  dollars: number;
  unit: string;
  source: string;
  read_on: string;
};

const WORKERS = "https://developers.cloudflare.com/workers/platform/pricing/";
const OBJECTS = "https://developers.cloudflare.com/durable-objects/platform/pricing/";
const D1 = "https://developers.cloudflare.com/d1/platform/pricing/";
const QUEUES = "https://developers.cloudflare.com/queues/platform/pricing/";
const R2 = "https://developers.cloudflare.com/r2/pricing/";
const READ_ON = "2026-11-28";
const R2_READ_ON = "2026-11-30";

/** A call of `setAlarm()` is a row written, a run of an alarm a request of its object. A queue's message of up to 64 KB
 *  is three operations: write, read and delete. The price of log events ends on 1 December 2026; they are priced anew
 *  then. R2 calls its writes class A operations, and its reads class B. */
export const PRICES = {
  worker_request: million(0.3, "request", WORKERS),
  log_line: million(0.6, "log event", WORKERS),
  object_request: million(0.15, "request", OBJECTS),
  object_row_written: million(1, "row written", OBJECTS),
  object_row_read: million(0.001, "row read", OBJECTS),
  object_storage: { ...million(0.2, "", OBJECTS), unit: "GB-month" },
  d1_row_written: million(1, "row written", D1),
  d1_row_read: million(0.001, "row read", D1),
  d1_storage: { ...million(0.75, "", D1), unit: "GB-month" },
  queue_operation: million(0.4, "operation", QUEUES),
  r2_storage: { ...million(0.015, "", R2), unit: "GB-month", read_on: R2_READ_ON },
  r2_write: { ...million(4.5, "write", R2), read_on: R2_READ_ON },
  r2_read: { ...million(0.36, "read", R2), read_on: R2_READ_ON },
} as const satisfies Record<string, Price>;

function million(dollars: number, what: string, source: string): Price {
  return { dollars, unit: `million ${what}s`, source, read_on: READ_ON };
}
