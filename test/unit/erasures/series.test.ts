/** Random series of what merchants, operators and faults do before and during an erasure: in the end nothing of the customer is
 *  stored, and everything else is as it would be. */
import fc from "fast-check";
import { beforeEach, expect, it, vi } from "vitest";
import { verify } from "../../../scripts/archive/bundled/verify";
import { deriveRefundId } from "../../../src/domain/identity/id";
import type { EventRecord } from "../../../src/domain/transaction/event";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { CUSTOMER, DETAILS, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import { Deployment, idOf } from "../../support/erasure/deployment";
import { sourceOf } from "../../support/erasure/shard-source";
import { NOW_MS } from "../../support/examples";

const OWN = { ...CUSTOMER, details: DETAILS };
const OTHER = {
  user_id: "another",
  description: "theirs",
  metadata: { email: "them@mail.example" },
};
const KEYS = ["a1", "a2", "a3", "a4", "o1", "o2", "o3"];
const MOST_STEPS = 400;

const KINDS = ["create", "process", "settle", "decline", "cancel", "refund", "end_refund"] as const;
type Action =
  | { kind: (typeof KINDS)[number]; key: string }
  | { kind: "archive" | "give_up" | "restore" | "restart" | "hold_back" | "hand_over" };
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constantFrom(...KINDS), key: fc.constantFrom(...KEYS) }),
  },
  { weight: 3, arbitrary: fc.constant<Action>({ kind: "archive" }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Action>(
      ...(["give_up", "restore", "restart", "hold_back", "hand_over"] as const).map((kind) => ({
        kind,
      })),
    ),
  },
);
/** Between two steps: an action, a fault of the next step's calls, or nothing. */
const between = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: action },
  {
    weight: 2,
    arbitrary: fc.record({
      fails: fc.nat(8),
      when: fc.constantFrom("before" as const, "after" as const),
    }),
  },
);

let deployment: Deployment;
/** Events that were handed over before the erasure and arrive later. */
let heldBack: { name: string; events: EventRecord[] }[];
beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

const record = (key: string, answer: object, refundKey?: string) => ({
  ...{ kind: "record", answer, operation: refundKey ? "refund" : "charge", claimed_version: 2 },
  ...(refundKey && { refund_id: deriveRefundId(idOf(key), refundKey) }),
});

async function act(one: Action, isErasing: boolean): Promise<void> {
  const { nowMs } = deployment;
  deployment.nowMs += 1;
  switch (one.kind) {
    case "archive":
      return deployment.archive();
    case "give_up":
      return deployment.giveUpArchiving();
    case "restart":
      return deployment.restart();
    case "restore":
      for (const shard of deployment.shards.values()) await shard.restore(1, nowMs + 50);
      return;
    case "hold_back":
      for (const name of deployment.shards.keys()) {
        heldBack.push({ name, events: deployment.outstanding(name) });
      }
      return;
    case "hand_over":
      for (const { name, events } of heldBack.splice(0)) deployment.handOver(name, events);
      return;
    case "create":
      // What is created or refunded after the request has no personal data.
      return ignore(
        deployment.create(one.key, one.key.startsWith("a") && !isErasing ? OWN : OTHER),
      );
    case "process":
    case "cancel":
      return ignore(deployment.execute(one.key, { kind: one.kind }));
    case "settle":
      return ignore(deployment.execute(one.key, record(one.key, { kind: "done" })));
    case "decline": {
      const failure = { code: "card_declined", message: "No." };
      return ignore(deployment.execute(one.key, record(one.key, { kind: "declined", failure })));
    }
    case "refund": {
      const texts = isErasing ? { reason: null, metadata: {} } : REFUND_TEXTS;
      const request = { kind: "refund", idempotency_key: "r", amount: "1.00", ...texts };
      return ignore(deployment.execute(one.key, request));
    }
    case "end_refund":
      return ignore(deployment.execute(one.key, record(one.key, { kind: "done" }, "r")));
  }
}

/** A command about a payment that is not there, or of another state, is refused. */
async function ignore(executed: Promise<unknown>): Promise<void> {
  await executed.catch(() => undefined);
}

async function read(key: string): Promise<Transaction | undefined> {
  const result = await deployment.execute(key, { kind: "erase", user_id: "nobody" });
  if (result === "unavailable") throw new Error("not readable");
  return result.kind === "refused" ? undefined : JSON.parse(result.data);
}
const money = (transaction: Transaction | undefined) => {
  if (!transaction) return undefined;
  const { id, amount_minor, currency, status, idempotency_key, created_at, risk } = transaction;
  return { id, amount_minor, currency, status, idempotency_key, created_at, risk };
};

it("After any series of requests, faults and restarts nothing of the customer is stored, and nothing else is different", async () => {
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 10, maxLength: 40 }),
      fc.array(between, { maxLength: 30 }),
      async (before, during) => {
        deployment = new Deployment(NOW_MS);
        heldBack = [];
        vi.spyOn(Date, "now").mockImplementation(() => deployment.nowMs);
        for (const one of before) await act(one, false);
        deployment.start(CUSTOMER.user_id);
        let isDone = false;
        for (let step = 0; step < MOST_STEPS && !isDone; step += 1) {
          const one = during[step];
          if (one && "fails" in one) {
            deployment.failure = { at: deployment.calls + 1 + one.fails, when: one.when };
          } else if (one) {
            // A fault is for the calls of the step before.
            deployment.failure = undefined;
            await act(one, true);
          }
          if (step >= during.length) await endOperations();
          isDone = await deployment.step().catch(() => false);
          const { waiting } = deployment.state.find("mer_shop") ?? { waiting: 0 };
          waited += waiting;
        }
        expect(isDone).toBe(true);
        deployment.failure = undefined;
        const states = new Map<string, unknown>();
        for (const key of KEYS) states.set(key, money(await read(key)));
        for (const { name, events } of heldBack.splice(0)) deployment.handOver(name, events);
        await deployment.archive();
        deployment.restart();
        expect(deployment.placesWith(TEXTS)).toEqual([]);
        for (const key of KEYS) expect(money(await read(key))).toEqual(states.get(key));
        for (const [name, shard] of deployment.shards) {
          const { breaks } = await verify(sourceOf(shard, name));
          expect(breaks).toEqual([]);
        }
        await expectReplays();
      },
    ),
    { numRuns: 60 },
  );
  expect(waited).toBeGreaterThan(0);
});

/** Every operation gets its outcome, so that no payment has to wait. */
async function endOperations(): Promise<void> {
  for (const key of KEYS) {
    await ignore(deployment.execute(key, record(key, { kind: "done" })));
    await ignore(deployment.execute(key, record(key, { kind: "done" }, "r")));
  }
}

/** A repeated create of an erased payment is its replay, and one of another amount is refused. */
async function expectReplays(): Promise<void> {
  for (const key of KEYS) {
    const payment = await read(key);
    if (payment?.erased_at === undefined) continue;
    expect(await deployment.create(key, OWN)).toMatchObject({ kind: "done", replayed: true });
    expect(await deployment.create(key, { ...OWN, amount_minor: 7 })).toMatchObject({
      kind: "refused",
    });
    expect((await read(key))?.version).toBe(payment.version);
  }
}
