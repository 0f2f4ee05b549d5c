/** A velocity object whose clock was ahead and is set back. */
import { expect, it } from "vitest";
import {
  answer,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  observe,
  payment,
  restart,
  START_MS,
  storage,
  windows,
} from "../../support/velocity";

const YEAR_MS = 365 * DAY_MS;
const NAMES = ["count.1m", "age_s"];

it("A velocity object whose clock was set back counts earlier payments as of now, so that windows roll on", () => {
  expect(observe(payment(NAMES), START_MS - HOUR_MS)).toEqual([1, 0]);
  const ahead = [1, (YEAR_MS + HOUR_MS) / 1_000];
  expect(observe(payment(NAMES), START_MS + YEAR_MS)).toEqual(ahead);
  windows.bringBack(START_MS);
  expect(observe(payment(NAMES), START_MS)).toEqual([2, HOUR_MS / 1_000]);
  expect(observe(payment(NAMES), START_MS + MINUTE_MS)).toEqual([1, 3_660]);
});

it("Payments of one millisecond keep their order when they are dated to now", () => {
  const many = Array.from({ length: 5 }, () => payment(["count.1h"]));
  for (const [index, one] of many.entries()) observe(one, START_MS + YEAR_MS + index);
  windows.bringBack(START_MS);
  expect(answer("count.1h", START_MS)).toBe(6);
  expect(many.map((one) => observe(one, START_MS)[0])).toEqual([1, 2, 3, 4, 5]);
  const places = storage.sql.exec(
    "SELECT at, position FROM subject_payments ORDER BY at, position",
  );
  expect(places.toArray()).toEqual(
    [1, 2, 3, 4, 5, 6].map((position) => ({ at: START_MS, position })),
  );
});

it("A subject's payments are never dated before its newest one, also after a restart with a clock behind", () => {
  expect(answer("count.1m", START_MS + 50_000)).toBe(1);
  restart();
  expect(answer("count.1m", START_MS)).toBe(2);
  expect(answer("count.1m", START_MS + MINUTE_MS + 49_999)).toBe(3);
  expect(answer("count.1m", START_MS + MINUTE_MS + 50_000)).toBe(2);
});
