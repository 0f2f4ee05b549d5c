/** One JSON line per event. Fields are a closed set: what has no field here (bodies, keys, tokens, messages of faults)
 *  cannot get into a log by accident. */

import { parseTraceId } from "../domain/identity/traceparent";
import { formatTime } from "../domain/time/format-time";

const LEVELS = { info: 0, warn: 1, error: 2 } as const;
export type Level = keyof typeof LEVELS;

export type LogFields = {
  request_id?: string | undefined;
  /** The W3C trace of the request that caused the event. */
  trace_id?: string;
  merchant_id?: string | undefined;
  transaction_id?: string | undefined;
  /** Of the processor: `charge`, `refund` … */
  operation?: string;
  refund_id?: string;
  endpoint_id?: string;
  delivery_id?: string;
  erasure_id?: string;
  /** Of an event of the processor: its own id and type. */
  event_id?: string;
  event_type?: string;
  method?: string;
  /** The route's pattern, never the path: a path may hold an idempotency key. */
  route?: string;
  status?: number;
  duration_ms?: number;
  outcome?: string | undefined;
  reason?: string;
  attempt?: number;
  /** The number of a book. */
  book?: number;
  rows?: number;
  failures?: number;
  /** A fault's class and stack without its message: messages quote data. */
  fault?: string;
};

export type Log = (level: Level, event: string, fields: LogFields) => void;

/** A log that drops lines below a level. @param common fields of every line */
export function createLog(least: Level, common: LogFields = {}): Log {
  return (level, event, fields) => {
    if (LEVELS[level] < LEVELS[least]) return;
    const line = { time: formatTime(Date.now()), level, event, ...common, ...fields };
    console.log(JSON.stringify(line));
  };
}

/** The field with the trace that something belongs to. */
export function traceFields(traceparent: string | null): { trace_id?: string } {
  return traceparent ? { trace_id: parseTraceId(traceparent) } : {};
}

/** Lines of a stack kept: enough to find the place. */
const STACK_LINES = 6;

/** What may be logged of a fault: its class and where it happened. */
export function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // A stack begins with the message, which may look like anything; the frames follow.
  const places = (error.stack ?? "").replace(`${error.name}: ${error.message}`, "");
  const isTold = error.message !== "" && places.includes(error.message);
  const frames = isTold ? [] : places.split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, STACK_LINES).map((line) => line.trim())].join(" | ");
}
