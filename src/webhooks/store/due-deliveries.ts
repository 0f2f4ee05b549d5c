/** Which deliveries are due: those that are pending, whose time has come, and that no lease holds. */
import { dueAtMs } from "../../domain/time/clock";
import { inFlightLimit } from "../../domain/webhook/circuit-breaker";
import { LONGEST_RETRY_MS } from "../../domain/webhook/retry-schedule";
import type { Leases } from "../leases";
import { COLUMNS, type Delivery } from "./delivery";
import { PENDING } from "./sql-values";

/** How many attempts an endpoint may begin now. */
export type Capacity = { id: string; capacity: number };

export class DueDeliveries {
  readonly #sql: SqlStorage;
  readonly #leases: Leases;

  constructor(sql: SqlStorage, leases: Leases) {
    this.#sql = sql;
    this.#leases = leases;
  }

  /** The endpoints with a delivery that is due: those that are enabled, not in a cooldown, and have capacity. */
  listEndpoints(nowMs: number): Capacity[] {
    const rows = this.#sql
      .exec<{ id: string; failures: number }>(
        `SELECT id, failures FROM endpoints WHERE enabled = 1 AND resting_until <= ?1 AND EXISTS
           (SELECT 1 FROM deliveries WHERE endpoint_id = endpoints.id AND status = ${PENDING}
              AND next_at <= ?1 AND position NOT IN (SELECT value FROM json_each(?2)))`,
        nowMs,
        this.#leases.heldPositions(nowMs),
      )
      .toArray();
    return rows
      .map((endpoint) => ({ id: endpoint.id, capacity: this.#capacityOf(endpoint, nowMs) }))
      .filter(({ capacity }) => capacity > 0);
  }

  /** Leases an endpoint's due deliveries for the queue, the longest due first. */
  send({ id, capacity }: Capacity, nowMs: number): Delivery[] {
    const due = this.#sql
      .exec<Delivery>(
        `SELECT ${COLUMNS} FROM deliveries WHERE endpoint_id = ? AND status = ${PENDING}
           AND next_at <= ? AND position NOT IN (SELECT value FROM json_each(?))
         ORDER BY next_at LIMIT ?`,
        id,
        nowMs,
        this.#leases.heldPositions(nowMs),
        capacity,
      )
      .toArray();
    for (const delivery of due) this.#leases.send(delivery, nowMs);
    return due;
  }

  /** When the next delivery is due, of endpoints that are enabled, not in a cooldown, and have capacity: without capacity
   *  the next one waits for a report, or for the end of a lease. Undefined when none is open. */
  nextAtMs(nowMs: number): number | undefined {
    const rows = this.#sql
      .exec<{ id: string; failures: number; at: number }>(
        `SELECT id, failures, at FROM (SELECT id, failures, (SELECT min(next_at) FROM deliveries
             WHERE endpoint_id = endpoints.id AND status = ${PENDING}
               AND position NOT IN (SELECT value FROM json_each(?1))) AS at
           FROM endpoints WHERE enabled = 1 AND resting_until <= ?2) WHERE at IS NOT NULL`,
        this.#leases.heldPositions(nowMs),
        nowMs,
      )
      .toArray();
    const times = rows
      .filter((endpoint) => this.#capacityOf(endpoint, nowMs) > 0)
      .map(({ at }) => dueAtMs(at, nowMs, LONGEST_RETRY_MS));
    const leaseEndsAtMs = this.#leases.nextEndsAtMs(nowMs);
    if (leaseEndsAtMs !== undefined) times.push(leaseEndsAtMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #capacityOf({ id, failures }: { id: string; failures: number }, nowMs: number): number {
    return inFlightLimit(failures) - this.#leases.countUnderWay(id, nowMs);
  }
}
