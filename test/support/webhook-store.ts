/** A dispatcher's store in memory, with one endpoint. */
import { beforeEach } from "vitest";
import { StateRow } from "../../src/runtime/state/state-row";
import { WebhookCounters } from "../../src/webhooks/counters";
import { Endpoints } from "../../src/webhooks/store/endpoints";
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
export const commit = <Value>(work: () => Value): Value =>
  counters.commit(storage as unknown as DurableObjectStorage, work);
beforeEach(() => {
  storage = memoryStorage();
  migrateWebhooks(storage.sql);
  counters = new WebhookCounters(new StateRow(storage.sql));
  endpoints = new Endpoints(storage.sql, counters);
  commit(() => endpoints.add(ENDPOINT));
});
