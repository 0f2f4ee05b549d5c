/** Begins traces and goes on with them: the random part of `domain/trace.ts`. */
import { parseTraceparent, withSpan } from "../domain/identity/traceparent";

const SPAN_DIGITS = 16;
/** Sampled: everything that happens here is logged. */
const FLAGS = "01";

/** Our own leg of the trace that a request belongs to; without one, or one that is not valid, of a new trace.
 *  @param drawn 32 digits by `drawnHex()` that are this request's alone */
export function continueTrace(header: string | undefined, drawn: string): string {
  const given = header === undefined ? undefined : parseTraceparent(header);
  const span = drawn.slice(0, SPAN_DIGITS);
  return given ? withSpan(given, span) : `00-${drawn}-${span}-${FLAGS}`;
}

/** For a request that is sent on: the same trace, a leg of its own. */
export function nextSpan(traceparent: string): string {
  return withSpan(traceparent, randomHex().slice(0, SPAN_DIGITS));
}

/** 32 hex digits. A UUID is the cheapest randomness a Worker has, and its thirteenth digit, always a 4, sees
 *  to it that neither a trace nor a span is all zeros, which the standard forbids. */
export function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
