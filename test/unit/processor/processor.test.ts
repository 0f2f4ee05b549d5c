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
});
