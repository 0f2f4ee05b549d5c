/** The transaction: its table of moves, every decision about it, and the story its events tell. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENT_TYPES, type Event } from "../../src/domain/event";
import { deriveTransactionId } from "../../src/domain/id";
import { ACTIONS, nextStatus, STATUSES, type Status } from "../../src/domain/status";
import {
  type ChargeResult,
  type CreateCommand,
  createAnswerVersion,
  decideCancel,
  decideCreate,
  decideOutcome,
  decideProcess,
  decideRepeatedCreate,
  type Transaction,
} from "../../src/domain/transaction";
import {
  created,
  DECLINED,
  EXAMPLE_NAMES,
  EXAMPLES,
  type Example,
  frozen,
  MERCHANT,
  NOW_MS,
  RULES,
  requestOf,
  signalsOf,
  taken,
} from "./examples";

const ALLOWED = new Map<string, Status>([
  ["pending submit", "processing"],
  ["pending block", "failed"],
  ["pending cancel", "cancelled"],
  ["processing settle", "completed"],
  ["processing decline", "failed"],
]);
const SETTLED: ChargeResult = { kind: "settled" };
const A_DECLINE: ChargeResult = { kind: "declined", failure: DECLINED };
const LATER_MS = NOW_MS + 1_234;
const later = new Date(LATER_MS).toISOString();

describe("a transaction's status", () => {
  for (const from of STATUSES) {
    for (const action of ACTIONS) {
      const to = ALLOWED.get(`${from} ${action}`);
      it(to ? `moves from ${from} to ${to} on ${action}` : `refuses ${action} when ${from}`, () => {
        expect(nextStatus(from, action)).toBe(to);
      });
    }
  }

  it("is one of five, and five actions move it", () => {
    expect(STATUSES).toEqual(["pending", "processing", "completed", "failed", "cancelled"]);
    expect(ACTIONS).toEqual(["submit", "block", "cancel", "settle", "decline"]);
  });
});

describe("creating", () => {
  const command: CreateCommand = frozen({
    merchant_id: MERCHANT,
    idempotency_key: "order-1001",
    request: requestOf(),
  });

  it("makes a pending transaction of everything that was asked", () => {
    const change = decideCreate(command, signalsOf(), RULES, NOW_MS);
    expect(change.transaction).toEqual({
      id: deriveTransactionId(MERCHANT, "order-1001"),
      idempotency_key: "order-1001",
      user_id: "user_1",
      amount: 100.5,
      amount_minor: 10_050,
      currency: "USD",
      status: "pending",
      fraud_score: 0,
      risk: { decision: "approve", reasons: [] },
      failure: null,
      description: "Books",
      metadata: { order: "1001", shelf: "b" },
      webhook_url: "https://shop.example/hook",
      version: 1,
      created_at: "2026-11-22T21:00:00.000Z",
      updated_at: "2026-11-22T21:00:00.000Z",
    });
    expect(change.events).toEqual([
      {
        id: `evt_${change.transaction.id.slice(4)}_1`,
        type: "transaction.created",
        sequence: 1,
        transaction_id: change.transaction.id,
        created_at: "2026-11-22T21:00:00.000Z",
        data: change.transaction,
      },
    ]);
  });

  it.each([
    ["USD", 10_050, 100.5],
    ["USD", 1, 0.01],
    ["JPY", 10_050, 10_050],
    ["KWD", 10_050, 10.05],
    ["USD", 999_999_999_999_999, 9_999_999_999_999.99],
  ])("shows people %s %i minor units as %d", (currency, amount_minor, amount) => {
    expect(created({ currency, amount_minor }).transaction.amount).toBe(amount);
  });

  it("tells of a blocked payment in two events, first pending and then failed", () => {
    const { transaction, events } = created({ amount_minor: 1_000_001 }, LATER_MS);
    expect(transaction).toMatchObject({
      status: "failed",
      version: 2,
      fraud_score: 70,
      risk: { decision: "block" },
      failure: { code: "risk_blocked" },
      created_at: later,
      updated_at: later,
    });
    expect(transaction.failure?.message).not.toBe("");
    expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ["transaction.created", 1],
      ["transaction.failed", 2],
    ]);
    expect(events[0]?.data).toEqual({
      ...transaction,
      status: "pending",
      failure: null,
      version: 1,
    });
    expect(events[1]?.data).toEqual(transaction);
  });

  it("keeps an approved payment's reasons too", () => {
    const { transaction } = created({ amount_minor: 500_001 });
    expect(transaction).toMatchObject({ status: "pending", fraud_score: 40, version: 1 });
    expect(transaction.risk.reasons.map(({ rule }) => rule)).toEqual(["amount_above_threshold"]);
  });

  it("is decided by nothing but what it is given", () => {
    const again = () => JSON.stringify(decideCreate(command, signalsOf(3), RULES, NOW_MS));
    expect(again()).toBe(again());
  });
});

describe("creating again under the same key", () => {
  it.each(EXAMPLE_NAMES)("accepts the same request when the transaction is %s", (name) => {
    const amount_minor = EXAMPLES[name].amount_minor;
    expect(decideRepeatedCreate(EXAMPLES[name], requestOf({ amount_minor }))).toEqual({
      ok: true,
      value: null,
    });
  });

  it.each(EXAMPLE_NAMES)("refuses another request when it is %s, naming the fields", (name) => {
    const request = requestOf({ amount_minor: 7, metadata: {}, user_id: "user_2" });
    expect(decideRepeatedCreate(EXAMPLES[name], request)).toEqual({
      ok: false,
      refusal: { code: "idempotency_key_reused", fields: ["user_id", "amount", "metadata"] },
    });
  });

  it("is answered with the version that the first create was answered with", () => {
    const versions = EXAMPLE_NAMES.map((name) => [name, createAnswerVersion(EXAMPLES[name])]);
    expect(Object.fromEntries(versions)).toEqual({
      pending: 1,
      processing: 1,
      completed: 1,
      declined: 1,
      blocked: 2,
      cancelled: 1,
    });
  });
});

/** What must come of a command: the status it leads to, nothing, waiting, or the refused action. */
type Expected = Status | "nothing" | "await" | `refuses ${string}`;
const DECISIONS: Record<string, Record<Example, Expected>> = {
  process: {
    pending: "processing",
    processing: "await",
    completed: "nothing",
    declined: "nothing",
    blocked: "refuses submit",
    cancelled: "refuses submit",
  },
  cancel: {
    pending: "cancelled",
    processing: "refuses cancel",
    completed: "refuses cancel",
    declined: "refuses cancel",
    blocked: "refuses cancel",
    cancelled: "nothing",
  },
  "record a settled charge of": {
    pending: "refuses settle",
    processing: "completed",
    completed: "nothing",
    declined: "nothing",
    blocked: "refuses settle",
    cancelled: "refuses settle",
  },
  "record a declined charge of": {
    pending: "refuses decline",
    processing: "failed",
    completed: "nothing",
    declined: "nothing",
    blocked: "refuses decline",
    cancelled: "refuses decline",
  },
};

/** A command's decision in one form for all of them. */
function decide(command: string, transaction: Transaction, nowMs: number) {
  const nothing = { ok: true, value: null } as const;
  switch (command) {
    case "process": {
      const decided = decideProcess(transaction, nowMs);
      if (!decided.ok) return decided;
      if (decided.value.step === "claim") return { ok: true, value: decided.value.change } as const;
      return decided.value.step === "await" ? ("await" as const) : nothing;
    }
    case "cancel":
      return decideCancel(transaction, nowMs);
    case "record a settled charge of":
      return decideOutcome(transaction, SETTLED, nowMs);
    default:
      return decideOutcome(transaction, A_DECLINE, nowMs);
  }
}

describe("a decision", () => {
  for (const [command, row] of Object.entries(DECISIONS)) {
    for (const name of EXAMPLE_NAMES) {
      const expected = row[name];
      const transaction = EXAMPLES[name];
      const title = `to ${command} a ${name} transaction`;

      if (expected === "await" || expected === "nothing") {
        const does = expected === "await" ? "waits for the charge under way" : "changes nothing";
        it(`${title} ${does}`, () => {
          const outcome = expected === "await" ? "await" : { ok: true, value: null };
          expect(decide(command, transaction, LATER_MS)).toEqual(outcome);
        });
      } else if (expected.startsWith("refuses")) {
        it(`${title} is refused with its status and the action`, () => {
          const [, action] = expected.split(" ");
          const { status } = transaction;
          const refusal = { code: "illegal_transition", status, action };
          expect(decide(command, transaction, LATER_MS)).toEqual({ ok: false, refusal });
        });
      } else {
        it(`${title} makes it ${expected} and tells it in one event`, () => {
          const decided = decide(command, transaction, LATER_MS);
          if (decided === "await" || !decided.ok || !decided.value) throw new Error("no change");
          const isDecline = command === "record a declined charge of";
          const next: Transaction = {
            ...transaction,
            status: expected as Status, // Neither of the two words above.
            failure: isDecline ? DECLINED : null,
            version: transaction.version + 1,
            updated_at: later,
          };
          expect(decided.value.transaction).toEqual(next);
          expect(decided.value.events).toEqual([
            {
              id: `evt_${transaction.id.slice(4)}_${next.version}`,
              type: `transaction.${expected}`,
              sequence: next.version,
              transaction_id: transaction.id,
              created_at: later,
              data: next,
            },
          ]);
        });
      }
    }
  }

  it("never makes an event older than the one before it, though the clock steps back", () => {
    const earlier = NOW_MS - 86_400_000;
    const claim = taken(decideProcess(EXAMPLES.pending, earlier));
    if (claim.step !== "claim") throw new Error("not claimed");
    const { transaction, events } = claim.change;
    expect(transaction.updated_at).toBe(EXAMPLES.pending.updated_at);
    expect(events[0]?.created_at).toBe(EXAMPLES.pending.updated_at);
  });
});

/** A transaction's whole life under commands in any order, against the table and a count. */
describe("any sequence of commands", () => {
  const commands = fc.record({
    command: fc.constantFrom(...Object.keys(DECISIONS)),
    stepMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: -100_000, max: 0 })),
  });
  const lives = fc.record({
    amount_minor: fc.constantFrom(1, 500_001, 1_000_000, 1_000_001),
    count: fc.integer({ min: 1, max: 20 }),
    steps: fc.array(commands, { maxLength: 25 }),
  });

  it("stays inside the table, has at most one outcome and tells it all without gaps", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(lives, ({ amount_minor, count, steps }) => {
        const request = requestOf({ amount_minor });
        const command = { merchant_id: MERCHANT, idempotency_key: "k", request };
        let nowMs = NOW_MS;
        const first = decideCreate(command, signalsOf(count), RULES, nowMs);
        let transaction = frozen(first.transaction);
        const events: Event[] = [...first.events];
        for (const step of steps) {
          nowMs += step.stepMs;
          const decided = decide(step.command, transaction, nowMs);
          if (decided === "await" || !decided.ok || !decided.value) continue;
          transaction = frozen(decided.value.transaction);
          events.push(...decided.value.events);
        }
        seen.add(events.map(({ data }) => data.status).join(" "));
        expectTold(events, transaction);
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual([
      "pending",
      "pending cancelled",
      "pending failed",
      "pending processing",
      "pending processing completed",
      "pending processing failed",
    ]);
  });

  function expectTold(events: Event[], transaction: Transaction): void {
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.data).toEqual(transaction);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.filter(({ data }) => isFinal(data.status)).length).toBeLessThanOrEqual(1);
    for (const [index, event] of events.entries()) {
      const { data } = event;
      const before = events[index - 1];
      expect(EVENT_TYPES).toContain(event.type);
      expect(event.type).toBe(
        data.status === "pending" ? "transaction.created" : `transaction.${data.status}`,
      );
      expect([data.version, data.id]).toEqual([event.sequence, event.transaction_id]);
      expect(data.created_at).toBe(transaction.created_at);
      expect(data.failure !== null).toBe(data.status === "failed");
      expect(event.created_at).toBe(data.updated_at);
      if (!before) continue;
      expect([...ALLOWED]).toContainEqual([
        expect.stringMatching(`^${before.data.status} `),
        data.status,
      ]);
      expect(event.created_at >= before.created_at).toBe(true);
    }
  }

  function isFinal(status: Status): boolean {
    return !ACTIONS.some((action) => ALLOWED.has(`${status} ${action}`));
  }
});
