/** The counters of a shard; docs/metrics.md explains each. */
import { Counts } from "../observability/durable-counters";

/** Upper bounds of the histogram of times from arrival to response, in milliseconds. */
export const DURATION_BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500];
/** Upper bounds of the histogram of commands in a batch. */
export const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Upper bounds of the histogram of events in a delivery, which has at most 200. */
export const DELIVERY_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200];

export type Counter =
  | "commands"
  | "charges"
  | "anomalies"
  | "reports"
  | "deliveries"
  | "delivered_events"
  | "stream_requests"
  | "parked_events"
  | "processor_events"
  | "archived_payments";
export type Histogram = "answer_ms" | "round_commands" | "delivery_events";

export class Counters extends Counts<Counter, Histogram> {}
