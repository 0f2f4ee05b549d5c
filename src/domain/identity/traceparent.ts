/** W3C Trace Context, https://www.w3.org/TR/trace-context/: which request caused what, across systems.
 *
 *  A `traceparent` is `00-TRACE-SPAN-FLAGS` in lower-case hex. The trace stays the same across systems; each
 *  system that sends a request on replaces the span with one of its own. */

/** The length of version 00. A later version may append fields. */
const CHARACTERS = 55;
const FIELDS = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** The flags sampled and random; the others are undefined and must not be passed on. */
const KNOWN_FLAGS = 0b11;

/** A request's trace context in the form of version 00; undefined when the header is invalid and a new trace has to
 *  start. */
export function parseTraceparent(header: string): string | undefined {
  const [, version, trace = "", span = "", flags = ""] =
    FIELDS.exec(header.slice(0, CHARACTERS)) ?? [];
  if (version === undefined || version === "ff") return undefined;
  if (/^0+$/.test(trace) || /^0+$/.test(span)) return undefined;
  const rest = header.slice(CHARACTERS);
  if (rest !== "" && (version === "00" || !rest.startsWith("-"))) return undefined;
  const known = (Number.parseInt(flags, 16) & KNOWN_FLAGS).toString(16).padStart(2, "0");
  return `00-${trace}-${span}-${known}`;
}

export function parseTraceId(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** The same trace with another span. @param span 16 hex digits */
export function withSpan(traceparent: string, span: string): string {
  return `${traceparent.slice(0, 36)}${span}${traceparent.slice(52)}`;
}
