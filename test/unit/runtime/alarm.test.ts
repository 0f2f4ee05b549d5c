/** An object's alarm against a runtime that waits longer and longer, as workerd does after an object could not
 *  start or not write: it keeps its own time for the next call, whatever alarm is set, until the alarm is
 *  deleted and that is stored. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Alarm } from "../../../src/runtime/alarm";
import { NOW_MS } from "../../support/examples";

const LEAST_MS = 1_000;
const BACKOFF_MS = 33_000;

/** As much of a runtime as an alarm sees. Nothing is stored while `isFull`. */
class Runtime {
  isFull = false;
  /** What `getAlarm` says. */
  alarmMs: number | null = null;
  /** When the runtime really calls; null for never. */
  callMs: number | null = null;
  readonly done: string[] = [];
  #isBackingOff = false;
  #isDeleted = false;

  /** A call of the object ended in a fault: the alarm stays as it was and is called again later. */
  backOff(nowMs: number): void {
    this.#isBackingOff = true;
    this.callMs = nowMs + BACKOFF_MS;
  }

  readonly storage = {
    getAlarm: async () => this.alarmMs,
    setAlarm: async (atMs: number) => {
      this.done.push("set");
      this.alarmMs = atMs;
      this.#isDeleted = false;
      if (!this.#isBackingOff) this.callMs = atMs;
    },
    deleteAlarm: async () => {
      this.done.push("delete");
      this.alarmMs = null;
      this.#isDeleted = true;
    },
    sync: async () => {
      if (this.isFull) throw new Error("database or disk is full: SQLITE_FULL");
      this.done.push("sync");
      if (!this.#isDeleted) return;
      this.#isBackingOff = false;
      this.callMs = null;
    },
  } as unknown as DurableObjectStorage;
}

let runtime: Runtime;
/** An object that was just started, with work that is due now. */
async function started(): Promise<Alarm> {
  const alarm = new Alarm(runtime.storage, LEAST_MS, (nowMs) => [nowMs]);
  await alarm.read();
  alarm.arm(Date.now());
  return alarm;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  runtime = new Runtime();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The alarm was set a minute ago, and has been late since. */
function trouble(): void {
  runtime.alarmMs = NOW_MS - 60_000;
  runtime.backOff(NOW_MS);
}

it("After a failure the alarm is set soon after the first call that has written", async () => {
  trouble();
  const alarm = await started();
  expect(runtime.done, "nothing in the constructor").toEqual([]);
  alarm.armAfterWrite(NOW_MS);
  await settle();
  expect(runtime.done).toEqual(["sync", "delete", "sync", "set"]);
  expect(runtime.callMs).toBe(NOW_MS + LEAST_MS);
});

it("The alarm is renewed once, however many calls write meanwhile", async () => {
  trouble();
  const alarm = await started();
  for (let call = 0; call < 5; call++) alarm.armAfterWrite(NOW_MS);
  await settle();
  alarm.armAfterWrite(NOW_MS);
  await settle();
  expect(runtime.done).toEqual(["sync", "delete", "sync", "set"]);
});

it("The alarm is not touched while nothing can be written", async () => {
  trouble();
  runtime.isFull = true;
  const alarm = await started();
  alarm.armAfterWrite(NOW_MS);
  alarm.arm(NOW_MS);
  await settle();
  expect([runtime.done, runtime.callMs]).toEqual([[], NOW_MS + BACKOFF_MS]);
  runtime.isFull = false;
  alarm.armAfterWrite(NOW_MS);
  await settle();
  expect(runtime.callMs).toBe(NOW_MS + LEAST_MS);
});

it("The alarm is not touched by calls that write nothing", async () => {
  trouble();
  const alarm = await started();
  alarm.arm(NOW_MS);
  await settle();
  expect(runtime.done).toEqual([]);
});

it("An alarm that is about to fire is not renewed", async () => {
  runtime.alarmMs = NOW_MS - 1_500;
  const alarm = await started();
  alarm.armAfterWrite(NOW_MS);
  await settle();
  expect(runtime.done).toEqual([]);
});

it("The alarm is set for the earliest time, and never postponed", async () => {
  let dueMs: number | undefined = NOW_MS + 50_000;
  const alarm = new Alarm(runtime.storage, LEAST_MS, () => [undefined, dueMs]);
  await alarm.read();
  alarm.armAfterWrite(NOW_MS);
  expect(runtime.alarmMs).toBe(NOW_MS + 50_000);
  dueMs = NOW_MS + 20_000;
  alarm.armAfterWrite(NOW_MS);
  expect(runtime.alarmMs).toBe(NOW_MS + 20_000);
  dueMs = NOW_MS + 30_000;
  alarm.arm(NOW_MS);
  expect(runtime.alarmMs).toBe(NOW_MS + 20_000);
  alarm.fired();
  dueMs = undefined;
  alarm.arm(NOW_MS);
  expect(runtime.done).toEqual(["set", "set"]);
});
