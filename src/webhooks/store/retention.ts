/** Keeps a dispatcher's storage bounded: ends deliveries that have been pending for too long as dead, and deletes those
 *  that ended long ago. */
import { ageMs, ClockWatch } from "../../domain/time/clock";
import type { Log } from "../../observability/log";
import type { WebhookCounters } from "../counters";
import type { Erasure } from "../erasure";
import type { Leases } from "../leases";
import { correctFutureTimes } from "./clock-correction";
import type { Deliveries } from "./deliveries";
import type { Delivery } from "./delivery";
import { hasEarlier, moveSome } from "./earlier-deliveries";
import type { Endpoints } from "./endpoints";
import { PENDING } from "./sql-values";

/** A delivery that is still pending after this, and not under way, is dead at the next sweep. All attempts take less: this
 *  is for endpoints that are disabled or in a cooldown. */
const LIFETIME_MS = 5 * 86_400_000;
/** Finished deliveries stay in the delivery log, and can be redelivered, for this long; then the next sweep deletes
 *  them. */
const KEPT_MS = 30 * 86_400_000;
/** Rows in one sweep: some milliseconds of work. */
const SWEEP_ROWS = 500;
const SWEEP_EVERY_MS = 86_400_000;

type Store = {
  endpoints: Endpoints;
  deliveries: Deliveries;
  leases: Leases;
  counters: WebhookCounters;
  erasure: Pick<Erasure, "nextAtMs" | "sweep">;
};

export class Retention {
  readonly #sql: SqlStorage;
  readonly #store: Store;
  readonly #log: Log;
  readonly #clock = new ClockWatch();
  #sweptAtMs = 0;
  /** Whether the last sweep reached its limit of rows. */
  #isOpen = false;
  /** Whether deliveries of the release before are still to be moved. */
  #hasEarlier: boolean;
  /** The position through which this sweep has examined the oldest deliveries. */
  #examinedThrough = 0;

  constructor(sql: SqlStorage, store: Store, log: Log) {
    this.#sql = sql;
    this.#store = store;
    this.#log = log;
    this.#hasEarlier = hasEarlier(sql);
  }

  /** When to sweep next; undefined while there are no deliveries. */
  nextAtMs(nowMs: number): number | undefined {
    if (this.#hasEarlier) return nowMs;
    if (this.#store.deliveries.isEmpty) return this.#store.erasure.nextAtMs;
    return nowMs + (this.#isOpen ? 0 : SWEEP_EVERY_MS);
  }

  /** Sweeps when a sweep is due, moves deliveries of the release before, and corrects times when the clock has gone back. Call it inside a transaction. */
  sweep(nowMs: number): void {
    if (this.#clock.hasGoneBack(nowMs)) correctFutureTimes(this.#sql, nowMs);
    if (this.#hasEarlier) this.#hasEarlier = moveSome(this.#sql);
    this.#store.erasure.sweep(nowMs);
    if (!this.#isOpen && ageMs(this.#sweptAtMs, nowMs) < SWEEP_EVERY_MS) return;
    const isEndOpen = this.#endOverdue(nowMs);
    const isDeleteOpen = this.#deleteOld(nowMs);
    this.#isOpen = isEndOpen || isDeleteOpen;
    if (!this.#isOpen) this.#store.endpoints.forgetIdleOrigins();
    this.#sweptAtMs = nowMs;
  }

  /** Ends deliveries that have been pending for too long as dead, a bounded number at a time. The index of pending
   *  deliveries has their start, so no row is read for those that are younger. @returns whether there are more */
  #endOverdue(nowMs: number): boolean {
    const { deliveries, leases } = this.#store;
    const overdue = this.#sql
      .exec<Pick<Delivery, "position" | "endpoint_id">>(
        `SELECT position, endpoint_id FROM deliveries INDEXED BY deliveries_pending
         WHERE status = ${PENDING} AND started_at <= ?
           AND position NOT IN (SELECT value FROM json_each(?)) LIMIT ?`,
        nowMs - LIFETIME_MS,
        leases.heldPositions(nowMs),
        SWEEP_ROWS,
      )
      .toArray();
    for (const delivery of overdue) deliveries.giveUp(delivery, nowMs);
    if (overdue.length > 0) this.#log("error", "webhook.dead", { rows: overdue.length });
    return overdue.length === SWEEP_ROWS;
  }

  /** Deletes deliveries that finished long ago. Examines a bounded number at a time, the oldest first, up to the first
   *  that was added too late to have finished long ago. @returns whether there are more */
  #deleteOld(nowMs: number): boolean {
    const { counters } = this.#store;
    const keptFromMs = nowMs - KEPT_MS;
    const oldest = this.#sql
      .exec<Pick<Delivery, "position" | "status" | "created_at" | "finished_at">>(
        `SELECT position, status, created_at, finished_at FROM deliveries WHERE position > ?
         ORDER BY position LIMIT ?`,
        this.#examinedThrough,
        SWEEP_ROWS,
      )
      .toArray();
    const firstKept = oldest.findIndex(({ created_at }) => created_at > keptFromMs);
    const examined = firstKept === -1 ? oldest : oldest.slice(0, firstKept);
    for (const { position, status, finished_at } of examined) {
      if (finished_at === null) continue;
      if (finished_at > nowMs) this.#endNow(position, nowMs);
      if (finished_at > keptFromMs) continue;
      counters.moved(status, null);
      this.#sql.exec("DELETE FROM deliveries WHERE position = ?", position);
    }
    const isOpen = examined.length === SWEEP_ROWS;
    this.#examinedThrough = isOpen ? (examined.at(-1)?.position ?? 0) : 0;
    return isOpen;
  }

  /** An end in the future was stored by a clock that was ahead. */
  #endNow(position: number, nowMs: number): void {
    this.#sql.exec("UPDATE deliveries SET finished_at = ? WHERE position = ?", nowMs, position);
  }
}
