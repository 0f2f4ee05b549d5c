/** The delivery log: what a merchant sees of its deliveries. */

import type { Leases } from "../leases";
import { type DeliveryFilter, type DeliveryPage, MAX_EXAMINED, type ShownDelivery } from "../rpc";
import { parseAttempts } from "./attempt-log";
import { COLUMNS, type Delivery } from "./delivery";
import type { Endpoints } from "./endpoints";
import { DEAD } from "./sql-values";

/** The index that a list walks from the newest to the oldest delivery: the first whose member is in the filter. Dead
 *  deliveries are few among very many, so they have an index of their own. */
export const WALKS = {
  transaction_id: "deliveries INDEXED BY deliveries_by_transaction WHERE transaction_id = ?5",
  dead: `deliveries INDEXED BY deliveries_dead WHERE status = ${DEAD}`,
  all: "deliveries NOT INDEXED WHERE TRUE",
};
/** Each of a filter's members, or null for one that is left out. */
export const MATCHES = `(?2 IS NULL OR endpoint_id = ?2) AND (?3 IS NULL OR status = ?3)
  AND (?4 IS NULL OR event_type = ?4) AND (?5 IS NULL OR transaction_id = ?5)`;

export class DeliveryLog {
  readonly #sql: SqlStorage;
  readonly #leases: Leases;
  readonly #endpoints: Pick<Endpoints, "find">;

  constructor(sql: SqlStorage, leases: Leases, endpoints: Pick<Endpoints, "find">) {
    this.#sql = sql;
    this.#leases = leases;
    this.#endpoints = endpoints;
  }

  /** A delivery with its attempts. It has no next attempt while one is under way, or while its endpoint is disabled; the next
   *  one is sent to the URL that the endpoint has now. */
  shown(delivery: Delivery, nowMs: number): ShownDelivery {
    const { log, next_at, ...shown } = delivery;
    const endpoint = this.#endpoints.find(delivery.endpoint_id);
    const waits = endpoint?.enabled === false || this.#leases.isUnderWay(delivery, nowMs);
    const url = (delivery.status === "pending" && endpoint?.url) || delivery.url;
    return { ...shown, url, next_at: waits ? null : next_at, log: parseAttempts(log) };
  }

  /** Newest first, below the position `before`. A page may be short, or empty, though there is a next one: when
   *  `MAX_EXAMINED` have been examined it ends. */
  list(
    filter: DeliveryFilter,
    before: number | undefined,
    limit: number,
    nowMs: number,
  ): DeliveryPage {
    const { endpoint_id = null, status = null, event_type = null, transaction_id = null } = filter;
    const members = [
      before ?? Number.MAX_SAFE_INTEGER,
      endpoint_id,
      status,
      event_type,
      transaction_id,
    ];
    const walk = chooseWalk(filter);
    const leavesOut = members.filter((member) => member !== null).length > (walk === "all" ? 1 : 2);
    const last = leavesOut ? this.#lastExamined(walk, members) : undefined;
    const found = this.#sql
      .exec<Delivery>(
        `SELECT ${COLUMNS} FROM ${WALKS[walk]} AND position < ?1 AND position >= ?6 AND ${MATCHES}
         ORDER BY position DESC LIMIT ?7`,
        ...members,
        last ?? 0,
        limit + 1,
      )
      .toArray();
    const page = found.slice(0, limit);
    return {
      deliveries: page.map((delivery) => this.shown(delivery, nowMs)),
      next: found.length > limit ? page.at(-1)?.position : last,
    };
  }

  /** The position at which a page ends, unless the walk ends before it. */
  #lastExamined(walk: keyof typeof WALKS, members: (string | number | null)[]): number | undefined {
    const [last] = this.#sql
      .exec<{ position: number }>(
        `SELECT position FROM ${WALKS[walk]} AND position < ?1
         ORDER BY position DESC LIMIT 1 OFFSET ?6`,
        ...members,
        MAX_EXAMINED - 1,
      )
      .toArray();
    return last?.position;
  }
}

function chooseWalk({ transaction_id, status }: DeliveryFilter): keyof typeof WALKS {
  if (transaction_id !== undefined) return "transaction_id";
  return status === "dead" ? "dead" : "all";
}
