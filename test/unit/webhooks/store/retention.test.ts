/** When a dispatcher gives up and deletes deliveries. */
import { beforeEach, expect, it } from "vitest";
import type { DeliveryStatus } from "../../../../src/domain/webhook/webhook";
import { NOW_MS } from "../../../support/examples";
import {
  add,
  commit,
  counters,
  deliveries,
  ENDPOINT,
  endpoints,
  numbering,
  restart,
  rows,
  send,
  storage,
  sweep,
} from "../../../support/webhook-store";

const DAY_MS = 86_400_000;
const KEPT_MS = 30 * DAY_MS;
const SWEEP_ROWS = 500;
const at = (position: number, status: DeliveryStatus) => ({
  position,
  status,
  endpoint_id: ENDPOINT.id,
});
const succeed = (id: string, nowMs: number) =>
  commit(() =>
    deliveries.finishAttempt(
      id,
      1,
      nowMs,
      { status_code: 200, error: null, duration_ms: 1, retry_after_ms: 0 },
      nowMs,
    ),
  );
const positions = () => rows().map(({ position }) => position);
const statuses = () => rows().map(({ status }) => status);
const backlog = (status: DeliveryStatus) => {
  const of = (name: string) =>
    counters.all().find((count) => count.name === name && count.labels === `status=${status}`)
      ?.value ?? 0;
  return of("deliveries_entered") - of("deliveries_left");
};

// The first sweep of a life corrects times.
beforeEach(() => sweep(NOW_MS - DAY_MS));

it("A pending delivery is dead at the first sweep five days after it was added, and no sooner", () => {
  add(NOW_MS);
  sweep(NOW_MS + 5 * DAY_MS - 1);
  expect(statuses()).toEqual(["pending"]);
  restart();
  sweep(NOW_MS + 5 * DAY_MS);
  expect(rows()).toMatchObject([{ status: "dead", finished_at: NOW_MS + 5 * DAY_MS }]);
  expect([backlog("pending"), backlog("dead")]).toEqual([0, 1]);
});

it("A pending delivery that was restarted is dead five days after the restart", () => {
  add(NOW_MS);
  commit(() => deliveries.restart(at(1, "pending"), NOW_MS + 3 * DAY_MS));
  sweep(NOW_MS + 7 * DAY_MS);
  expect(statuses()).toEqual(["pending"]);
  sweep(NOW_MS + 8 * DAY_MS);
  expect(statuses()).toEqual(["dead"]);
});

it("A delivery is not given up while an attempt is under way", () => {
  const id = add(NOW_MS);
  const late = NOW_MS + 5 * DAY_MS;
  expect(send(1, late)).toEqual([id]);
  sweep(late);
  expect(statuses()).toEqual(["pending"]);
  succeed(id, late);
  expect(statuses()).toEqual(["succeeded"]);
});

it.each(["succeeded", "dead"] as const)(
  "A %s delivery is deleted at the first sweep 30 days after its end, and no sooner",
  (status) => {
    const id = add(NOW_MS - DAY_MS);
    if (status === "succeeded") succeed(id, NOW_MS);
    else commit(() => deliveries.giveUp(at(1, "pending"), NOW_MS));
    expect(backlog(status)).toBe(1);
    sweep(NOW_MS + KEPT_MS - 1);
    expect(statuses()).toEqual([status]);
    restart();
    sweep(NOW_MS + KEPT_MS);
    expect(rows()).toEqual([]);
    expect(backlog(status)).toBe(0);
  },
);

it("A delivery that was restarted is deleted 30 days after its last end, later ones before it", () => {
  const id = add(NOW_MS);
  succeed(id, NOW_MS);
  succeed(add(NOW_MS), NOW_MS);
  const restartedAtMs = NOW_MS + 20 * DAY_MS;
  commit(() => deliveries.restart(at(1, "succeeded"), restartedAtMs));
  commit(() => deliveries.giveUp(at(1, "pending"), restartedAtMs));
  sweep(NOW_MS + KEPT_MS);
  expect(positions()).toEqual([1]);
  sweep(restartedAtMs + KEPT_MS - 1);
  expect(positions()).toEqual([1]);
  restart();
  sweep(restartedAtMs + KEPT_MS);
  expect(rows()).toEqual([]);
});

it("A sweep examines and deletes a bounded number of deliveries, and continues where it stopped", () => {
  const all = 2 * SWEEP_ROWS + 10;
  for (let count = 0; count < all; count++) {
    const id = add(NOW_MS);
    if (count >= SWEEP_ROWS) succeed(id, NOW_MS);
  }
  // The oldest ones stay for now: they were restarted just before.
  const nowMs = NOW_MS + KEPT_MS;
  storage.sql.exec(
    "UPDATE deliveries SET started_at = ?, next_at = ? WHERE position <= ?",
    nowMs,
    nowMs,
    SWEEP_ROWS,
  );
  sweep(nowMs);
  expect(positions()).toHaveLength(all);
  sweep(nowMs + 1);
  expect(positions()).toHaveLength(SWEEP_ROWS + 10);
  sweep(nowMs + 2);
  expect(positions()).toHaveLength(SWEEP_ROWS);
  // The next sweep begins with the oldest again, a day later.
  storage.sql.exec("UPDATE deliveries SET status = 'succeeded', finished_at = ?", NOW_MS);
  sweep(nowMs + 3);
  expect(positions()).toHaveLength(SWEEP_ROWS);
  sweep(nowMs + 2 + DAY_MS);
  expect(rows()).toEqual([]);
});

it("A sweep ends a bounded number of overdue deliveries at a time, until none is left", () => {
  for (let count = 0; count < SWEEP_ROWS + 10; count++) add(NOW_MS);
  const dead = () => statuses().filter((status) => status === "dead").length;
  sweep(NOW_MS + 5 * DAY_MS);
  expect(dead()).toBe(SWEEP_ROWS);
  sweep(NOW_MS + 5 * DAY_MS + 1);
  expect(dead()).toBe(SWEEP_ROWS + 10);
});

it("A position is not used again after the newest delivery was deleted, in this life and the next", () => {
  for (let count = 0; count < 3; count++) succeed(add(NOW_MS), NOW_MS);
  sweep(NOW_MS + KEPT_MS);
  expect(rows()).toEqual([]);
  restart();
  expect(add(NOW_MS)).toMatch(/_4$/);
  expect(add(NOW_MS)).toMatch(/_5$/);
});

it("A position is not used again after a rollback either", () => {
  add(NOW_MS);
  expect(() =>
    commit(() => {
      numbering.next();
      throw new Error("disk full");
    }),
  ).toThrow("disk full");
  add(NOW_MS);
  expect(positions()).toEqual([1, 3]);
});

it("The host of transactions' own URLs is forgotten when it has no pending delivery", () => {
  const origin = commit(() => endpoints.ensureOrigin("https://own.example/hook", NOW_MS));
  const known = () =>
    storage.sql.exec("SELECT 1 FROM endpoints WHERE id = ?", origin).toArray().length;
  const id = add(NOW_MS, { endpoint_id: origin });
  sweep(NOW_MS + DAY_MS);
  expect(known()).toBe(1);
  succeed(id, NOW_MS + DAY_MS);
  sweep(NOW_MS + 2 * DAY_MS);
  expect(known()).toBe(0);
});
