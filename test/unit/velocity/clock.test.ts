/** The velocity object's own clock. */
import { describe, expect, it } from "vitest";
import { ObjectClock } from "../../../src/velocity/clock";
import { HOUR_MS, MINUTE_MS, rowsOf, START_MS, storage } from "../../support/velocity";

/** Calls the clock with times of the machine. @returns its own times, and those it was set back to */
function ticks(clock: ObjectClock, machineMs: number[]) {
  const setBackTo: number[] = [];
  const own = machineMs.map((now) => clock.tick(now, (to) => setBackTo.push(to)));
  return { own, setBackTo };
}
const storedMs = () =>
  storage.sql.exec<{ newest_at: number }>("SELECT newest_at FROM clock").toArray()[0]?.newest_at;

describe("a velocity object's clock", () => {
  it("A velocity object's clock stands still while the machine's is up to a minute behind, and is set back beyond that", () => {
    const clock = new ObjectClock(storage.sql);
    const late = START_MS - MINUTE_MS;
    const { own, setBackTo } = ticks(clock, [
      START_MS,
      late,
      START_MS + 1,
      late,
      START_MS - 59_999,
    ]);
    expect(own).toEqual([START_MS, START_MS, START_MS + 1, late, START_MS - 59_999]);
    expect(setBackTo).toEqual([late]);
  });

  it("A velocity object's clock is stored once a minute, and whenever it is set back", () => {
    const clock = new ObjectClock(storage.sql);
    for (const [machineMs, expected] of [
      [START_MS, START_MS],
      [START_MS + MINUTE_MS - 1, START_MS],
      [START_MS + MINUTE_MS, START_MS + MINUTE_MS],
      [START_MS - 1, START_MS - 1],
      [START_MS + MINUTE_MS - 2, START_MS - 1],
    ] as const) {
      ticks(clock, [machineMs]);
      expect(storedMs()).toBe(expected);
    }
    expect(rowsOf("clock")).toBe(1);
  });

  it("A velocity object that starts again continues at most a minute before its time", () => {
    ticks(new ObjectClock(storage.sql), [
      START_MS,
      START_MS + HOUR_MS,
      START_MS + HOUR_MS + 59_999,
    ]);
    const again = new ObjectClock(storage.sql);
    const { own, setBackTo } = ticks(again, [START_MS + HOUR_MS - MINUTE_MS, START_MS]);
    expect(own).toEqual([START_MS + HOUR_MS, START_MS]);
    expect(setBackTo).toEqual([START_MS]);
  });
});
