/** A merchant's deliveries: one row for each event and endpoint, from the acceptance of the event until its delivery
 *  succeeded or is dead. The row is authoritative; a queue message only says that something is due.
 *
 *  `next_at` is when a pending delivery is due. Handing it out is a lease: `next_at` moves a little into the future, and
 *  a delivery that becomes due with a lease was lost on the way. */
import { dueAtMs } from "../../domain/time/clock";
import { LONGEST_RETRY_MS, MAX_ATTEMPTS, retryDelayMs } from "../../domain/webhook/retry-schedule";
import type { AttemptResult } from "../../domain/webhook/webhook";
import type { WebhookCounters } from "../counters";
import type { Recovered } from "../rpc";
import type { Delivery, NewDelivery } from "./delivery";
import { DEAD, PENDING } from "./sql-values";

/** A queue message that no consumer has taken by then counts as lost. */
export const SENT_LEASE_MS = 30_000;
/** Three times the limit of an attempt. */
export const TAKEN_LEASE_MS = 15_000;
/** As many restarts as one commit makes without blocking the object noticeably. */
export const MAX_RECOVERED = 1_000;

export class Deliveries {
  readonly #sql: SqlStorage;
  readonly #counters: WebhookCounters;

  constructor(sql: SqlStorage, counters: WebhookCounters) {
    this.#sql = sql;
    this.#counters = counters;
  }

  /** Adds a delivery that is due at once, unless it exists already. */
  add(delivery: NewDelivery, body: string, nowMs: number): void {
    const [added] = this.#sql
      .exec<{ position: number }>(
        `INSERT INTO deliveries (id, endpoint_id, message_id, event_type, transaction_id, url, status,
         attempts, tries, next_at, created_at, started_at, happened_at, traceparent)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ${PENDING}, 0, 0, ?7, ?7, ?7, ?8, ?9)
       ON CONFLICT DO NOTHING RETURNING position`,
        delivery.id,
        delivery.endpoint_id,
        delivery.message_id,
        delivery.event_type,
        delivery.transaction_id,
        delivery.url,
        nowMs,
        delivery.happened_at,
        delivery.traceparent,
      )
      .toArray();
    if (!added) return;
    this.#sql.exec("INSERT INTO bodies VALUES (?, ?)", added.position, body);
    this.#counters.moved(null, "pending");
  }

  find(id: string): Delivery | undefined {
    return this.#sql.exec<Delivery>("SELECT * FROM deliveries WHERE id = ?", id).toArray()[0];
  }

  readBody(position: number): string {
    return this.#sql
      .exec<{ body: string }>("SELECT body FROM bodies WHERE delivery = ?", position)
      .one().body;
  }

  /** Leases an endpoint's due deliveries for the queue, the longest due first. */
  send(endpointId: string, limit: number, nowMs: number): Delivery[] {
    const due = this.#sql
      .exec<Delivery>(
        `SELECT * FROM deliveries WHERE endpoint_id = ? AND status = ${PENDING} AND next_at <= ?
         ORDER BY next_at LIMIT ?`,
        endpointId,
        nowMs,
        limit,
      )
      .toArray();
    for (const { position } of due) this.#lease(position, "sent", nowMs + SENT_LEASE_MS);
    return due;
  }

  /** Ends the leases of deliveries that the queue did not accept, unless a consumer took them all the same. */
  releaseLeases(deliveries: Delivery[], nextAtMs: number): void {
    for (const { position, attempts } of deliveries) {
      this.#sql.exec(
        `UPDATE deliveries SET lease = NULL, next_at = ?
         WHERE position = ? AND lease = 'sent' AND attempts = ?`,
        nextAtMs,
        position,
        attempts,
      );
    }
  }

  /** After a restart it is unknown which messages are still in the queue, so deliveries that were not taken are due
   *  again. */
  expireSent(nowMs: number): void {
    this.#sql.exec("UPDATE deliveries SET next_at = ? WHERE lease = 'sent'", nowMs);
  }

  /** Leases a delivery for its `number`-th attempt to the first consumer that asks; undefined for the others. */
  take(id: string, number: number, nowMs: number): Delivery | undefined {
    const found = this.find(id);
    if (found?.lease !== "sent" || found.attempts + 1 !== number) return undefined;
    this.#lease(found.position, "taken", nowMs + TAKEN_LEASE_MS);
    return found;
  }

  /** Records an attempt's result. @returns the delivery as it was before, or undefined when this attempt was recorded
   *  before */
  finishAttempt(
    id: string,
    number: number,
    startedAtMs: number,
    { status_code, error, duration_ms, retry_after_ms }: AttemptResult,
    nowMs: number,
  ): Delivery | undefined {
    const found = this.find(id);
    if (found?.status !== "pending" || found.attempts + 1 !== number) return undefined;
    this.#sql.exec(
      "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?)",
      found.position,
      number,
      startedAtMs,
      duration_ms,
      status_code,
      error,
    );
    const tries = found.tries + 1;
    const nextAtMs = nowMs + retryDelayMs(tries, retry_after_ms, Math.random());
    this.#sql.exec(
      "UPDATE deliveries SET attempts = ?, tries = ?, lease = NULL, next_at = ? WHERE position = ?",
      number,
      tries,
      // After its last attempt it goes to the dead-letter queue at once.
      tries >= MAX_ATTEMPTS ? nowMs : nextAtMs,
      found.position,
    );
    if (error === null) this.finish(found.position, "succeeded", nowMs);
    return found;
  }

  /** Ends a pending delivery. */
  finish(position: number, status: "succeeded" | "dead", nowMs: number): void {
    this.#counters.moved("pending", status);
    this.#sql.exec(
      "UPDATE deliveries SET status = ?, lease = NULL, next_at = NULL, finished_at = ? WHERE position = ?",
      status,
      nowMs,
      position,
    );
  }

  /** Restarts a delivery with its first attempt, due now. */
  restart({ position, status }: Pick<Delivery, "position" | "status">, nowMs: number): void {
    if (status !== "pending") this.#counters.moved(status, "pending");
    this.#sql.exec(
      `UPDATE deliveries SET status = ${PENDING}, tries = 0, lease = NULL, next_at = ?1,
         started_at = ?1, finished_at = NULL WHERE position = ?2`,
      nowMs,
      position,
    );
  }

  /** Restarts an endpoint's failed deliveries that were created in a range: the oldest `MAX_RECOVERED`. Reads none of
   *  those that succeeded. */
  recover(endpointId: string, sinceMs: number, untilMs: number, nowMs: number): Recovered {
    const rows = this.#sql
      .exec<Pick<Delivery, "position" | "status">>(
        `SELECT position, status FROM deliveries INDEXED BY deliveries_dead
         WHERE status = ${DEAD} AND endpoint_id = ?1 AND created_at BETWEEN ?2 AND ?3
         UNION ALL
         SELECT position, status FROM deliveries INDEXED BY deliveries_pending
         WHERE status = ${PENDING} AND endpoint_id = ?1 AND created_at BETWEEN ?2 AND ?3
           AND ((tries > 0 AND lease IS NULL) OR tries >= ?4)
         ORDER BY position LIMIT ?5`,
        endpointId,
        sinceMs,
        untilMs,
        MAX_ATTEMPTS,
        MAX_RECOVERED + 1,
      )
      .toArray();
    const restarted = rows.slice(0, MAX_RECOVERED);
    for (const row of restarted) this.restart(row, nowMs);
    return { redelivered: restarted.length, has_more: rows.length > MAX_RECOVERED };
  }

  /** Ends the pending deliveries of an endpoint that is deleted as dead. */
  failPending(endpointId: string, nowMs: number): void {
    const { open } = this.#sql
      .exec<{ open: number }>(
        `SELECT count(*) AS open FROM deliveries WHERE endpoint_id = ? AND status = ${PENDING}`,
        endpointId,
      )
      .one();
    if (open === 0) return;
    this.#counters.moved("pending", "dead", open);
    this.#sql.exec(
      `UPDATE deliveries SET status = ${DEAD}, lease = NULL, next_at = NULL, finished_at = ?
       WHERE endpoint_id = ? AND status = ${PENDING}`,
      nowMs,
      endpointId,
    );
  }

  /** When the next delivery is due, of endpoints that are enabled and not in a cooldown. */
  nextAtMs(nowMs: number): number | undefined {
    const [row] = this.#sql
      .exec<{ at: number | null }>(
        `SELECT min((SELECT min(next_at) FROM deliveries
           WHERE endpoint_id = endpoints.id AND status = ${PENDING})) AS at
         FROM endpoints WHERE enabled = 1 AND resting_until <= ?`,
        nowMs,
      )
      .toArray();
    return row?.at == null ? undefined : dueAtMs(row.at, nowMs, LONGEST_RETRY_MS);
  }

  get isEmpty(): boolean {
    return this.#sql.exec("SELECT 1 FROM deliveries LIMIT 1").toArray().length === 0;
  }

  #lease(position: number, lease: Delivery["lease"], nextAtMs: number): void {
    this.#sql.exec(
      "UPDATE deliveries SET lease = ?, next_at = ? WHERE position = ?",
      lease,
      nextAtMs,
      position,
    );
  }
}
