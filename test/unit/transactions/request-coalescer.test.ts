/** Requests that share a call, one rule at a time. That the runtime carries it is tested in
 *  `test/e2e/request-coalescing.test.ts`. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AppContext } from "../../../src/api/context";
import { executeBatch } from "../../../src/transactions/execute-batch";
import { getMany } from "../../../src/transactions/get-many";
import {
  type Address,
  type AddressedCall,
  type CallResult,
  type ManyAddresses,
  notFound,
  type ReadResult,
  type Reply,
  type SendResults,
} from "../../../src/transactions/rpc";

const idOf = (at: number) => `txn_${String(at).padStart(26, "a")}`;
const bodyOf = ({ transaction_id }: Address) => `the body of ${transaction_id}`;
const replyOf = (address: Address): Reply => ({
  ok: true,
  body: bodyOf(address),
  replayed: false,
  pending: false,
  retry_at_ms: 0,
});

describe("a shared call", () => {
  const alone = vi.fn<(address: Address) => Promise<Reply>>();
  const together = vi.fn<(calls: AddressedCall[], tell: SendResults) => Promise<CallResult[]>>();
  const look = vi.fn<(looks: ManyAddresses) => Promise<ReadResult[]>>();
  let ask: (at: number, merchant?: string, kind?: "process" | "find") => Promise<Reply>;

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.resetModules();
    vi.stubGlobal("Cloudflare", {
      compatibilityFlags: { handle_cross_request_promise_resolution: true },
    });
    vi.stubGlobal("scheduler", {
      wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    alone.mockReset().mockImplementation(async (address) => replyOf(address));
    together.mockReset().mockImplementation(async (calls) => {
      return calls.map(({ address }, at) => ({ at, reply: replyOf(address) }));
    });
    const { callOwnerShared } = await import("../../../src/api/transactions/owner");
    look.mockReset().mockImplementation(async (looks) => getMany({ find: replyOf }, looks, []));
    ask = (at, merchant = "mer_1", kind = "process") =>
      callOwnerShared(contextOf(merchant), idOf(at), { kind });
    return () => {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    };
  });

  /** As much of a request as asking needs. */
  function contextOf(merchant: string): AppContext {
    const known: Record<string, unknown> = {
      merchant_id: merchant,
      traceparent: null,
      config: { transaction_shards: 1, processor_timeout_ms: 10_000 },
    };
    return {
      env: {
        TRANSACTIONS: {
          getByName: () => ({ find: alone, process: alone, getMany: look, executeBatch: together }),
        },
      },
      executionCtx: { waitUntil: () => {} },
      get: (name: string) => known[name],
      set: () => {},
    } as unknown as AppContext;
  }

  const askMany = (count: number) => Promise.all(Array.from({ length: count }, (_, at) => ask(at)));

  async function settled<Value>(work: Promise<Value>): Promise<Value> {
    const seen = work.catch(() => {});
    await vi.advanceTimersByTimeAsync(100);
    await seen;
    return work;
  }

  it("A single request is sent alone", async () => {
    await settled(ask(1));
    await settled(ask(2));
    expect(alone).toHaveBeenCalledTimes(2);
    expect(together).not.toHaveBeenCalled();
  });

  it("A request that follows a response is sent alone", async () => {
    for (let round = 0; round < 20; round++) await ask(round);
    expect(alone).toHaveBeenCalledTimes(20);
    expect(together).not.toHaveBeenCalled();
  });

  it("Requests that arrive during a call share the next one, each with its own result", async () => {
    const replies = await settled(askMany(200));
    replies.forEach((reply, at) => {
      expect(reply).toMatchObject({ body: `the body of ${idOf(at)}` });
    });
    expect(alone).toHaveBeenCalledTimes(1);
    expect(together.mock.calls.map(([calls]) => calls.length)).toEqual([64, 64, 64, 7]);
  });

  it("A shared call carries the merchant of each request", async () => {
    await settled(Promise.all([ask(1), ask(2, "mer_2"), ask(3, "mer_3")]));
    const [calls] = together.mock.calls[0] ?? [[]];
    expect(calls.map(({ address }) => address.merchant_id)).toEqual(["mer_2", "mer_3"]);
  });

  it("Every request is sent alone after its shared call has failed", async () => {
    together.mockRejectedValue(new TypeError("does not implement the method"));
    expect(await settled(askMany(5))).toHaveLength(5);
    expect(alone).toHaveBeenCalledTimes(5);
  });

  it("Requests are not sent alone when the object is overloaded", async () => {
    together.mockRejectedValue(Object.assign(new Error("busy"), { overloaded: true }));
    const outcomes = await settled(Promise.allSettled([ask(1), ask(2), ask(3)]));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(alone).toHaveBeenCalledTimes(1);
  });

  it("The fault of one request goes to that request", async () => {
    const fault = new Error("no room");
    together.mockImplementation(async (calls) =>
      calls.map(({ address }, at) => (at === 1 ? { at, fault } : { at, reply: replyOf(address) })),
    );
    const outcomes = await settled(Promise.allSettled([ask(0), ask(1), ask(2), ask(3)]));
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...["fulfilled", "fulfilled", "rejected", "fulfilled"],
    ]);
    expect(outcomes[2]).toMatchObject({ reason: fault });
    expect(alone).toHaveBeenCalledTimes(1);
  });

  it("The next request sends the shared call when the one that was to send it has ended", async () => {
    // The first to wait is the one that gathers.
    vi.spyOn(scheduler, "wait").mockReturnValueOnce(new Promise(() => {}));
    const first = Promise.all([ask(1), ask(2)]);
    await vi.advanceTimersByTimeAsync(50);
    expect(together).not.toHaveBeenCalled();
    const [, second] = await settled(Promise.all([first, ask(3)]));
    expect(second).toMatchObject({ body: `the body of ${idOf(3)}` });
    expect(together.mock.calls.map(([calls]) => calls.length)).toEqual([2]);
  });

  it("A shared call leaves out a request that has timed out", async () => {
    vi.spyOn(scheduler, "wait").mockReturnValueOnce(new Promise(() => {}));
    const first = Promise.all([ask(1), ask(2)]);
    await vi.advanceTimersByTimeAsync(20_000);
    await first;
    await settled(Promise.all([ask(3), ask(4), ask(5)]));
    const carried = together.mock.calls.map(([calls]) => calls.map(({ address }) => address));
    expect(carried).toMatchObject([[{ transaction_id: idOf(4) }, { transaction_id: idOf(5) }]]);
  });

  it.each([
    ["find" as const, 5_000],
    ["process" as const, 15_000], // And what the book and the processor may take.
  ])("A request does not wait without end for a shared call: %s", async (kind, patienceMs) => {
    together.mockReturnValue(new Promise(() => {}));
    look.mockReturnValue(new Promise(() => {}));
    const all = Promise.all([1, 2, 3].map((at) => ask(at, "mer_1", kind)));
    await vi.advanceTimersByTimeAsync(patienceMs - 100);
    expect(alone).toHaveBeenCalledTimes(1);
    await settled(vi.advanceTimersByTimeAsync(100));
    expect(await all).toHaveLength(3);
    expect(alone).toHaveBeenCalledTimes(3);
  });

  it("Reads share a call of their own, each with its own result or refusal", async () => {
    const find = (address: Address) =>
      address.merchant_id === "mer_2" ? notFound : replyOf(address);
    look.mockImplementation(async (looks) => getMany({ find }, looks, []));
    const asked = [1, 2, 3, 4].map((at) => ask(at, at === 3 ? "mer_2" : "mer_1", "find"));
    const [, ...replies] = await settled(Promise.all(asked));
    const address = { merchant_id: "mer_1", shards: 1, traceparent: null };
    expect(replies).toEqual([
      replyOf({ ...address, transaction_id: idOf(2) }),
      notFound,
      replyOf({ ...address, transaction_id: idOf(4) }),
    ]);
    expect(look.mock.calls).toEqual([
      [
        {
          shards: 1,
          transaction_ids: [idOf(2), idOf(3), idOf(4)],
          merchant_ids: ["mer_1", "mer_2", "mer_1"],
        },
      ],
    ]);
    expect(together).not.toHaveBeenCalled();
  });
});

describe("executing a batch", () => {
  const call = (at: number): AddressedCall => ({
    kind: "find",
    address: { merchant_id: "mer_1", transaction_id: idOf(at), shards: 1, traceparent: null },
  });
  /** Answers at once, or when what is given at a call's place comes. */
  const after = (gates: (Promise<unknown> | undefined)[]) => ({
    find: async (address: Address) => {
      await gates.find((_, at) => idOf(at) === address.transaction_id);
      return replyOf(address);
    },
    process: () => Promise.reject(new Error("not asked")),
    create: () => Promise.reject(new Error("not asked")),
  });

  it("Finished requests get their results before the unfinished ones, each once", async () => {
    const told: number[][] = [];
    const [second, third] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const last = await executeBatch(
      after([undefined, second.promise, undefined, third.promise]),
      [0, 1, 2, 3].map(call),
      async (group) => {
        told.push(group.map(({ at }) => at));
        (told.length === 1 ? second : third).resolve();
      },
    );
    expect(told).toEqual([[0, 2], [1]]);
    expect(last.map(({ at }) => at)).toEqual([3]);
  });

  it("All requests get their results in one message when all finish at once", async () => {
    const tell = vi.fn<SendResults>();
    const last = await executeBatch(after([]), [0, 1, 2].map(call), tell);
    expect(last.map(({ at }) => at)).toEqual([0, 1, 2]);
    expect(tell).not.toHaveBeenCalled();
  });

  it("The other results are delivered when one message cannot be", async () => {
    const second = Promise.withResolvers<void>();
    const tell = () => {
      second.resolve();
      return Promise.reject(new Error("the caller is gone"));
    };
    const gates = [undefined, second.promise];
    const last = await executeBatch(after(gates), [0, 1].map(call), tell);
    expect(last.map(({ at }) => at)).toEqual([1]);
  });
});
