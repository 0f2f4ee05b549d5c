/** The Retry-After header (RFC 9110, 10.2.3): seconds, or a date. */
import { parseHttpDate } from "./http-date";

/** The wait in ms that a server requests, at most `mostMs`: a wrong header must not stop everything for a day. Undefined
 *  when the header is missing, invalid or in the past. */
export function retryAfterMs(
  header: string | null,
  nowMs: number,
  mostMs: number,
): number | undefined {
  const text = header?.replace(/^[ \t]+|[ \t]+$/g, "") ?? "";
  const untilMs = /^\d+$/.test(text) ? nowMs + Number(text) * 1_000 : parseHttpDate(text, nowMs);
  const waitMs = untilMs === undefined ? 0 : untilMs - nowMs;
  return waitMs > 0 ? Math.min(waitMs, mostMs) : undefined;
}
