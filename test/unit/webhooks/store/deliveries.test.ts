/** Deliveries: how they are found, what is recorded of their attempts, and the recovery of failed ones. */
import { describe, expect, it } from "vitest";
import { MAX_ATTEMPTS } from "../../../../src/domain/webhook/retry-schedule";
import { MAX_LOGGED, parseAttempts } from "../../../../src/webhooks/store/attempt-log";
import { MAX_RECOVERED } from "../../../../src/webhooks/store/deliveries";
import { NOW_MS } from "../../../support/examples";
import {
  add,
  commit,
  deliveries,
  due,
  ENDPOINT,
  endpoints,
  leases,
  restart,
  rows,
  send,
  storage,
} from "../../../support/webhook-store";

const FAILED = {
  status_code: 500,
  error: "http_status",
  duration_ms: 7,
  retry_after_ms: 0,
} as const;
const DELIVERED = { status_code: 204, error: null, duration_ms: 7, retry_after_ms: 0 } as const;
const record = (id: string, number: number, result: typeof FAILED | typeof DELIVERED) =>
  commit(() => deliveries.finishAttempt(id, number, NOW_MS - 7, result, NOW_MS));
const logOf = (id: string) => parseAttempts(deliveries.find(id)?.log ?? "[]");

describe("a delivery", () => {
  it("A delivery is found by its id, and by no other id with its position", () => {
    const id = add(NOW_MS);
    expect(id).toMatch(/^whd_[a-z2-7]{26}_1$/);
    expect(deliveries.find(id)).toMatchObject({ id, position: 1, body: "{}" });
    for (const other of [
      id.replace(/_1$/, "_2"),
      id.replace(/_1$/, ""),
      `whd_${"a".repeat(26)}_1`,
      "whd__1",
      "whd_1",
      `${id}1`,
      "",
    ]) {
      expect(deliveries.find(other), other).toBeUndefined();
    }
  });

  it("A delivery of an earlier release is found by its id, which has no position", () => {
    add(NOW_MS);
    storage.sql.exec("UPDATE deliveries SET id = 'whd_vks2iwlusl4vkjkuh2ysvc4mah'");
    expect(deliveries.find("whd_vks2iwlusl4vkjkuh2ysvc4mah")?.position).toBe(1);
    expect(deliveries.find("whd_vks2iwlusl4vkjkuh2ysvc4mai")).toBeUndefined();
  });

  it("A delivery's result and its end are one record, and a repeated report changes nothing", () => {
    const id = add(NOW_MS);
    expect(record(id, 1, FAILED)).toMatchObject({ status: "pending", attempts: 0 });
    expect(record(id, 1, DELIVERED)).toBeUndefined();
    expect(record(id, 3, DELIVERED)).toBeUndefined();
    expect(rows()).toMatchObject([{ status: "pending", attempts: 1, tries: 1, finished_at: null }]);
    expect(rows()[0]?.next_at).toBeGreaterThan(NOW_MS);
    record(id, 2, DELIVERED);
    expect(rows()).toMatchObject([
      { status: "succeeded", attempts: 2, tries: 2, next_at: null, finished_at: NOW_MS },
    ]);
    expect(record(id, 3, DELIVERED)).toBeUndefined();
    const at = { started_at: NOW_MS - 7, duration_ms: 7 };
    expect(logOf(id)).toEqual([
      { ...at, number: 1, status_code: 500, error: "http_status" },
      { ...at, number: 2, status_code: 204, error: null },
    ]);
  });

  it("A delivery keeps its last 100 attempts, with their numbers", () => {
    const id = add(NOW_MS);
    for (let number = 1; number <= MAX_LOGGED + 5; number++) {
      if (number % MAX_ATTEMPTS === 0) {
        commit(() =>
          deliveries.restart({ position: 1, endpoint_id: ENDPOINT.id, status: "pending" }, NOW_MS),
        );
      }
      record(id, number, FAILED);
    }
    const numbers = logOf(id).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: MAX_LOGGED }, (_, at) => at + 6));
    expect(deliveries.find(id)?.attempts).toBe(MAX_LOGGED + 5);
  });

  it("A delivery after its last attempt is due at once, for the dead-letter queue", () => {
    const id = add(NOW_MS);
    for (let number = 1; number <= MAX_ATTEMPTS; number++) record(id, number, FAILED);
    expect(due.send({ id: ENDPOINT.id, capacity: 1 }, NOW_MS)).toMatchObject([
      { id, tries: MAX_ATTEMPTS },
    ]);
  });
});

describe("leases of stored deliveries", () => {
  it("After a restart every delivery that was under way is due again, once each", () => {
    const ids = [add(NOW_MS), add(NOW_MS), add(NOW_MS)];
    expect(send(20, NOW_MS)).toEqual(ids);
    const [sent = "", taken = "", recorded = ""] = ids;
    for (const id of [taken, recorded]) expect(deliveries.take(id, 1, NOW_MS)?.id).toBe(id);
    record(recorded, 1, DELIVERED);
    restart();
    // A message from before comes first, and again after the delivery was sent again.
    for (const id of ids) expect(deliveries.take(id, 1, NOW_MS)).toBeUndefined();
    expect(send(20, NOW_MS)).toEqual([sent, taken]);
    expect(send(20, NOW_MS)).toEqual([]);
    expect(deliveries.take(sent, 1, NOW_MS)?.id).toBe(sent);
    expect(deliveries.take(sent, 1, NOW_MS)).toBeUndefined();
    // The consumer of the life before reports now.
    record(taken, 1, DELIVERED);
    expect(deliveries.take(taken, 1, NOW_MS)).toBeUndefined();
    expect(send(20, NOW_MS + 60_000)).toEqual([sent]);
  });

  it("Two notices of one attempt never make two attempts, whatever happens in between", () => {
    const id = add(NOW_MS);
    send(1, NOW_MS);
    expect(deliveries.take(id, 2, NOW_MS)).toBeUndefined();
    expect(deliveries.take(id, 1, NOW_MS)?.id).toBe(id);
    for (const at of [NOW_MS, NOW_MS + 60_000]) {
      expect(deliveries.take(id, 1, at)).toBeUndefined();
    }
    record(id, 1, FAILED);
    expect(deliveries.take(id, 1, NOW_MS)).toBeUndefined();
    expect(deliveries.take(id, 2, NOW_MS)).toBeUndefined();
    storage.sql.exec("UPDATE deliveries SET next_at = ?", NOW_MS);
    send(1, NOW_MS);
    expect(deliveries.take(id, 1, NOW_MS)).toBeUndefined();
    expect(deliveries.take(id, 2, NOW_MS)?.id).toBe(id);
  });

  it("An endpoint has at most 20 attempts under way, and one after ten failures", () => {
    for (let count = 0; count < 30; count++) add(NOW_MS);
    const capacity = () => due.listEndpoints(NOW_MS).map((endpoint) => endpoint.capacity);
    expect(capacity()).toEqual([20]);
    const [first = "", ...others] = send(20, NOW_MS);
    expect(others).toHaveLength(19);
    expect(capacity()).toEqual([]);
    record(first, 1, DELIVERED);
    expect(capacity()).toEqual([1]);
    for (const id of others) record(id, 1, FAILED);
    for (let failure = 0; failure < 10; failure++) endpoints.failed(ENDPOINT.id, NOW_MS);
    expect(capacity()).toEqual([]);
    endpoints.endCooldown(ENDPOINT.id);
    expect(capacity()).toEqual([1]);
  });

  it("An endpoint whose due deliveries are all under way has none to send", () => {
    add(NOW_MS);
    expect(due.nextAtMs(NOW_MS)).toBe(NOW_MS);
    send(20, NOW_MS);
    expect(due.listEndpoints(NOW_MS)).toEqual([]);
    expect(due.nextAtMs(NOW_MS)).toBe(NOW_MS + 30_000);
    add(NOW_MS + 1);
    expect(due.nextAtMs(NOW_MS + 1)).toBe(NOW_MS + 1);
    expect(due.listEndpoints(NOW_MS + 1)).toEqual([{ id: ENDPOINT.id, capacity: 19 }]);
  });

  it("Deliveries of a deleted endpoint are dead and are not taken", () => {
    const id = add(NOW_MS);
    send(1, NOW_MS);
    commit(() => deliveries.failPending(ENDPOINT.id, NOW_MS));
    expect(deliveries.take(id, 1, NOW_MS)).toBeUndefined();
    expect(leases.countUnderWay(ENDPOINT.id, NOW_MS)).toBe(0);
    expect(rows()).toMatchObject([{ status: "dead", finished_at: NOW_MS, next_at: null }]);
  });
});

describe("recovering what has failed", () => {
  it("A recovery restarts a bounded number at a time, the oldest first, until nothing is left", () => {
    const failed = MAX_RECOVERED + 7;
    for (let at = 0; at < failed; at++) add(NOW_MS);
    storage.sql.exec("UPDATE deliveries SET status = 'dead', tries = 22, finished_at = ?", NOW_MS);
    const recover = () => commit(() => deliveries.recover("whe_1", NOW_MS, NOW_MS, NOW_MS + 1));
    expect(recover()).toEqual({ redelivered: MAX_RECOVERED, has_more: true });
    const left = storage.sql.exec(
      "SELECT position FROM deliveries WHERE status = 'dead' ORDER BY position",
    );
    expect(left.toArray()[0]).toEqual({ position: MAX_RECOVERED + 1 });
    expect(recover()).toEqual({ redelivered: 7, has_more: false });
    expect(recover()).toEqual({ redelivered: 0, has_more: false });
  });

  it("A recovery takes the dead and the failing deliveries in order, of one endpoint and one range", () => {
    const given = [
      ["failing", "whe_1", "pending", 3, false, NOW_MS],
      ["succeeded", "whe_1", "succeeded", 1, false, NOW_MS],
      ["dead", "whe_1", "dead", 22, false, NOW_MS],
      ["new", "whe_1", "pending", 0, false, NOW_MS],
      ["under way", "whe_1", "pending", 3, true, NOW_MS],
      ["of another", "whe_2", "dead", 22, false, NOW_MS],
      ["too early", "whe_1", "dead", 22, false, NOW_MS - 1],
      ["too late", "whe_1", "pending", 3, false, NOW_MS + 1],
      ["in the dead-letter queue", "whe_1", "pending", 22, true, NOW_MS],
    ] as const;
    for (const [message_id, endpoint_id, status, tries, isLeased, at] of given) {
      add(at, { message_id, endpoint_id });
      const position = rows().length;
      storage.sql.exec(
        "UPDATE deliveries SET status = ?, tries = ? WHERE position = ?",
        status,
        tries,
        position,
      );
      if (isLeased) leases.send({ endpoint_id, position }, NOW_MS);
    }
    const done = commit(() => deliveries.recover("whe_1", NOW_MS, NOW_MS, NOW_MS + 1));
    expect(done).toEqual({ redelivered: 3, has_more: false });
    const restarted = storage.sql.exec(
      "SELECT message_id FROM deliveries WHERE tries = 0 AND next_at = ? AND message_id <> 'too late' ORDER BY position",
      NOW_MS + 1,
    );
    const names = restarted.toArray().map(({ message_id }) => message_id);
    expect(names).toEqual(["failing", "dead", "in the dead-letter queue"]);
  });
});
