/** The Retry-After header (RFC 9110, 10.2.3): seconds, or a date. */

/** The wait that a server asks for, at most `mostMs`: one wrong header must not stop everything for a
 *  day. Undefined when it asks for none, or for something unreadable. */
export function retryAfterMs(
  header: string | null,
  nowMs: number,
  mostMs: number,
): number | undefined {
  const text = header?.trim() ?? "";
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, mostMs) : undefined;
}
