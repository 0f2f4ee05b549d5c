/** A merchant's webhook endpoints: URL, subscribed events, and the state of each one's circuit breaker.
 *
 *  Two kinds share one table. An `endpoint` is registered by the merchant. An `origin` stands for the host of the URLs
 *  that transactions name themselves, so that a failing host has a circuit breaker of its own. The columns `rests` and
 *  `resting_until` hold cooldowns in a row and the end of the last one. */
import { dueAtMs } from "../../domain/time/clock";
import {
  cooldownMs,
  DISABLE_AFTER_MS,
  LONGEST_COOLDOWN_MS,
  needsCooldown,
} from "../../domain/webhook/circuit-breaker";
import { matchesFilter } from "../../domain/webhook/webhook";
import type { WebhookCounters } from "../counters";
import { type DisabledReason, type Endpoint, type EndpointChange, formatOrigin } from "../rpc";
import { ENDPOINT, type EndpointKind, ORIGIN_KIND, PENDING } from "./sql-values";

type Row = {
  id: string;
  kind: EndpointKind;
  url: string;
  description: string | null;
  events: string;
  enabled: number;
  disabled_reason: DisabledReason | null;
  created_at: number;
  failures: number;
  failing_since: number | null;
  rests: number;
  resting_until: number;
};

export class Endpoints {
  readonly #sql: SqlStorage;
  readonly #counters: WebhookCounters;
  /** All registered endpoints. Every event is matched against each of them. */
  #listed: Endpoint[] | undefined;

  constructor(sql: SqlStorage, counters: WebhookCounters) {
    this.#sql = sql;
    this.#counters = counters;
    counters.onRollback(() => {
      this.#listed = undefined;
    });
  }

  /** The registered ones, oldest first. */
  list(): Endpoint[] {
    this.#listed ??= this.#sql
      .exec<Row>(`SELECT * FROM endpoints WHERE kind = ${ENDPOINT} ORDER BY created_at, id`)
      .toArray()
      .map(toEndpoint);
    return this.#listed;
  }

  find(id: string): Endpoint | undefined {
    return this.list().find((endpoint) => endpoint.id === id);
  }

  /** The enabled endpoints that subscribe to a type of event. */
  subscribedTo(type: string): Endpoint[] {
    return this.list().filter(({ enabled, events }) => enabled && matchesFilter(events, type));
  }

  add(endpoint: Endpoint): void {
    this.#insert("endpoint", endpoint);
    this.#counters.switched(null, endpoint.enabled);
  }

  /** Changes the given fields. Enabling an endpoint resets its circuit breaker. */
  change(id: string, change: EndpointChange): Endpoint | undefined {
    const found = this.find(id);
    if (!found) return undefined;
    const { url = found.url, events = found.events, enabled = found.enabled } = change;
    const { description = found.description } = change;
    this.#sql.exec(
      "UPDATE endpoints SET url = ?, description = ?, events = ?, enabled = ? WHERE id = ?",
      url,
      description,
      JSON.stringify(events),
      enabled ? 1 : 0,
      id,
    );
    if (enabled !== found.enabled) this.#counters.switched(found.enabled, enabled);
    if (enabled && change.enabled !== undefined) {
      this.#sql.exec("UPDATE endpoints SET disabled_reason = NULL WHERE id = ?", id);
      this.succeeded(id);
    }
    this.#listed = undefined;
    return this.find(id);
  }

  /** Disables an enabled endpoint. */
  disable(id: string, reason: DisabledReason): void {
    this.#counters.switched(true, false);
    this.#counters.addWithin("endpoints_disabled", `reason=${reason}`);
    this.#sql.exec(
      `UPDATE endpoints SET enabled = 0, disabled_reason = ? WHERE id = ? AND kind = ${ENDPOINT}`,
      reason,
      id,
    );
    this.#listed = undefined;
  }

  remove({ id, enabled }: Endpoint): void {
    this.#counters.switched(enabled, null);
    this.#sql.exec("DELETE FROM endpoints WHERE id = ?", id);
    this.#listed = undefined;
  }

  /** The id of the row for the host of a transaction's own URL, which is added if there is none. */
  ensureOrigin(url: string, nowMs: number): string {
    const id = formatOrigin(url);
    const [known] = this.#sql.exec("SELECT 1 FROM endpoints WHERE id = ?", id).toArray();
    if (!known)
      this.#insert("origin", { ...BLANK, id, url: new URL(url).origin, created_at: nowMs });
    return id;
  }

  /** When the first cooldown ends; undefined when there is none. */
  nextCooldownEndsAtMs(nowMs: number): number | undefined {
    const [row] = this.#sql
      .exec<{ at: number | null }>(
        "SELECT min(resting_until) AS at FROM endpoints WHERE enabled = 1 AND resting_until > ?",
        nowMs,
      )
      .toArray();
    return row?.at == null ? undefined : dueAtMs(row.at, nowMs, LONGEST_COOLDOWN_MS);
  }

  /** Resets the circuit breaker after a success. */
  succeeded(id: string): void {
    if (this.find(id)?.failing_since === null) return;
    const { rowsWritten } = this.#sql.exec(
      `UPDATE endpoints SET failures = 0, failing_since = NULL, rests = 0, resting_until = 0
       WHERE id = ? AND failures > 0`,
      id,
    );
    if (rowsWritten > 0) this.#listed = undefined;
  }

  /** Ends the cooldown, because a merchant has requested a delivery now. */
  endCooldown(id: string): void {
    this.#sql.exec("UPDATE endpoints SET resting_until = 0 WHERE id = ? AND resting_until > 0", id);
  }

  /** Records a failure. @returns whether the endpoint has been failing for too long */
  failed(id: string, nowMs: number): boolean {
    const [row] = this.#sql.exec<Row>("SELECT * FROM endpoints WHERE id = ?", id).toArray();
    if (!row) return false;
    const failures = row.failures + 1;
    const since = Math.min(row.failing_since ?? nowMs, nowMs);
    // Attempts that were under way when a cooldown began count for that cooldown.
    const isNewCooldown = needsCooldown(failures) && nowMs >= row.resting_until;
    const rests = row.rests + (isNewCooldown ? 1 : 0);
    this.#sql.exec(
      "UPDATE endpoints SET failures = ?, failing_since = ?, rests = ?, resting_until = ? WHERE id = ?",
      failures,
      since,
      rests,
      isNewCooldown ? nowMs + cooldownMs(rests) : row.resting_until,
      id,
    );
    this.#listed = undefined;
    return row.kind === "endpoint" && row.enabled === 1 && nowMs - since >= DISABLE_AFTER_MS;
  }

  /** Deletes the row of a host if it has no pending deliveries. */
  forgetIdleOrigin(id: string): void {
    this.#sql.exec(
      `DELETE FROM endpoints WHERE id = ? AND kind = ${ORIGIN_KIND} AND NOT EXISTS
         (SELECT 1 FROM deliveries WHERE endpoint_id = endpoints.id AND status = ${PENDING})`,
      id,
    );
  }

  /** Deletes the rows of hosts without pending deliveries. A redelivery adds its host again. */
  forgetIdleOrigins(): void {
    this.#sql.exec(
      `DELETE FROM endpoints WHERE kind = ${ORIGIN_KIND} AND NOT EXISTS
         (SELECT 1 FROM deliveries WHERE endpoint_id = endpoints.id AND status = ${PENDING})`,
    );
  }

  #insert(kind: Row["kind"], endpoint: Endpoint): void {
    this.#sql.exec(
      `INSERT INTO endpoints (id, kind, url, description, events, enabled, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      endpoint.id,
      kind,
      endpoint.url,
      endpoint.description,
      JSON.stringify(endpoint.events),
      endpoint.enabled ? 1 : 0,
      endpoint.created_at,
    );
    this.#listed = undefined;
  }
}

/** @param given what the merchant says about it */
export function newEndpoint(
  given: Pick<Endpoint, "url" | "description" | "events" | "enabled">,
  id: string,
  nowMs: number,
): Endpoint {
  return { ...given, id, disabled_reason: null, failing_since: null, created_at: nowMs };
}

const BLANK = {
  description: null,
  events: ["*"],
  enabled: true,
  disabled_reason: null,
  failing_since: null,
};

function toEndpoint(row: Row): Endpoint {
  const { id, url, description, disabled_reason, failing_since, created_at } = row;
  return {
    id,
    url,
    description,
    events: JSON.parse(row.events) as string[], // Our own text.
    enabled: row.enabled === 1,
    disabled_reason,
    failing_since,
    created_at,
  };
}
