/** What a merchant's dispatcher keeps: endpoints and deliveries, over its own tables. */
import { beforeEach, describe, expect, it } from "vitest";
import { WebhookCounters } from "../../../../src/webhooks/metrics";
import { Deliveries, MAX_RECOVERED } from "../../../../src/webhooks/store/deliveries";
import { Endpoints } from "../../../../src/webhooks/store/endpoints";
import { migrateWebhooks } from "../../../../src/webhooks/store/schema";
import { NOW_MS } from "../../../support/examples";
import { type MemoryStorage, memoryStorage } from "../../../support/sqlite";

const ENDPOINT = {
  id: "whe_1",
  url: "https://shop.example/webhooks",
  description: null,
  events: ["*"],
  enabled: true,
  disabled_reason: null,
  failing_since: null,
  created_at: NOW_MS,
};

let storage: MemoryStorage;
let counters: WebhookCounters;
let endpoints: Endpoints;
const commit = <Value>(work: () => Value): Value =>
  counters.commit(storage as unknown as DurableObjectStorage, work);

beforeEach(() => {
  storage = memoryStorage();
  migrateWebhooks(storage.sql);
  counters = new WebhookCounters(storage.sql, true);
  endpoints = new Endpoints(storage.sql, counters);
  commit(() => endpoints.add(ENDPOINT));
});

describe("endpoints in memory", () => {
  const changes: Record<string, () => void> = {
    changed: () => endpoints.change("whe_1", { enabled: false, url: "https://other.example/" }),
    disabled: () => endpoints.disable("whe_1", "gone"),
    removed: () => endpoints.remove(ENDPOINT),
    added: () => endpoints.add({ ...ENDPOINT, id: "whe_2" }),
  };
  it.each(Object.entries(changes))(
    "are those on disk after a commit that failed: %s",
    (_, change) => {
      const failing = () =>
        commit(() => {
          change();
          endpoints.list();
          throw new Error("disk full");
        });
      expect(failing).toThrow("disk full");
      expect(endpoints.list()).toEqual([ENDPOINT]);
      expect(endpoints.subscribedTo("transaction.created")).toEqual([ENDPOINT]);
    },
  );
});

describe("recovering what has failed", () => {
  it("starts so much at a time, the oldest first, until nothing is left", () => {
    const deliveries = new Deliveries(storage.sql, counters);
    const failed = MAX_RECOVERED + 7;
    commit(() => {
      for (let at = 0; at < failed; at++) {
        storage.sql.exec(
          `INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
             created_at, started_at, finished_at) VALUES (?, ?, ?, 't', 'u', 'dead', 22, 22, ?, ?, ?)`,
          `whd_${at}`,
          "whe_1",
          `msg_${at}`,
          NOW_MS,
          NOW_MS,
          NOW_MS,
        );
      }
    });
    const recover = () => commit(() => deliveries.recover("whe_1", NOW_MS, NOW_MS, NOW_MS + 1));
    expect(recover()).toEqual({ redelivered: MAX_RECOVERED, has_more: true });
    const left = storage.sql.exec(
      "SELECT id FROM deliveries WHERE status = 'dead' ORDER BY position",
    );
    expect(left.toArray()[0]).toEqual({ id: `whd_${MAX_RECOVERED}` });
    expect(recover()).toEqual({ redelivered: 7, has_more: false });
    expect(recover()).toEqual({ redelivered: 0, has_more: false });
  });

  it("takes the dead and the failing ones in order, of one endpoint and one range", () => {
    const deliveries = new Deliveries(storage.sql, counters);
    const rows = [
      ["failing", "whe_1", "pending", 3, null, NOW_MS],
      ["succeeded", "whe_1", "succeeded", 1, null, NOW_MS],
      ["dead", "whe_1", "dead", 22, null, NOW_MS],
      ["new", "whe_1", "pending", 0, null, NOW_MS],
      ["under way", "whe_1", "pending", 3, "sent", NOW_MS],
      ["of another", "whe_2", "dead", 22, null, NOW_MS],
      ["too early", "whe_1", "dead", 22, null, NOW_MS - 1],
      ["too late", "whe_1", "pending", 3, null, NOW_MS + 1],
      ["in the dead-letter queue", "whe_1", "pending", 22, "sent", NOW_MS],
    ];
    commit(() => {
      for (const [id, endpoint, status, tries, lease, at] of rows) {
        storage.sql.exec(
          `INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
             next_at, lease, created_at, started_at) VALUES (?1, ?2, ?1, 't', 'u', ?3, ?4, ?4, ?6, ?5, ?6, ?6)`,
          ...[id, endpoint, status, tries, lease, at],
        );
      }
    });
    const done = commit(() => deliveries.recover("whe_1", NOW_MS, NOW_MS, NOW_MS + 1));
    expect(done).toEqual({ redelivered: 3, has_more: false });
    const restarted = storage.sql.exec(
      "SELECT id FROM deliveries WHERE tries = 0 AND next_at = ? ORDER BY position",
      NOW_MS + 1,
    );
    const ids = restarted.toArray().map(({ id }) => id);
    expect(ids).toEqual(["failing", "dead", "in the dead-letter queue"]);
  });
});
