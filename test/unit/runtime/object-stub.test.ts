/** The one policy for repeating calls to Durable Objects. What the runtime itself repeats is in docs/architecture.md. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  callObject,
  isOverloaded,
  type ObjectNamespace,
  objectStub,
} from "../../../src/runtime/object-stub";
import { TimeoutError } from "../../../src/runtime/with-timeout";

type Counter = { count(step: number): number };
/** What one call comes to: a number, a fault, or undefined for one that hangs. */
type Step = number | Error | undefined;

let stubs: string[];
let calls: number[];

/** A namespace whose objects come to these steps, one after the other. */
function namespaceOf(...steps: Step[]): ObjectNamespace<Counter> {
  const count = (given: number) => {
    calls.push(given);
    const step = steps.shift();
    if (step === undefined) return new Promise<number>(() => undefined);
    return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
  };
  const getByName = (name: string) => {
    stubs.push(name);
    return { count };
  };
  return { getByName } as unknown as ObjectNamespace<Counter>;
}

/** A fault with the properties by which the platform says what happened. */
function platformFault(given: object): Error {
  return Object.assign(new Error("the platform's words"), given);
}

const call = (namespace: ObjectNamespace<Counter>, options = {}) =>
  callObject(namespace, "shard-3", (object) => object.count(7), options);

beforeEach(() => {
  stubs = [];
  calls = [];
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a call to an object", () => {
  it("A call to an object is made once when it succeeds", async () => {
    expect(await call(namespaceOf(1))).toBe(1);
    expect([stubs, calls]).toEqual([["shard-3"], [7]]);
  });

  it.each([
    ["that it may be repeated", { retryable: true }],
    ["that the object was reset", { durableObjectReset: true }],
    ["that the object was reset while it ran", { durableObjectReset: true, remote: true }],
  ])(
    "A call to an object is made once more, on a new stub, when the platform says %s",
    async (_, given) => {
      expect(await call(namespaceOf(platformFault(given), 2))).toBe(2);
      expect([stubs, calls]).toEqual([
        ["shard-3", "shard-3"],
        [7, 7],
      ]);
    },
  );

  it("A call to an object is not made a third time", async () => {
    const last = platformFault({ retryable: true });
    const namespace = namespaceOf(platformFault({ durableObjectReset: true }), last, 3);
    await expect(call(namespace)).rejects.toBe(last);
    expect(calls).toHaveLength(2);
  });

  it.each([
    ["the object is overloaded", platformFault({ overloaded: true, retryable: true })],
    [
      "an overloaded object was reset",
      platformFault({ overloaded: true, durableObjectReset: true }),
    ],
    ["the method threw", platformFault({ remote: true })],
    ["a fault says nothing", new Error("the method's own words")],
  ])("A call to an object is not repeated when %s", async (_, fault) => {
    await expect(call(namespaceOf(fault, 2))).rejects.toBe(fault);
    expect(calls).toHaveLength(1);
  });

  it("A call to an object is not repeated when it timed out: it may still be carried out", async () => {
    const timedOut = call(namespaceOf(undefined, 2), { limit_ms: 1_000 });
    const refused = expect(timedOut).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(1_000);
    await refused;
    expect(calls).toHaveLength(1);
  });

  it("A call to an object is repeated after a time-out where the caller says that it may be", async () => {
    const repeated = call(namespaceOf(undefined, 2), { limit_ms: 1_000, repeats_timeouts: true });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await repeated).toBe(2);
    expect(calls).toHaveLength(2);
  });

  it("A call to an object has the whole time limit for the second attempt, too", async () => {
    const twice = call(namespaceOf(undefined, undefined), {
      limit_ms: 1_000,
      repeats_timeouts: true,
    });
    let isOver = false;
    const refused = expect(twice.finally(() => (isOver = true))).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await refused;
  });

  it("A call to an object goes to the object of the name, with the methods as they are declared", async () => {
    const stub = objectStub(namespaceOf(4), "shard-0");
    expect(await stub.count(1)).toBe(4);
    expect(stubs).toEqual(["shard-0"]);
  });
});

it("Whether an object is overloaded is read from the fault, whatever was thrown", () => {
  const thrown = [platformFault({ overloaded: true }), new Error("no"), undefined, null, "text", 5];
  expect(thrown.map(isOverloaded)).toEqual([true, false, false, false, false, false]);
});
