/** The Retry-After header (RFC 9110, 10.2.3): seconds, or a date. */

/** A server that asks for more is asked again after this: one wrong header must not stop a stream for a day. */
const MOST_MS = 300_000;

/** The wait that a server asks for; undefined when it asks for none, or for something unreadable. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, MOST_MS) : undefined;
}
