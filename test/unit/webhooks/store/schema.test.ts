/** The tables of an earlier release's dispatcher, as this release carries them over. */
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { StateRow } from "../../../../src/runtime/state/state-row";
import { WebhookCounters } from "../../../../src/webhooks/counters";
import { Leases } from "../../../../src/webhooks/leases";
import { MAX_LOGGED, parseAttempts } from "../../../../src/webhooks/store/attempt-log";
import { Deliveries } from "../../../../src/webhooks/store/deliveries";
import { DueDeliveries } from "../../../../src/webhooks/store/due-deliveries";
import { hasEarlier, moveSome } from "../../../../src/webhooks/store/earlier-deliveries";
import { Numbering } from "../../../../src/webhooks/store/numbering";
import { migrateWebhooks } from "../../../../src/webhooks/store/schema";
import { NOW_MS } from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

/** Version 1, as it was deployed. */
const VERSION_1 = `
  CREATE TABLE schema_version (version INTEGER NOT NULL);
  INSERT INTO schema_version VALUES (1);
  CREATE TABLE counters (name TEXT NOT NULL, labels TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (name, labels)) WITHOUT ROWID;
  CREATE TABLE merchant (id TEXT PRIMARY KEY) WITHOUT ROWID;
  INSERT INTO merchant VALUES ('mer_1');
  CREATE TABLE endpoints (id TEXT PRIMARY KEY, kind TEXT NOT NULL, url TEXT NOT NULL, description TEXT,
    events TEXT NOT NULL, enabled INTEGER NOT NULL, disabled_reason TEXT, created_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0, failing_since INTEGER, rests INTEGER NOT NULL DEFAULT 0,
    resting_until INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
  INSERT INTO endpoints (id, kind, url, events, enabled, created_at)
    VALUES ('whe_1', 'endpoint', 'https://shop.example/', '["*"]', 1, 1);
  CREATE TABLE secrets (position INTEGER PRIMARY KEY, endpoint_id TEXT NOT NULL, secret TEXT NOT NULL,
    expires_at INTEGER);
  CREATE TABLE deliveries (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL, message_id TEXT NOT NULL, event_type TEXT NOT NULL, transaction_id TEXT,
    url TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, tries INTEGER NOT NULL,
    next_at INTEGER, lease TEXT, happened_at INTEGER, traceparent TEXT, created_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL, finished_at INTEGER);
  CREATE TABLE bodies (delivery INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE INDEX deliveries_pending ON deliveries (endpoint_id, next_at) WHERE status = 'pending';
  CREATE INDEX deliveries_under_way ON deliveries (endpoint_id, next_at) WHERE lease IS NOT NULL;
  CREATE INDEX deliveries_open ON deliveries (started_at) WHERE status = 'pending';
  CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, position);
  CREATE INDEX deliveries_by_transaction ON deliveries (transaction_id, position);
  CREATE INDEX deliveries_dead ON deliveries (position) WHERE status = 'dead';
  CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
  CREATE TABLE attempts (delivery INTEGER NOT NULL, number INTEGER NOT NULL, started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, status_code INTEGER, error TEXT, PRIMARY KEY (delivery, number))
    WITHOUT ROWID;
  INSERT INTO deliveries VALUES
    (3, 'whd_sent', 'whe_1', 'evt_a_1', 'transaction.created', 'txn_a', 'https://shop.example/', 'pending',
      0, 0, ${NOW_MS + 30_000}, 'sent', 5, '00-trace', 10, 10, NULL),
    (4, 'whd_failing', 'whe_1', 'evt_a_2', 'transaction.failed', 'txn_a', 'https://shop.example/', 'pending',
      ${MAX_LOGGED + 2}, 2, ${NOW_MS + 5}, NULL, 6, NULL, 11, 12, NULL),
    (7, 'whd_test', 'whe_1', 'evt_t', 'webhook_endpoint.test', NULL, 'https://shop.example/', 'succeeded',
      2, 1, NULL, NULL, NULL, NULL, 13, 14, 15),
    (9, 'whd_newest', 'whe_1', 'evt_b_1', 'transaction.created', 'txn_b', 'https://shop.example/', 'dead',
      0, 0, NULL, NULL, 6, NULL, 16, 16, 17);
  DELETE FROM deliveries WHERE position = 9;
  INSERT INTO bodies VALUES (3, '{"a":1}'), (4, '{"a":2}'), (7, '{"t":1}');
  INSERT INTO attempts VALUES (7, 1, 20, 8, NULL, 'timeout'), (7, 2, 30, 9, 200, NULL);
  WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < ${MAX_LOGGED + 2})
    INSERT INTO attempts SELECT 4, n, n, 1, 500, 'http_status' FROM many;
`;

function openEarlier(more = "") {
  const database = new DatabaseSync(":memory:");
  database.exec(VERSION_1 + more);
  const storage = memoryStorage(database);
  storage.transactionSync(() => migrateWebhooks(storage.sql));
  const state = new StateRow(storage.sql);
  const counters = new WebhookCounters(state);
  const leases = new Leases();
  const numbering = new Numbering(storage.sql, state);
  return {
    sql: storage.sql,
    numbering,
    transactionSync: storage.transactionSync,
    deliveries: new Deliveries(storage.sql, counters, leases, numbering),
    due: new DueDeliveries(storage.sql, leases),
  };
}

it("Every delivery of the release before is carried over, with its body and its attempts", () => {
  const { sql, deliveries } = openEarlier();
  const all = sql.exec("SELECT * FROM deliveries ORDER BY position").toArray();
  expect(all).toHaveLength(3);
  expect(all[0]).toEqual({
    position: 3,
    id: "whd_sent",
    endpoint_id: "whe_1",
    message_id: "evt_a_1",
    event_type: "transaction.created",
    transaction_id: "txn_a",
    url: "https://shop.example/",
    status: "pending",
    attempts: 0,
    tries: 0,
    next_at: NOW_MS + 30_000,
    happened_at: 5,
    traceparent: "00-trace",
    created_at: 10,
    started_at: 10,
    finished_at: null,
    log: "[]",
    body: '{"a":1}',
  });
  expect(all[1]).toMatchObject({ tries: 2, started_at: 12, body: '{"a":2}' });
  const failing = parseAttempts(String(all[1]?.log));
  expect(failing).toHaveLength(MAX_LOGGED);
  expect(failing[0]).toEqual({
    number: 3,
    started_at: 3,
    duration_ms: 1,
    status_code: 500,
    error: "http_status",
  });
  expect(failing.at(-1)?.number).toBe(MAX_LOGGED + 2);
  expect(all[2]).toMatchObject({ transaction_id: null, status: "succeeded", finished_at: 15 });
  expect(parseAttempts(String(all[2]?.log))).toEqual([
    { number: 1, started_at: 20, duration_ms: 8, status_code: null, error: "timeout" },
    { number: 2, started_at: 30, duration_ms: 9, status_code: 200, error: null },
  ]);
  expect(deliveries.find("whd_test")?.position).toBe(7);
});

it("The numbering continues after every position that the release before used, and counts none of them again", () => {
  const { numbering } = openEarlier();
  expect(numbering.uncounted).toBe(0);
  expect(numbering.next()).toBe(10);
});

it("A delivery that the release before had under way is due when its lease would have ended", () => {
  const { due, deliveries } = openEarlier();
  const ids = (nowMs: number) => due.send({ id: "whe_1", capacity: 9 }, nowMs).map(({ id }) => id);
  expect(ids(NOW_MS)).toEqual([]);
  expect(deliveries.take("whd_sent", 1, NOW_MS)).toBeUndefined();
  expect(ids(NOW_MS + 5)).toEqual(["whd_failing"]);
  expect(ids(NOW_MS + 30_000)).toEqual(["whd_sent"]);
  expect(deliveries.take("whd_sent", 1, NOW_MS + 30_000)?.body).toBe('{"a":1}');
});

it("A dispatcher with very many deliveries moves the pending and the newest at once, and the others by its alarm", () => {
  const all = 25_000;
  const { sql, transactionSync } = openEarlier(`
    UPDATE deliveries SET position = 1 WHERE id = 'whd_sent';
    UPDATE bodies SET delivery = 1 WHERE delivery = 3;
    WITH RECURSIVE many(n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM many WHERE n < ${all + 99})
      INSERT INTO deliveries SELECT n, 'whd_' || n, 'whe_1', 'evt_' || n, 'transaction.created', 'txn_' || n, 'u',
        'succeeded', 1, 1, NULL, NULL, 1, NULL, 1, 1, 1 FROM many;
    INSERT INTO bodies SELECT position, '{"n":' || position || '}' FROM deliveries WHERE position >= 100;
    INSERT INTO attempts SELECT position, 1, 2, 3, 200, NULL FROM deliveries WHERE position >= 100;`);
  const counted = () =>
    sql
      .exec(
        "SELECT count(*) AS n, min(position) AS first FROM deliveries WHERE status = 'succeeded'",
      )
      .one();
  const pending = () =>
    sql.exec("SELECT id FROM deliveries WHERE status = 'pending' ORDER BY position").toArray();
  expect(hasEarlier(sql)).toBe(true);
  expect(counted()).toEqual({ n: 20_000, first: all + 100 - 20_000 });
  expect(pending()).toEqual([{ id: "whd_sent" }, { id: "whd_failing" }]);
  let rounds = 1;
  while (transactionSync(() => moveSome(sql))) rounds += 1;
  expect(rounds).toBe(6);
  expect(counted()).toEqual({ n: all + 1, first: 7 });
  expect(pending()).toHaveLength(2);
  expect(sql.exec("SELECT log, body FROM deliveries WHERE position = 101").one()).toEqual({
    log: "[[1,2,3,200,null]]",
    body: '{"n":101}',
  });
  const tables = sql.exec("SELECT name FROM sqlite_master WHERE name IN ('bodies', 'attempts')");
  expect(tables.toArray()).toEqual([]);
});
