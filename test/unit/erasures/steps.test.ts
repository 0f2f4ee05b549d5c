/** The steps of an erasure over a deployment in memory, with each of its calls failing before or after it has an effect. */
import { beforeEach, expect, it, vi } from "vitest";
import { verify } from "../../../scripts/archive/bundled/verify";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { CUSTOMER, DETAILS, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import { Deployment, type Failure, idOf } from "../../support/erasure/deployment";
import { sourceOf } from "../../support/erasure/shard-source";
import { MERCHANT, NOW_MS } from "../../support/examples";

const OWN = { ...CUSTOMER, details: DETAILS };
const OTHER = {
  user_id: "another",
  description: "theirs",
  metadata: { email: "them@mail.example" },
};
const MOST_STEPS = 200;

let deployment: Deployment;
beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

function open(): void {
  deployment = new Deployment(NOW_MS);
  vi.spyOn(Date, "now").mockImplementation(() => deployment.nowMs);
}

const settled = {
  kind: "record",
  answer: { kind: "done" },
  operation: "charge",
  claimed_version: 2,
};
const refund = { kind: "refund", idempotency_key: "r", amount: "1.00", ...REFUND_TEXTS };

/** Payments of both customers, some in the archive and some not, and some in both shards. */
async function fill(): Promise<void> {
  open();
  for (const key of ["a1", "a2", "o1", "a3", "o2"]) {
    await deployment.create(key, key.startsWith("a") ? OWN : OTHER);
    await deployment.execute(key, { kind: "process" });
    await deployment.execute(key, settled);
  }
  await deployment.execute("a1", refund);
  await deployment
    .execute("a1", {
      ...settled,
      operation: "refund",
      refund_id: `re_${idOf("a1").slice(4)}_${"x".repeat(16)}`,
    })
    .catch(() => undefined);
  await deployment.archive();
  await deployment.create("a4", OWN);
  await deployment.create("o3", OTHER);
}

const KEYS = ["a2", "a3", "a4", "o1", "o2", "o3"];
async function read(key: string): Promise<Transaction> {
  const request = { kind: "erase", user_id: "nobody" };
  const result = await deployment.execute(key, request);
  if (result === "unavailable" || result.kind === "refused") throw new Error("not found");
  return JSON.parse(result.data);
}
const kept = ({ user_id, description, metadata, webhook_url, ...rest }: Transaction) => rest;

/** Steps until the erasure is complete. @returns the number of faults */
async function finish(onFault: () => void = () => {}): Promise<number> {
  let faults = 0;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    try {
      if (await deployment.step()) return faults;
    } catch (fault) {
      faults += 1;
      if (faults > 3) throw fault;
      onFault();
    }
  }
  throw new Error("the erasure does not end");
}

it("Every call of an erasure may fail, before or after it has an effect, also with everything started again, and the erasure ends", async () => {
  await fill();
  const first = deployment.calls;
  deployment.start(CUSTOMER.user_id);
  await settleRefund();
  await finish();
  const calls = deployment.calls - first;
  expect(calls).toBeGreaterThan(25);
  const failures: (Failure & { restarts: boolean })[] = Array.from({ length: calls }, (_, at) =>
    (["before", "after"] as const).map((when, half) => {
      return { at: at + 1, when, restarts: (at + half) % 2 === 0 };
    }),
  ).flat();
  for (const { at, when, restarts } of failures) {
    await fill();
    const before = new Map<string, Transaction>();
    for (const key of KEYS) before.set(key, await read(key));
    await settleRefund();
    deployment.start(CUSTOMER.user_id);
    deployment.failure = { at: deployment.calls + at, when };
    await finish(() => {
      if (restarts) deployment.restart();
    });
    const places = deployment.placesWith(TEXTS);
    expect({ at, when, restarts, places }).toEqual({ at, when, restarts, places: [] });
    for (const key of KEYS) {
      const after = await read(key);
      const earlier = before.get(key);
      if (!earlier) throw new Error("not read");
      if (key.startsWith("o")) expect(after).toEqual(earlier);
      else {
        const { version, updated_at, ...rest } = kept(earlier);
        expect(kept(after)).toMatchObject({ ...rest, version: version + 1 });
        expect(after.erased_at).toBeDefined();
      }
    }
    for (const [name, shard] of deployment.shards) {
      const { breaks } = await verify(sourceOf(shard, name));
      expect(breaks).toEqual([]);
    }
    expect(deployment.state.find(MERCHANT)).toMatchObject({ user_id: null, waiting: 0 });
    const { transactions } = deployment.counts();
    expect({ at, when, restarts, transactions }).toMatchObject({ transactions: 4 });
  }
});

/** The outcome of the refund that is under way. */
async function settleRefund(): Promise<void> {
  for (const shard of deployment.shards.values()) {
    for (const refunded of shard.journal.refunds.of(idOf("a1"))) {
      await deployment.execute("a1", {
        ...settled,
        operation: "refund",
        refund_id: refunded.refund.id,
      });
    }
  }
}
