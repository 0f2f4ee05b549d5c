/** Keeps a dispatcher's storage bounded: gives up what has been open for too long, and deletes what ended
 *  long ago. */
import { ageMs, ClockWatch } from "../../domain/time/clock";
import type { Log } from "../../observability/log";
import type { WebhookCounters } from "../counters";
import { correctFutureTimes } from "./clock-correction";
import type { Deliveries } from "./deliveries";
import type { Delivery } from "./delivery";
import type { Endpoints } from "./endpoints";
import { PENDING } from "./sql-values";

/** Without an outcome after this a delivery is given up. All attempts take less: it is meant for endpoints
 *  that are switched off or resting. */
const LIFETIME_MS = 5 * 86_400_000;
/** Finished deliveries are kept for looking back and sending again. */
const KEPT_MS = 30 * 86_400_000;
/** Nobody notices the milliseconds that so many take. */
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
  /** The last sweep had more to do than it may. */
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

  /** When to sweep next; undefined while there is nothing to keep an eye on. */
  nextAtMs(nowMs: number): number | undefined {
    if (this.#deliveries.isEmpty) return undefined;
    return nowMs + (this.#isOpen ? 0 : SWEEP_EVERY_MS);
  }

  /** Sweeps when it is time, and corrects times when the clock has gone back. To be called inside a transaction. */
  sweep(nowMs: number): void {
    if (this.#clock.hasGoneBack(nowMs)) correctFutureTimes(this.#sql, nowMs);
    if (!this.#isOpen && ageMs(this.#sweptAtMs, nowMs) < SWEEP_EVERY_MS) return;
    const givenUp = this.#giveUp(nowMs);
    if (givenUp > 0) this.#log("error", "webhook.dead", { rows: givenUp });
    const deleted = this.#delete(nowMs);
    this.#isOpen = Math.max(givenUp, deleted) >= SWEEP_ROWS;
    if (!this.#isOpen) this.#endpoints.forgetIdleOrigins();
    this.#sweptAtMs = nowMs;
  }

  /** Gives up what has been open for too long, a bounded number at a time. @returns how many. */
  #giveUp(nowMs: number): number {
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

  /** Deletes what finished long ago, a bounded number at a time. @returns how many. */
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
