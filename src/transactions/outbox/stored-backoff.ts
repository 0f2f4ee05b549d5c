/** How often a destination has failed in a row and when it is tried again. Stored, because an idle object is evicted
 *  within seconds: without a row the next instance would start with the shortest delay and report a failing destination
 *  as healthy. A row exists only while a destination is backing off, so a healthy one costs no billed row and a failing
 *  one costs a row for each attempt. */

import type { BackoffState } from "../../domain/time/backoff";

/** The longest delay of a destination: parked events are retried once an hour, and a rebuild of the book may be put off
 *  by an hour. */
export const LONGEST_BACKOFF_MS = 3_600_000;

export class StoredBackoffs {
  readonly #sql: SqlStorage;
  readonly #stored: Map<string, BackoffState>;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const rows = sql
      .exec<BackoffState & { destination: string }>(
        "SELECT destination, failures, until_ms FROM pauses",
      )
      .toArray();
    this.#stored = new Map(
      rows.map(({ destination, failures, until_ms }) => [destination, { failures, until_ms }]),
    );
  }

  /** Undefined when the destination is healthy. */
  get(destination: string): BackoffState | undefined {
    return this.#stored.get(destination);
  }

  set(destination: string, backoff: BackoffState): void {
    const { failures, until_ms } = backoff;
    const stored = this.#stored.get(destination);
    if (stored?.failures === failures && stored.until_ms === until_ms) return;
    this.#stored.set(destination, backoff);
    this.#sql.exec(
      `INSERT INTO pauses (destination, failures, until_ms) VALUES (?, ?, ?)
         ON CONFLICT (destination) DO UPDATE SET failures = excluded.failures,
           until_ms = excluded.until_ms`,
      destination,
      failures,
      until_ms,
    );
  }

  delete(destination: string): void {
    if (!this.#stored.delete(destination)) return;
    this.#sql.exec("DELETE FROM pauses WHERE destination = ?", destination);
  }
}
