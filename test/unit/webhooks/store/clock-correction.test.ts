/** A webhook dispatcher whose clock was ahead and is set back. */
import { expect, it } from "vitest";
import { NOW_MS } from "../../../support/examples";
import {
  add,
  commit,
  deliveries,
  due,
  ENDPOINT,
  endpoints,
  rows,
  send,
  storage,
  sweep,
} from "../../../support/webhook-store";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const AHEAD_MS = NOW_MS + 365 * DAY_MS;

const failed = (id: string, nowMs: number) =>
  commit(() =>
    deliveries.finishAttempt(
      id,
      1,
      nowMs,
      { status_code: 500, error: "http_status", duration_ms: 1, retry_after_ms: 0 },
      nowMs,
    ),
  );
const delivered = (id: string, nowMs: number) =>
  commit(() =>
    deliveries.finishAttempt(
      id,
      1,
      nowMs,
      { status_code: 200, error: null, duration_ms: 1, retry_after_ms: 0 },
      nowMs,
    ),
  );
const statuses = () => rows().map(({ status }) => status);

it("A dispatcher whose clock was set back makes the attempts, and ends the leases and cooldowns, that would last too long", () => {
  const [tried, lost, waiting] = [add(AHEAD_MS), add(AHEAD_MS), add(AHEAD_MS)];
  expect(send(2, AHEAD_MS)).toEqual([tried, lost]);
  failed(tried, AHEAD_MS);
  for (let failure = 0; failure < 10; failure++) endpoints.failed(ENDPOINT.id, AHEAD_MS);
  expect(endpoints.nextCooldownEndsAtMs(NOW_MS)).toBe(NOW_MS);
  sweep(NOW_MS);
  expect(endpoints.nextCooldownEndsAtMs(NOW_MS)).toBeUndefined();
  // After ten failures the endpoint has one attempt at a time.
  expect(due.nextAtMs(NOW_MS)).toBe(NOW_MS + 30_000);
  expect(send(10, NOW_MS)).toEqual([tried, waiting]);
  expect(send(10, NOW_MS + 29_999)).toEqual([]);
  expect(send(10, NOW_MS + 30_000)).toContain(lost);
});

it("A dispatcher whose clock was set back by an hour sends at once what was added meanwhile", () => {
  const id = add(NOW_MS + HOUR_MS);
  sweep(NOW_MS);
  expect(send(1, NOW_MS)).toEqual([id]);
  expect(rows()[0]).toMatchObject({ created_at: NOW_MS, started_at: NOW_MS });
});

it("A dispatcher whose clock is right keeps the lengths of its waits", () => {
  add(NOW_MS - 1);
  const id = add(NOW_MS - 1);
  failed(id, NOW_MS);
  const before = rows();
  expect(before[1]?.next_at).toBeGreaterThan(NOW_MS);
  sweep(NOW_MS);
  sweep(NOW_MS - 1);
  expect(rows()).toEqual(before);
});

it("A dispatcher whose clock was set back keeps finished deliveries no longer than if they had ended now", () => {
  delivered(add(AHEAD_MS), AHEAD_MS);
  for (let at = 0; at < 1_200; at++) delivered(add(AHEAD_MS), AHEAD_MS);
  sweep(NOW_MS);
  expect(new Set(rows().map(({ finished_at }) => finished_at))).toEqual(new Set([NOW_MS]));
  for (let slice = 0; slice < 3; slice++) sweep(NOW_MS + 30 * DAY_MS);
  expect(rows()).toEqual([]);
});

it("A dispatcher whose clock was ahead when an earlier delivery ended counts it from when a sweep meets it", () => {
  delivered(add(NOW_MS), AHEAD_MS);
  sweep(NOW_MS);
  expect(rows()[0]?.finished_at).toBe(AHEAD_MS);
  sweep(NOW_MS + 30 * DAY_MS);
  expect(rows()[0]?.finished_at).toBe(NOW_MS + 30 * DAY_MS);
  sweep(NOW_MS + 60 * DAY_MS);
  expect(rows()).toEqual([]);
});

it("A dispatcher whose clock was set back gives up a delivery no later than if it had begun now", () => {
  add(AHEAD_MS);
  sweep(NOW_MS);
  sweep(NOW_MS + 5 * DAY_MS - 1);
  expect(statuses()).toEqual(["pending"]);
  sweep(NOW_MS + 6 * DAY_MS);
  expect(statuses()).toEqual(["dead"]);
});

it("A dispatcher whose clock was set back gives up an earlier delivery that was restarted meanwhile", () => {
  const id = add(NOW_MS - DAY_MS);
  delivered(id, NOW_MS - DAY_MS);
  commit(() =>
    deliveries.restart({ position: 1, endpoint_id: ENDPOINT.id, status: "succeeded" }, AHEAD_MS),
  );
  sweep(NOW_MS);
  expect(rows()[0]).toMatchObject({ next_at: NOW_MS, started_at: NOW_MS });
  sweep(NOW_MS + 5 * DAY_MS);
  expect(statuses()).toEqual(["dead"]);
});

it("A dispatcher whose clock was set back disables an endpoint that fails for three days from now on", () => {
  endpoints.failed(ENDPOINT.id, AHEAD_MS);
  expect(endpoints.failed(ENDPOINT.id, NOW_MS)).toBe(false);
  expect(endpoints.failed(ENDPOINT.id, NOW_MS + 3 * DAY_MS)).toBe(true);
});

it("A correction reads one delivery when none is from the future", () => {
  for (let at = 0; at < 50; at++) add(NOW_MS);
  const read = storage.sql.exec.bind(storage.sql);
  let found = 0;
  storage.sql.exec = ((query: string, ...given: never[]) => {
    const cursor = read(query, ...given);
    if (query.includes("created_at FROM deliveries WHERE position <")) {
      found += cursor.toArray().length;
    }
    return cursor;
  }) as SqlStorage["exec"];
  sweep(NOW_MS);
  expect(found).toBe(1);
});
