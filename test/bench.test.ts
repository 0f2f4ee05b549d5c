/** The parts of the benchmarks that decide: what a comparison and a growth of memory are, and the switch that makes D1
 *  fail. */
import { afterEach, expect, it, vi } from "vitest";
import { readD1Counts, setD1Mode, switchD1 } from "../bench/entry/d1-switch";
import { median } from "../bench/peer/comparison";
import { growthPer100k, isFlat } from "../bench/soak/growth";

afterEach(() => {
  setD1Mode("normal", 0);
  vi.useRealTimers();
});

it("A median is the middle value, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

it("Memory that rises by 60 kB for each hundred payments grows, and noise around one level does not", () => {
  const at = (payments: number, mb: number) => ({ payments: payments * 10_000, mb });
  const leak = Array.from({ length: 20 }, (_, step) => at(step, 300 + step * 6));
  expect(growthPer100k(leak)).toBeCloseTo(60);
  expect(isFlat(leak)).toBe(false);
  const noise = Array.from({ length: 20 }, (_, step) => at(step, 300 + (step % 4) * 8));
  expect(isFlat(noise)).toBe(true);
  expect(isFlat([])).toBe(false);
});

it("Bindings without the switch are left as they are", () => {
  const env = { DB: fakeD1([]) };
  expect(switchD1(env)).toBe(env);
});

it("The switch passes statements and batches on, and counts what they write", async () => {
  const asked: unknown[] = [];
  const { DB } = switchD1({ DB: fakeD1(asked), BENCH_D1_SWITCH: "on" });
  const before = readD1Counts();
  await DB.prepare("one").bind(1, 2).run();
  await DB.batch([DB.prepare("two").bind(3), DB.prepare("three")]);
  expect(asked).toEqual(["one 1,2", "two 3", "three "]);
  const counts = readD1Counts();
  expect(counts.calls - before.calls).toBe(2);
  expect(counts.statements - before.statements).toBe(3);
  expect(counts.rows_written - before.rows_written).toBe(15);
});

it("A D1 that fails executes nothing", async () => {
  const asked: unknown[] = [];
  const { DB } = switchD1({ DB: fakeD1(asked), BENCH_D1_SWITCH: "on" });
  setD1Mode("fail", 0);
  await expect(DB.prepare("one").run()).rejects.toThrow("D1_ERROR");
  await expect(DB.batch([DB.prepare("two")])).rejects.toThrow("D1_ERROR");
  expect(asked).toEqual([]);
});

it("A call that hangs fails after 30 seconds, or when D1 works again, and executes nothing", async () => {
  vi.useFakeTimers();
  const asked: unknown[] = [];
  const { DB } = switchD1({ DB: fakeD1(asked), BENCH_D1_SWITCH: "on" });
  setD1Mode("hang", 0);
  const ends: string[] = [];
  const call = (name: string) =>
    DB.prepare(name)
      .run()
      .catch(() => ends.push(name));
  call("long");
  await vi.advanceTimersByTimeAsync(29_000);
  call("short");
  expect(ends).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(ends).toEqual(["long"]);
  setD1Mode("normal", 0);
  await vi.advanceTimersByTimeAsync(200);
  expect(ends).toEqual(["long", "short"]);
  expect(asked).toEqual([]);
});

it("A slow D1 executes some calls late and reports others late, within the limit", async () => {
  vi.useFakeTimers();
  const { DB } = switchD1({ DB: fakeD1([]), BENCH_D1_SWITCH: "on" });
  setD1Mode("slow", 1_000);
  let ended = 0;
  for (let call = 0; call < 50; call++)
    DB.prepare("one")
      .run()
      .then(() => ended++);
  await vi.advanceTimersByTimeAsync(100);
  expect(ended).toBeLessThan(50);
  await vi.advanceTimersByTimeAsync(900);
  expect(ended).toBe(50);
});

/** Notes what it executes; each statement writes five rows. */
function fakeD1(asked: unknown[]): D1Database {
  const statement = (query: string, values: unknown[] = []) => ({
    bind: (...bound: unknown[]) => statement(query, bound),
    async run() {
      asked.push(`${query} ${values.join()}`);
      return { meta: { rows_written: 5 } };
    },
  });
  const batch = (all: ReturnType<typeof statement>[]) => Promise.all(all.map((one) => one.run()));
  return { prepare: statement, batch } as unknown as D1Database; // The part that the switch uses.
}
