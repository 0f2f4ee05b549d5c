/** Turns: who shares one, and what becomes of those whose leader was cut off. */
import { beforeEach, expect, it, vi } from "vitest";
import { SharedTurn } from "../../../src/runtime/shared-turn";
import { fakeClock, turn } from "../../support/fake-clock";

fakeClock();
const LIMIT_MS = 5_000;
let ends: ((value: string) => void)[];
let turns: SharedTurn<string>;
beforeEach(() => {
  ends = [];
  turns = new SharedTurn(LIMIT_MS);
});
const work = () => new Promise<string>((resolve) => ends.push(resolve));
const ask = () => turns.get(work, () => {}, true);

it("Requests that come during a turn share the next one, which begins after they have come", async () => {
  const first = ask();
  const others = [ask(), ask(), ask()];
  expect(ends).toHaveLength(1);
  ends[0]?.("first");
  expect(await first).toBe("first");
  await turn();
  expect(ends).toHaveLength(2);
  ends[1]?.("second");
  expect(await Promise.all(others)).toEqual(["second", "second", "second"]);
  expect(vi.getTimerCount()).toBe(0);
});

it("A request that comes after a turn begins one at once", async () => {
  const first = ask();
  ends[0]?.("first");
  await first;
  const second = ask();
  expect(ends).toHaveLength(2);
  ends[1]?.("second");
  expect(await second).toBe("second");
});

it("Requests behind a turn that never ends do the work themselves after the limit", async () => {
  void ask();
  const stuck = [ask(), ask()];
  await vi.advanceTimersByTimeAsync(LIMIT_MS);
  expect(ends).toHaveLength(3);
  for (const end of ends.slice(1)) end("alone");
  expect(await Promise.all(stuck)).toEqual(["alone", "alone"]);
});

it("A turn that is overdue does not keep a new request from beginning one", async () => {
  void ask();
  await vi.advanceTimersByTimeAsync(LIMIT_MS + 1);
  const late = ask();
  expect(ends).toHaveLength(2);
  ends[1]?.("late");
  expect(await late).toBe("late");
});

it("Where requests cannot share, each does the work", async () => {
  const all = [turns.get(work, () => {}, false), turns.get(work, () => {}, false)];
  expect(ends).toHaveLength(2);
  for (const end of ends) end("own");
  expect(await Promise.all(all)).toEqual(["own", "own"]);
});
