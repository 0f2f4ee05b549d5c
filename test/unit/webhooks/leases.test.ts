/** Leases of deliveries in memory. */
import { expect, it } from "vitest";
import { Leases } from "../../../src/webhooks/leases";
import { NOW_MS } from "../../support/examples";

const ONE = { endpoint_id: "whe_1", position: 1 };
const OTHER = { endpoint_id: "whe_2", position: 2 };
const held = (leases: Leases, nowMs: number): number[] => JSON.parse(leases.heldPositions(nowMs));

it("A delivery that was sent is taken by the first consumer only, until it is sent again", () => {
  const leases = new Leases();
  leases.send(ONE, NOW_MS);
  expect(leases.take(ONE, NOW_MS)).toBe(true);
  expect(leases.take(ONE, NOW_MS)).toBe(false);
  expect(leases.take(ONE, NOW_MS + 60_000)).toBe(false);
  leases.send(ONE, NOW_MS + 60_000);
  expect(leases.take(ONE, NOW_MS + 60_000)).toBe(true);
});

it("A delivery without a lease is not taken: a message from before a restart has no effect", () => {
  const leases = new Leases();
  expect(leases.take(ONE, NOW_MS)).toBe(false);
  leases.send(ONE, NOW_MS);
  leases.end(ONE);
  expect(leases.take(ONE, NOW_MS)).toBe(false);
  leases.send(ONE, NOW_MS);
  leases.endAll(ONE.endpoint_id);
  expect(leases.take(ONE, NOW_MS)).toBe(false);
});

it("A lease holds its delivery for 30 s in the queue, and for 15 s with a consumer", () => {
  const leases = new Leases();
  leases.send(ONE, NOW_MS);
  leases.send(OTHER, NOW_MS);
  leases.take(OTHER, NOW_MS + 1_000);
  expect(held(leases, NOW_MS + 15_999)).toEqual([1, 2]);
  expect(leases.nextEndsAtMs(NOW_MS + 15_999)).toBe(NOW_MS + 16_000);
  expect(held(leases, NOW_MS + 16_000)).toEqual([1]);
  expect(leases.isUnderWay(OTHER, NOW_MS + 16_000)).toBe(false);
  expect(held(leases, NOW_MS + 30_000)).toEqual([]);
  expect(leases.nextEndsAtMs(NOW_MS + 30_000)).toBeUndefined();
});

it("A delivery that the queue refused is held for 5 s, is not in flight, and a consumer can take it all the same", () => {
  const leases = new Leases();
  leases.send(ONE, NOW_MS);
  leases.refuse(ONE, NOW_MS);
  expect(held(leases, NOW_MS + 4_999)).toEqual([1]);
  expect(held(leases, NOW_MS + 5_000)).toEqual([]);
  expect(leases.countUnderWay(ONE.endpoint_id, NOW_MS)).toBe(0);
  expect(leases.isUnderWay(ONE, NOW_MS)).toBe(false);
  expect(leases.take(ONE, NOW_MS)).toBe(true);
  leases.refuse(ONE, NOW_MS);
  expect(leases.isUnderWay(ONE, NOW_MS)).toBe(true);
});

it("A refusal that comes after the attempt was recorded changes nothing", () => {
  const leases = new Leases();
  leases.send(ONE, NOW_MS);
  leases.take(ONE, NOW_MS);
  leases.end(ONE);
  leases.refuse(ONE, NOW_MS);
  expect(held(leases, NOW_MS)).toEqual([]);
  expect(leases.take(ONE, NOW_MS)).toBe(false);
});

it("The attempts under way are counted by endpoint, without those whose lease has ended", () => {
  const leases = new Leases();
  for (let position = 1; position <= 5; position++) leases.send({ ...ONE, position }, NOW_MS);
  leases.send({ ...OTHER, position: 9 }, NOW_MS);
  leases.take({ ...ONE, position: 1 }, NOW_MS);
  leases.end({ ...ONE, position: 2 });
  expect(leases.countUnderWay(ONE.endpoint_id, NOW_MS)).toBe(4);
  expect(leases.countUnderWay(ONE.endpoint_id, NOW_MS + 15_000)).toBe(3);
  expect(leases.countUnderWay(OTHER.endpoint_id, NOW_MS)).toBe(1);
  expect(leases.countUnderWay("whe_none", NOW_MS)).toBe(0);
});

it("A lease lasts its whole length again, and no longer, when the clock has gone back", () => {
  const leases = new Leases();
  leases.send(ONE, NOW_MS);
  const back = NOW_MS - 86_400_000;
  expect(held(leases, back)).toEqual([1]);
  expect(held(leases, back + 29_999)).toEqual([1]);
  expect(held(leases, back + 30_000)).toEqual([]);
});
