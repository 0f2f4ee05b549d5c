/** A merchant's deliveries: one row for each event and endpoint, from the acceptance of the event until its delivery
 *  succeeded or is dead. The row is authoritative; a queue message only says that something is due.
 *
 *  A row is written when the delivery is added, after each attempt, and when it ends: with the last attempt, if there
 *  is one. `next_at` is when a pending delivery is due. */
import { MAX_ATTEMPTS, retryDelayMs } from "../../domain/webhook/retry-schedule";
import type { AttemptResult } from "../../domain/webhook/webhook";
import type { WebhookCounters } from "../counters";
import type { Leases } from "../leases";
import type { Recovered } from "../rpc";
import { addAttempt } from "./attempt-log";
import type { Delivery, DeliveryWithBody, NewDelivery } from "./delivery";
import { IS_EARLIER_ID, newDeliveryId, readPosition } from "./delivery-id";
import type { Numbering } from "./numbering";
import { DEAD, PENDING } from "./sql-values";

/** As many restarts as one commit makes without blocking the object noticeably. */
export const MAX_RECOVERED = 1_000;

export class Deliveries {
  readonly #sql: SqlStorage;
  readonly #counters: WebhookCounters;
  readonly #leases: Leases;
  readonly #numbering: Numbering;

  constructor(sql: SqlStorage, counters: WebhookCounters, leases: Leases, numbering: Numbering) {
    this.#sql = sql;
    this.#counters = counters;
    this.#leases = leases;
    this.#numbering = numbering;
  }

  /** The endpoints that have a delivery of a transaction's event. There is no unique index for them: it would be one
   *  more row written for each delivery, and a transaction has few. */
  endpointsWith(transactionId: string, messageId: string): Set<string> {
    const rows = this.#sql.exec<{ endpoint_id: string }>(
      "SELECT endpoint_id FROM deliveries WHERE transaction_id = ? AND message_id = ?",
      transactionId,
      messageId,
    );
    return new Set(rows.toArray().map(({ endpoint_id }) => endpoint_id));
  }

  /** Adds a delivery that is due at once. @returns its id */
  add(delivery: NewDelivery, body: string, nowMs: number): string {
    const position = this.#numbering.next();
    const id = newDeliveryId(position);
    this.#sql.exec(
      `INSERT INTO deliveries (position, id, endpoint_id, message_id, event_type, transaction_id, url, status,
         attempts, tries, next_at, created_at, started_at, happened_at, traceparent, log, body)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ${PENDING}, 0, 0, ?8, ?8, ?8, ?9, ?10, '[]', ?11)`,
      position,
      id,
      delivery.endpoint_id,
      delivery.message_id,
      delivery.event_type,
      delivery.transaction_id,
      delivery.url,
      nowMs,
      delivery.happened_at,
      delivery.traceparent,
      body,
    );
    this.#counters.added();
    return id;
  }

  find(id: string): DeliveryWithBody | undefined {
    const position = readPosition(id);
    const rows =
      position === undefined
        ? this.#sql.exec<DeliveryWithBody>(
            `SELECT * FROM deliveries WHERE id = ? AND ${IS_EARLIER_ID}`,
            id,
          )
        : this.#sql.exec<DeliveryWithBody>(
            "SELECT * FROM deliveries WHERE position = ? AND id = ?",
            position,
            id,
          );
    return rows.toArray()[0];
  }

  /** A delivery for its `number`-th attempt, for the first consumer that asks; undefined for the others. */
  take(id: string, number: number, nowMs: number): DeliveryWithBody | undefined {
    const found = this.#findAttempt(id, number);
    return found && this.#leases.take(found, nowMs) ? found : undefined;
  }

  /** Notes the URL to which a delivery is sent: that of its endpoint has changed. */
  noteUrl({ position }: Pick<Delivery, "position">, url: string): void {
    this.#sql.exec("UPDATE deliveries SET url = ? WHERE position = ?", url, position);
  }

  /** Records an attempt's result, and the end of the delivery if it succeeded. @returns the delivery as it was before, or
   *  undefined when this attempt was recorded before */
  finishAttempt(
    id: string,
    number: number,
    startedAtMs: number,
    { status_code, error, duration_ms, retry_after_ms }: AttemptResult,
    nowMs: number,
  ): Delivery | undefined {
    const found = this.#findAttempt(id, number);
    if (!found) return undefined;
    this.#leases.end(found);
    const tries = found.tries + 1;
    // After its last attempt it goes to the dead-letter queue at once.
    const retryAtMs =
      tries >= MAX_ATTEMPTS ? nowMs : nowMs + retryDelayMs(tries, retry_after_ms, Math.random());
    const isDelivered = error === null;
    if (isDelivered) this.#counters.moved("pending", "succeeded");
    this.#sql.exec(
      `UPDATE deliveries SET status = ?, attempts = ?, tries = ?, next_at = ?, finished_at = ?, log = ?
       WHERE position = ?`,
      isDelivered ? "succeeded" : "pending",
      number,
      tries,
      isDelivered ? null : retryAtMs,
      isDelivered ? nowMs : null,
      addAttempt(found.log, { number, started_at: startedAtMs, duration_ms, status_code, error }),
      found.position,
    );
    return found;
  }

  /** Ends a pending delivery as dead. */
  giveUp(delivery: Pick<Delivery, "position" | "endpoint_id">, nowMs: number): void {
    this.#leases.end(delivery);
    this.#counters.moved("pending", "dead");
    this.#sql.exec(
      `UPDATE deliveries SET status = ${DEAD}, next_at = NULL, finished_at = ? WHERE position = ?`,
      nowMs,
      delivery.position,
    );
  }

  /** Restarts a delivery with its first attempt, due now. */
  restart(delivery: Pick<Delivery, "position" | "endpoint_id" | "status">, nowMs: number): void {
    this.#leases.end(delivery);
    if (delivery.status !== "pending") this.#counters.moved(delivery.status, "pending");
    this.#sql.exec(
      `UPDATE deliveries SET status = ${PENDING}, tries = 0, next_at = ?1, started_at = ?1,
         finished_at = NULL WHERE position = ?2`,
      nowMs,
      delivery.position,
    );
  }

  /** Restarts an endpoint's failed deliveries that were created in a range: the oldest `MAX_RECOVERED`. Reads none of
   *  those that succeeded. */
  recover(endpointId: string, sinceMs: number, untilMs: number, nowMs: number): Recovered {
    const rows = this.#sql
      .exec<Pick<Delivery, "position" | "endpoint_id" | "status">>(
        `SELECT position, endpoint_id, status FROM deliveries INDEXED BY deliveries_dead
         WHERE status = ${DEAD} AND endpoint_id = ?1 AND created_at BETWEEN ?2 AND ?3
         UNION ALL
         SELECT position, endpoint_id, status FROM deliveries INDEXED BY deliveries_pending
         WHERE status = ${PENDING} AND endpoint_id = ?1 AND created_at BETWEEN ?2 AND ?3 AND (tries >= ?4
           OR (tries > 0 AND position NOT IN (SELECT value FROM json_each(?5))))
         ORDER BY position LIMIT ?6`,
        endpointId,
        sinceMs,
        untilMs,
        MAX_ATTEMPTS,
        this.#leases.heldPositions(nowMs),
        MAX_RECOVERED + 1,
      )
      .toArray();
    const restarted = rows.slice(0, MAX_RECOVERED);
    for (const row of restarted) this.restart(row, nowMs);
    return { redelivered: restarted.length, has_more: rows.length > MAX_RECOVERED };
  }

  /** Ends the pending deliveries of an endpoint that is deleted as dead. */
  failPending(endpointId: string, nowMs: number): void {
    this.#leases.endAll(endpointId);
    const { open } = this.#sql
      .exec<{ open: number }>(
        `SELECT count(*) AS open FROM deliveries WHERE endpoint_id = ? AND status = ${PENDING}`,
        endpointId,
      )
      .one();
    if (open === 0) return;
    this.#counters.moved("pending", "dead", open);
    this.#sql.exec(
      `UPDATE deliveries SET status = ${DEAD}, next_at = NULL, finished_at = ?
       WHERE endpoint_id = ? AND status = ${PENDING}`,
      nowMs,
      endpointId,
    );
  }

  /** Whether there is nothing to sweep. */
  get isEmpty(): boolean {
    return this.#sql.exec("SELECT 1 FROM deliveries LIMIT 1").toArray().length === 0;
  }

  /** A pending delivery whose next attempt has this number. */
  #findAttempt(id: string, number: number): DeliveryWithBody | undefined {
    const found = this.find(id);
    return found?.status === "pending" && found.attempts + 1 === number ? found : undefined;
  }
}
