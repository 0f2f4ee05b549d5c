/** Begins and continues traces: the random part of `domain/identity/traceparent.ts`. */
import { parseTraceparent, withSpan } from "../domain/identity/traceparent";

const SPAN_DIGITS = 16;
/** Sampled: everything here is logged. */
const FLAGS = "01";

/** A span of our own in the request's trace, or in a new trace when the request has none that is valid.
 *  @param drawn 32 digits from `randomHex()`, for this request alone */
export function continueTrace(header: string | undefined, drawn: string): string {
  const given = header === undefined ? undefined : parseTraceparent(header);
  const span = drawn.slice(0, SPAN_DIGITS);
  return given ? withSpan(given, span) : `00-${drawn}-${span}-${FLAGS}`;
}

/** For an outgoing request: the same trace with a new span. */
export function nextSpan(traceparent: string): string {
  return withSpan(traceparent, randomHex().slice(0, SPAN_DIGITS));
}

/** 32 random hex digits. A UUID is the cheapest randomness in a Worker. Its thirteenth digit, always a 4, keeps trace and
 *  span from being all zeros, which the standard forbids. */
export function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
