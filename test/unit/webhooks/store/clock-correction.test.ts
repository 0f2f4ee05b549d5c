/** A webhook dispatcher whose clock was ahead and is set back. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StateRow } from "../../../../src/runtime/state/state-row";
import { forgetRisk } from "../../../../src/transactions/risk/rules-cache";
import { WebhookCounters } from "../../../../src/webhooks/counters";
import { Deliveries } from "../../../../src/webhooks/store/deliveries";
import { Endpoints } from "../../../../src/webhooks/store/endpoints";
import { Retention } from "../../../../src/webhooks/store/retention";
import { migrateWebhooks } from "../../../../src/webhooks/store/schema";
import { NOW_MS } from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

const [_MINUTE_MS, _HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const YEAR_MS = 365 * DAY_MS;
beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  forgetRisk();
});

afterEach(() => {
  vi.useRealTimers();
});

const noLog = () => {};
describe("a dispatcher whose clock was ahead and is set back", () => {
  const AHEAD_MS = NOW_MS + YEAR_MS;
  function dispatcher() {
    const { sql, transactionSync } = memoryStorage();
    migrateWebhooks(sql);
    const counters = new WebhookCounters(new StateRow(sql));
    const endpoints = new Endpoints(sql, counters);
    const deliveries = new Deliveries(sql, counters);
    const sweeping = new Retention(sql, endpoints, deliveries, counters, noLog);
    endpoints.add({
      id: "whe_1",
      url: "https://shop.example/",
      description: null,
      events: ["*"],
      enabled: true,
      disabled_reason: null,
      failing_since: null,
      created_at: NOW_MS,
    });
    const add = (id: string, nowMs: number) =>
      deliveries.add(
        {
          id,
          endpoint_id: "whe_1",
          message_id: id,
          event_type: "transaction.created",
          transaction_id: null,
          url: "https://shop.example/",
          happened_at: nowMs,
          traceparent: null,
        },
        "{}",
        nowMs,
      );
    const sweep = (nowMs: number) => transactionSync(() => sweeping.sweep(nowMs));
    return { sql, endpoints, deliveries, sweeping, add, sweep };
  }
  const result = { status_code: 500, error: "http_status", duration_ms: 1 } as const;

  it("A dispatcher whose clock was set back makes the attempts, and ends the leases and cooldowns, that would last too long", () => {
    const { endpoints, deliveries, add, sweep } = dispatcher();
    for (const id of ["whd_due", "whd_lost", "whd_failed"]) add(id, AHEAD_MS);
    deliveries.send("whe_1", 2, AHEAD_MS);
    deliveries.finishAttempt("whd_due", 1, AHEAD_MS, { ...result, retry_after_ms: 0 }, AHEAD_MS);
    for (let failure = 0; failure < 10; failure++) endpoints.failed("whe_1", AHEAD_MS);
    expect(endpoints.nextCooldownEndsAtMs(NOW_MS)).toBe(NOW_MS);
    sweep(NOW_MS);
    expect(endpoints.nextCooldownEndsAtMs(NOW_MS)).toBeUndefined();
    expect(deliveries.nextAtMs(NOW_MS)).toBe(NOW_MS);
    expect(deliveries.send("whe_1", 10, NOW_MS).map(({ id }) => id)).toEqual([
      "whd_due",
      "whd_failed",
    ]);
    expect(deliveries.send("whe_1", 10, NOW_MS + 29_999)).toEqual([]);
    const lost = deliveries.send("whe_1", 10, NOW_MS + 30_000);
    expect(lost.map(({ id }) => id)).toContain("whd_lost");
  });

  it("A dispatcher whose clock is right keeps the lengths of its waits", () => {
    const { sql, deliveries, add, sweep } = dispatcher();
    add("whd_sent", NOW_MS);
    deliveries.send("whe_1", 1, NOW_MS);
    const times = () => sql.exec("SELECT next_at, started_at FROM deliveries").toArray();
    const before = times();
    sweep(NOW_MS);
    sweep(NOW_MS - 1);
    expect(times()).toEqual([{ next_at: Number(before[0]?.next_at) - 1, started_at: NOW_MS - 1 }]);
  });

  it("A dispatcher whose clock was set back keeps finished deliveries no longer than if they had ended now", () => {
    const { sql, deliveries, add, sweep } = dispatcher();
    add("whd_1", AHEAD_MS);
    deliveries.finish(1, "succeeded", AHEAD_MS);
    sweep(NOW_MS);
    sweep(NOW_MS + 31 * DAY_MS);
    expect(sql.exec("SELECT 1 FROM deliveries").toArray()).toEqual([]);
  });

  it("A dispatcher whose clock was set back gives up a delivery no later than if it had begun now", () => {
    const { sql, add, sweep } = dispatcher();
    add("whd_1", AHEAD_MS);
    sweep(NOW_MS);
    sweep(NOW_MS + 6 * DAY_MS);
    const [found] = sql.exec<{ status: string }>("SELECT status FROM deliveries").toArray();
    expect(found?.status).toBe("dead");
  });

  it("A dispatcher whose clock was set back disables an endpoint that fails for three days from now on", () => {
    const { endpoints } = dispatcher();
    endpoints.failed("whe_1", AHEAD_MS);
    expect(endpoints.failed("whe_1", NOW_MS)).toBe(false);
    expect(endpoints.failed("whe_1", NOW_MS + 3 * DAY_MS)).toBe(true);
  });
});
