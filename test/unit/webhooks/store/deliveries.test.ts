/** Recovering failed deliveries. */
import { describe, expect, it } from "vitest";
import { Deliveries, MAX_RECOVERED } from "../../../../src/webhooks/store/deliveries";
import { NOW_MS } from "../../../support/examples";
import { commit, counters, storage } from "../../../support/webhook-store";

describe("recovering what has failed", () => {
  it("A recovery restarts a bounded number at a time, the oldest first, until nothing is left", () => {
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

  it("A recovery takes the dead and the failing deliveries in order, of one endpoint and one range", () => {
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
