/** The attempts of a delivery, which are a column of its row: JSON, and an array for each attempt. */
import type { Attempt } from "../rpc";

/** As many attempts are kept, the last ones: four runs of 22 and more. */
export const MAX_LOGGED = 100;

type Entry = [
  number: number,
  started_at: number,
  duration_ms: number,
  status_code: number | null,
  error: string | null,
];

export function parseAttempts(log: string): Attempt[] {
  const entries = JSON.parse(log) as Entry[]; // Our own text.
  return entries.map(([number, started_at, duration_ms, status_code, error]) => ({
    number,
    started_at,
    duration_ms,
    status_code,
    error,
  }));
}

/** The log with one more attempt. */
export function addAttempt(
  log: string,
  { number, started_at, duration_ms, status_code, error }: Attempt,
): string {
  const entries = JSON.parse(log) as Entry[]; // Our own text.
  entries.push([number, started_at, duration_ms, status_code, error]);
  return JSON.stringify(entries.slice(-MAX_LOGGED));
}
