/** How often a destination has failed in a row and when it may be tried again. Stored, because an object is
 *  evicted within seconds when nobody calls it: without a row the next one would start over with the shortest
 *  delay and report a failing destination as healthy. A row exists only while a destination fails or is
 *  paused, so a healthy one costs no billed row and a failing one costs one for each attempt. */

import type { BackoffState } from "../../domain/time/backoff";

/** No destination rests for longer: a book that is written again may wait an hour, and parked events do. */
export const LONGEST_BACKOFF_MS = 3_600_000;

export class StoredBackoffs {
  readonly #sql: SqlStorage;
  readonly #stored: Map<string, BackoffState>;

  /** @param sql of the journal, whose tables have been made */
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

  set(destination: string, pause: BackoffState): void {
    const { failures, until_ms } = pause;
    const stored = this.#stored.get(destination);
    if (stored?.failures === failures && stored.until_ms === until_ms) return;
    this.#stored.set(destination, pause);
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
