/** Crashes of a transaction's object at every wait of an operation: each ends once, under one key, and without a new
 *  request. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { deriveRefundId } from "../../../src/domain/identity/id";
import type { Refund } from "../../../src/domain/transaction/refund";
import { processorDid, processorSaw } from "../../support/api";
import { until } from "../../support/eventually";
import { addressOf, expire, parsed, requestOf } from "../../support/money";
import { bookRows, eventTypes, ownerOf, ringUntil, shop } from "../../support/owner";

/** Stops the object at once, as a crash would: nothing in memory survives. */
async function crash(id: string): Promise<void> {
  await runInDurableObject(ownerOf(id), (_, state) => state.abort("crash")).catch(() => {});
}

type Operation = {
  /** The path of the processor. */
  path: string;
  /** The name of the steps in the payment's metadata. */
  steps: string;
  /** What is done before. */
  before: (id: string) => Promise<unknown>;
  /** Asks for the operation. */
  ask: (id: string) => Promise<unknown>;
  key: (id: string) => string;
  ends: { status: string; done: string; types: string[] };
};

const process = (id: string) => shop.process(id);
const OPERATIONS: Record<string, Operation> = {
  authorize: {
    path: "/authorizations",
    steps: "processor",
    before: async () => {},
    ask: process,
    key: (id) => id,
    ends: { status: "authorized", done: "authorize", types: ["transaction.authorized"] },
  },
  capture: {
    path: "/captures",
    steps: "processor_capture",
    before: process,
    ask: (id) => ownerOf(id).capture(addressOf(id), { amount: "4.00" }),
    key: (id) => `${id}:capture:4`,
    ends: { status: "completed", done: "capture", types: ["transaction.captured"] },
  },
  void: {
    path: "/voids",
    steps: "processor_void",
    before: process,
    ask: (id) => ownerOf(id).cancel(addressOf(id)),
    key: (id) => `${id}:void:4`,
    ends: { status: "cancelled", done: "void", types: ["transaction.voided"] },
  },
  "void after the expiry": {
    path: "/voids",
    steps: "processor_void",
    before: process,
    ask: (id) => expire(id),
    key: (id) => `${id}:void:4`,
    ends: { status: "cancelled", done: "void", types: ["transaction.capture_expired"] },
  },
  refund: {
    path: "/refunds",
    steps: "refund",
    before: async (id) => {
      await process(id);
      await ownerOf(id).capture(addressOf(id), { amount: null });
    },
    ask: async (id) => {
      const { metadata } = await shop.find(id);
      const fields = { metadata: { processor: metadata.refund ?? "" } };
      return ownerOf(id).refund(addressOf(id), requestOf("r", "3.00", fields));
    },
    key: (id) => deriveRefundId(id, "r"),
    ends: {
      status: "completed",
      done: "refund",
      types: ["refund.created", "refund.succeeded"],
    },
  },
};

/** Where the object is when it crashes, and how often the processor is called then. */
const CRASHES = {
  "between claim and call": { steps: "settle", calls: 0 },
  "during the call": { steps: "hang,settle", calls: 1 },
  "between call and record": { steps: "slow", calls: 1 },
} as const;

describe.each(Object.entries(OPERATIONS))("a crash of the owner during: %s", (_, operation) => {
  it.each(Object.entries(CRASHES))("%s", async (_name, { steps, calls }) => {
    const { path, before, ask, key, ends } = operation;
    const metadata = { [operation.steps]: steps };
    const { id } = await shop.created({ capture_method: "manual", metadata });
    await before(id);
    const release = calls === 0 ? blockCalls(path, key(id)) : () => {};
    const answer = ask(id).catch(() => undefined);
    if (calls === 0) await until(async () => (await isClaimed(id)) && blocked === 1);
    else await until(async () => (await processorSaw(key(id))).charges === 1);
    await crash(id);
    await answer;
    release();
    await ringUntil(id, ends.status, async () => {
      expect((await eventTypes(id)).slice(-1)).toEqual(ends.types.slice(-1));
    });
    const seen = await processorSaw(key(id));
    expect([seen.charges, seen.calls >= 1]).toEqual([1, true]);
    const { done, violations } = await processorDid(id);
    expect([done[ends.done as keyof typeof done], violations]).toEqual([1, []]);
    const types = await eventTypes(id);
    expect(types.slice(-ends.types.length)).toEqual(ends.types);
    expect(new Set(types.filter((type) => type.startsWith("refund"))).size).toBe(
      ends.done === "refund" ? 2 : 0,
    );
    expect((await bookRows(id)).transactions[0]).toMatchObject({ status: ends.status });
    if (ends.done !== "refund") return;
    const reply = await ownerOf(id).findRefund(addressOf(id), key(id));
    expect(parsed<Refund>(reply)).toMatchObject({ status: "succeeded", amount_minor: 300 });
    expect((await shop.find(id)).amount_refunded_minor).toBe(300);
  });
});

/** Whether the last event of a transaction claims an operation. */
async function isClaimed(id: string): Promise<boolean> {
  const last = (await eventTypes(id)).at(-1) ?? "";
  return ["transaction.processing", "refund.created"].includes(last);
}

let blocked = 0;
/** The next call to the processor under a path and a key never leaves. @returns what ends that */
function blockCalls(path: string, key: string): () => void {
  const real = globalThis.fetch;
  blocked = 0;
  globalThis.fetch = (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    const isCall = url.endsWith(path) && String(init?.body).includes(key);
    if (!isCall || blocked > 0) return real(input, init);
    blocked += 1;
    return new Promise(() => {});
  };
  return () => {
    globalThis.fetch = real;
  };
}
