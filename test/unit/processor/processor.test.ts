/** A charge within its time limit, by any processor. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, callWithin, type Processor } from "../../../src/processor/processor";
import { DONE, LONG_MS, requestOf } from "../../support/charge-request";
import { DECLINED } from "../../support/examples";

const never = () => new Promise<never>(() => {});
describe("charging within a time limit", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each<Answer>([
    DONE,
    { kind: "declined", failure: DECLINED },
    { kind: "unknown", reason: "ask later" },
  ])("A charge passes on the processor's result: $kind", async (answer) => {
    const seen: unknown[] = [];
    const processor: Processor = {
      supports: () => true,
      call: async (request) => {
        seen.push(request);
        return answer;
      },
    };
    expect(await callWithin(processor, requestOf({ attempt: 3 }), LONG_MS)).toEqual(answer);
    expect(seen).toEqual([requestOf({ attempt: 3 })]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("A charge whose processor throws has an unknown outcome, without the message", async () => {
    const secret = "connect to 10.0.0.1 with token abc";
    const throwing: Processor[] = [
      { supports: () => true, call: () => Promise.reject(new Error(secret)) },
      { supports: () => true, call: () => Promise.reject(undefined) },
      {
        supports: () => true,
        call: () => {
          throw new Error(secret);
        },
      },
    ];
    for (const processor of throwing) {
      const answer = await callWithin(processor, requestOf(), LONG_MS);
      expect(answer).toMatchObject({ kind: "unknown" });
      expect(JSON.stringify(answer)).not.toContain("10.0.0.1");
    }
  });

  it("A charge without a response has an unknown outcome at the time limit, and the call is aborted", async () => {
    let signal: AbortSignal | undefined;
    const processor: Processor = {
      supports: () => true,
      call: (_, given) => {
        signal = given();
        return never();
      },
    };
    let answer: Answer | undefined;
    const charge = callWithin(processor, requestOf(), 250).then((given) => {
      answer = given;
    });
    await vi.advanceTimersByTimeAsync(249);
    expect(answer).toBeUndefined();
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await charge;
    expect(answer).toEqual({ kind: "unknown", reason: "no answer within 250 ms" });
    expect(signal?.aborted).toBe(true);
  });

  it("A charge ignores a response after the time limit", async () => {
    const processor: Processor = {
      supports: () => true,
      call: (_, signal) =>
        new Promise((resolve) => signal().addEventListener("abort", () => resolve(DONE))),
    };
    const charge = callWithin(processor, requestOf(), 250);
    await vi.advanceTimersByTimeAsync(250);
    expect(await charge).toMatchObject({ kind: "unknown" });
  });

  type Found = Awaited<ReturnType<NonNullable<Processor["find"]>>>;
  /** A processor whose find answers so, and what was asked of it. */
  function finding(found: Found, { late = false, supported = true } = {}) {
    const asked: string[] = [];
    const processor: Processor = {
      supports: (operation) => operation !== "find" || supported,
      call: () => {
        asked.push("call");
        return DONE;
      },
      find: () => {
        asked.push("find");
        return late ? Promise.resolve(found) : found;
      },
    };
    return { processor, asked };
  }

  const FOUND: [Found, string[], Answer][] = [
    [DONE, ["find"], DONE],
    [{ kind: "declined", failure: DECLINED }, ["find"], { kind: "declined", failure: DECLINED }],
    [{ kind: "unknown", reason: "ask later" }, ["find"], { kind: "unknown", reason: "ask later" }],
    [{ kind: "not_found" }, ["find", "call"], DONE],
  ];
  it.each(FOUND)(
    "A repeated attempt asks first, and calls only if nothing was done: %j",
    async (found, asks, answer) => {
      for (const late of [false, true]) {
        for (const attempt of [2, 3]) {
          const { processor, asked } = finding(found, { late });
          expect(await callWithin(processor, requestOf({ attempt }), LONG_MS)).toEqual(answer);
          expect(asked).toEqual(asks);
        }
        const { processor, asked } = finding(found, { late });
        expect(await callWithin(processor, requestOf({ attempt: 1 }), LONG_MS)).toEqual(DONE);
        expect(asked).toEqual(["call"]);
      }
      const { processor, asked } = finding(found, { supported: false });
      expect(await callWithin(processor, requestOf({ attempt: 2 }), LONG_MS)).toEqual(DONE);
      expect(asked).toEqual(["call"]);
    },
  );

  it("An operation is not repeated when asking fails", async () => {
    for (const fail of [
      () => Promise.reject(new Error("no")),
      () => {
        throw new Error("no");
      },
    ]) {
      const call = vi.fn(() => DONE);
      const processor: Processor = { supports: () => true, call, find: fail };
      const answer = await callWithin(processor, requestOf({ attempt: 2 }), LONG_MS);
      expect(answer).toEqual({ kind: "unknown", reason: "the call failed" });
      expect(call).not.toHaveBeenCalled();
    }
  });

  it("Asking and calling share one time limit", async () => {
    const processor: Processor = {
      supports: () => true,
      find: () => new Promise((resolve) => setTimeout(() => resolve({ kind: "not_found" }), 200)),
      call: never,
    };
    const answer = callWithin(processor, requestOf({ attempt: 2 }), 250);
    await vi.advanceTimersByTimeAsync(250);
    expect(await answer).toEqual({ kind: "unknown", reason: "no answer within 250 ms" });
  });
});
