/** A dispatcher's store in memory, with one endpoint. */
import { beforeEach } from "vitest";
import { StateRow } from "../../src/runtime/state/state-row";
import { WebhookCounters } from "../../src/webhooks/counters";
import { Erasure } from "../../src/webhooks/erasure";
import { Leases } from "../../src/webhooks/leases";
import { Deliveries } from "../../src/webhooks/store/deliveries";
import type { NewDelivery } from "../../src/webhooks/store/delivery";
import { DueDeliveries } from "../../src/webhooks/store/due-deliveries";
import { Endpoints } from "../../src/webhooks/store/endpoints";
import { Numbering } from "../../src/webhooks/store/numbering";
import { Retention } from "../../src/webhooks/store/retention";
import { migrateWebhooks } from "../../src/webhooks/store/schema";
import { NOW_MS } from "./examples";
import { type MemoryStorage, memoryStorage } from "./sqlite";

export const ENDPOINT = {
  id: "whe_1",
  url: "https://shop.example/webhooks",
  description: null,
  events: ["*"],
  enabled: true,
  disabled_reason: null,
  failing_since: null,
  created_at: NOW_MS,
};

export let storage: MemoryStorage;
export let counters: WebhookCounters;
export let endpoints: Endpoints;
export let leases: Leases;
export let numbering: Numbering;
export let deliveries: Deliveries;
export let due: DueDeliveries;
export let erasure: Erasure;
let retention: Retention;

/** As a new life of the object would be: what is stored, and nothing of what was in memory. */
export function restart(): void {
  const { sql } = storage;
  const state = new StateRow(sql);
  counters = new WebhookCounters(state);
  endpoints = new Endpoints(sql, counters);
  leases = new Leases();
  numbering = new Numbering(sql, state);
  commit(() => counters.begin(sql, numbering.uncounted));
  deliveries = new Deliveries(sql, counters, leases, numbering);
  due = new DueDeliveries(sql, leases);
  erasure = new Erasure(sql, deliveries, endpoints);
  const store = { endpoints, deliveries, leases, counters, erasure };
  retention = new Retention(sql, store, () => {});
}

export const commit = <Value>(work: () => Value): Value =>
  counters.commit(storage as unknown as DurableObjectStorage, work);

/** Adds a delivery. @returns its id */
export const add = (nowMs: number, changed: Partial<NewDelivery> = {}): string =>
  commit(() =>
    deliveries.add(
      {
        endpoint_id: ENDPOINT.id,
        message_id: "evt_1",
        event_type: "transaction.created",
        transaction_id: null,
        url: ENDPOINT.url,
        happened_at: nowMs,
        traceparent: null,
        ...changed,
      },
      "{}",
      nowMs,
    ),
  );

/** Leases an endpoint's due deliveries for the queue. @returns their ids */
export const send = (capacity: number, nowMs: number): string[] =>
  due.send({ id: ENDPOINT.id, capacity }, nowMs).map(({ id }) => id);

export const sweep = (nowMs: number): void => commit(() => retention.sweep(nowMs));

/** All deliveries, the oldest first. */
export const rows = () => storage.sql.exec("SELECT * FROM deliveries ORDER BY position").toArray();

beforeEach(resetStore);

/** A dispatcher that has one endpoint and no deliveries. */
export function resetStore(): void {
  storage = memoryStorage();
  migrateWebhooks(storage.sql);
  restart();
  commit(() => endpoints.add(ENDPOINT));
}
