/** Keeps a dispatcher's storage bounded: ends deliveries that have been pending for too long as dead, and deletes those
 *  that ended long ago. */
import { ageMs, ClockWatch } from "../../domain/time/clock";
import type { Log } from "../../observability/log";
import type { WebhookCounters } from "../counters";
import { correctFutureTimes } from "./clock-correction";
import type { Deliveries } from "./deliveries";
import type { Delivery } from "./delivery";
import type { Endpoints } from "./endpoints";
import { PENDING } from "./sql-values";

/** A delivery that is still pending after this is dead. All attempts take less: this is for endpoints that are disabled
 *  or in a cooldown. */
const LIFETIME_MS = 5 * 86_400_000;
/** Finished deliveries stay in the delivery log, and can be redelivered, for this long. */
const KEPT_MS = 30 * 86_400_000;
/** Rows in one sweep: some milliseconds of work. */
const SWEEP_ROWS = 500;
const SWEEP_EVERY_MS = 86_400_000;

export class Retention {
  readonly #sql: SqlStorage;
  readonly #endpoints: Endpoints;
  readonly #deliveries: Deliveries;
  readonly #counters: WebhookCounters;
  readonly #log: Log;
  readonly #clock = new ClockWatch();
  #sweptAtMs = 0;
  /** Whether the last sweep reached its limit of rows. */
  #isOpen = false;

  constructor(
    sql: SqlStorage,
    endpoints: Endpoints,
    deliveries: Deliveries,
    counters: WebhookCounters,
    log: Log,
  ) {
    this.#sql = sql;
    this.#endpoints = endpoints;
    this.#deliveries = deliveries;
    this.#counters = counters;
    this.#log = log;
  }

  /** When to sweep next; undefined while there are no deliveries. */
  nextAtMs(nowMs: number): number | undefined {
    if (this.#deliveries.isEmpty) return undefined;
    return nowMs + (this.#isOpen ? 0 : SWEEP_EVERY_MS);
  }

  /** Sweeps when a sweep is due, and corrects times when the clock has gone back. Call it inside a transaction. */
  sweep(nowMs: number): void {
    if (this.#clock.hasGoneBack(nowMs)) correctFutureTimes(this.#sql, nowMs);
    if (!this.#isOpen && ageMs(this.#sweptAtMs, nowMs) < SWEEP_EVERY_MS) return;
    const ended = this.#endOverdue(nowMs);
    if (ended > 0) this.#log("error", "webhook.dead", { rows: ended });
    const deleted = this.#delete(nowMs);
    this.#isOpen = Math.max(ended, deleted) >= SWEEP_ROWS;
    if (!this.#isOpen) this.#endpoints.forgetIdleOrigins();
    this.#sweptAtMs = nowMs;
  }

  /** Ends deliveries that have been pending for too long as dead, a bounded number at a time. @returns how many */
  #endOverdue(nowMs: number): number {
    const old = this.#sql
      .exec<{ position: number }>(
        `SELECT position FROM deliveries WHERE status = ${PENDING} AND started_at <= ?
         ORDER BY started_at LIMIT ?`,
        nowMs - LIFETIME_MS,
        SWEEP_ROWS,
      )
      .toArray();
    for (const { position } of old) this.#deliveries.finish(position, "dead", nowMs);
    return old.length;
  }

  /** Deletes deliveries that finished long ago, a bounded number at a time. @returns how many */
  #delete(nowMs: number): number {
    const old = this.#sql
      .exec<Pick<Delivery, "position" | "status">>(
        "SELECT position, status FROM deliveries WHERE finished_at <= ? ORDER BY finished_at LIMIT ?",
        nowMs - KEPT_MS,
        SWEEP_ROWS,
      )
      .toArray();
    for (const { position, status } of old) {
      this.#counters.moved(status, null);
      this.#sql.exec("DELETE FROM attempts WHERE delivery = ?", position);
      this.#sql.exec("DELETE FROM bodies WHERE delivery = ?", position);
      this.#sql.exec("DELETE FROM deliveries WHERE position = ?", position);
    }
    return old.length;
  }
}
