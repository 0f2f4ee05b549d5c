/** The transaction: its table of moves, every decision about it, and the story its events tell. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import {
  type ChargeResult,
  decideCancel,
  decideOutcome,
  decideProcess,
} from "../../../../src/domain/transaction/decide-charge";
import {
  createResult,
  decideCreate,
  decideRepeatedCreate,
} from "../../../../src/domain/transaction/decide-create";
import { decideExpiry, decideReview } from "../../../../src/domain/transaction/decide-review";
import { EVENT_TYPES, type Event } from "../../../../src/domain/transaction/event";
import {
  ACTIONS,
  nextStatus,
  STATUSES,
  type Status,
} from "../../../../src/domain/transaction/status";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import {
  basisOf,
  created,
  DECLINED,
  EXAMPLE_NAMES,
  EXAMPLES,
  type Example,
  frozen,
  HOLDING,
  held,
  MERCHANT,
  NOW_MS,
  RULES,
  requestOf,
  taken,
} from "../../../support/examples";

const ALLOWED = new Map<string, Status>([
  ["pending submit", "processing"],
  ["pending block", "failed"],
  ["pending hold", "review"],
  ["pending cancel", "cancelled"],
  ["review approve", "pending"],
  ["review reject", "failed"],
  ["review cancel", "cancelled"],
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

  it("is one of six, and eight actions move it", () => {
    expect(STATUSES.join(" ")).toBe("pending review processing completed failed cancelled");
    expect(ACTIONS.join(" ")).toBe("submit block hold approve reject cancel settle decline");
  });
});

describe("creating", () => {
  const command = frozen({
    transaction_id: deriveTransactionId(MERCHANT, "order-1001"),
    idempotency_key: "order-1001",
    livemode: true,
    request: requestOf(),
  });

  it("makes a pending transaction of everything that was asked", () => {
    const change = decideCreate(command, basisOf(), NOW_MS);
    expect(change.transaction).toEqual({
      id: deriveTransactionId(MERCHANT, "order-1001"),
      idempotency_key: "order-1001",
      user_id: "user_1",
      amount: 100.5,
      amount_minor: 10_050,
      currency: "USD",
      status: "pending",
      livemode: true,
      fraud_score: 0,
      risk: {
        decision: "approve",
        reasons: [],
        shadow: [],
        rule_set_version: 0,
        signals: { "customer.count.24h": 1 },
      },
      failure: null,
      review: null,
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

  it("tells of a held payment in two events, first pending and then in review", () => {
    const { transaction, events } = held();
    expect(transaction).toMatchObject({
      status: "review",
      version: 2,
      fraud_score: 40,
      risk: { decision: "review" },
      failure: null,
      review: {
        status: "open",
        expires_at: "2026-11-25T21:00:00.000Z",
        expires_to: "reject",
        expired: false,
        reviewer: null,
        note: null,
        decided_at: null,
      },
    });
    expect(events.map(({ type, data }) => [type, data.status])).toEqual([
      ["transaction.created", "pending"],
      ["transaction.review_opened", "review"],
    ]);
    expect(events[0]?.data).toEqual({
      ...transaction,
      status: "pending",
      review: null,
      version: 1,
    });
  });

  it("keeps an approved payment's reasons too", () => {
    const { transaction } = created({ amount_minor: 500_001 });
    expect(transaction).toMatchObject({ status: "pending", fraud_score: 40, version: 1 });
    expect(transaction.risk.reasons.map(({ rule }) => rule)).toEqual(["amount_above_threshold"]);
  });

  it("is decided by nothing but what it is given", () => {
    const again = () => JSON.stringify(decideCreate(command, basisOf(3), NOW_MS));
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
    const answers = EXAMPLE_NAMES.map((name) => {
      const { version, status } = createResult(EXAMPLES[name]);
      return [name, `${version} ${status}`];
    });
    expect(Object.fromEntries(answers)).toEqual({
      pending: "1 pending",
      processing: "1 pending",
      completed: "1 pending",
      declined: "1 pending",
      blocked: "2 failed",
      cancelled: "1 pending",
      held: "2 review",
      approved: "2 review",
      rejected: "2 review",
      abandoned: "2 review",
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
    held: "refuses submit",
    approved: "processing",
    rejected: "refuses submit",
    abandoned: "refuses submit",
  },
  cancel: {
    pending: "cancelled",
    processing: "refuses cancel",
    completed: "refuses cancel",
    declined: "refuses cancel",
    blocked: "refuses cancel",
    cancelled: "nothing",
    held: "cancelled",
    approved: "cancelled",
    rejected: "refuses cancel",
    abandoned: "nothing",
  },
  "record a settled charge of": {
    pending: "refuses settle",
    processing: "completed",
    completed: "nothing",
    declined: "nothing",
    blocked: "refuses settle",
    cancelled: "refuses settle",
    held: "refuses settle",
    approved: "refuses settle",
    rejected: "refuses settle",
    abandoned: "refuses settle",
  },
  "record a declined charge of": {
    pending: "refuses decline",
    processing: "failed",
    completed: "nothing",
    declined: "nothing",
    blocked: "refuses decline",
    cancelled: "refuses decline",
    held: "refuses decline",
    approved: "refuses decline",
    rejected: "refuses decline",
    abandoned: "refuses decline",
  },
};

const REVIEWS: typeof DECISIONS = {
  approve: {
    pending: "refuses approve",
    processing: "refuses approve",
    completed: "refuses approve",
    declined: "refuses approve",
    blocked: "refuses approve",
    cancelled: "refuses approve",
    held: "pending",
    approved: "nothing",
    rejected: "refuses approve",
    abandoned: "refuses approve",
  },
  reject: {
    pending: "refuses reject",
    processing: "refuses reject",
    completed: "refuses reject",
    declined: "refuses reject",
    blocked: "refuses reject",
    cancelled: "refuses reject",
    held: "failed",
    approved: "refuses reject",
    rejected: "nothing",
    abandoned: "refuses reject",
  },
  expire: {
    pending: "nothing",
    processing: "nothing",
    completed: "nothing",
    declined: "nothing",
    blocked: "nothing",
    cancelled: "nothing",
    held: "failed",
    approved: "nothing",
    rejected: "nothing",
    abandoned: "nothing",
  },
};
const COMMANDS = { ...DECISIONS, ...REVIEWS };
const BY = { reviewer: "ann", note: "Known." };

/** A command's decision in one form for all of them. */
function decide(command: string, transaction: Transaction, nowMs: number) {
  const nothing = { ok: true, value: null } as const;
  switch (command) {
    case "process": {
      const decided = decideProcess(transaction, "live", nowMs);
      if (!decided.ok) return decided;
      if (decided.value.step === "claim") return { ok: true, value: decided.value.change } as const;
      return decided.value.step === "await" ? ("await" as const) : nothing;
    }
    case "cancel":
      return decideCancel(transaction, nowMs);
    case "record a settled charge of":
      return decideOutcome(transaction, SETTLED, nowMs);
    case "approve":
    case "reject":
      return decideReview(transaction, { decision: command, ...BY }, nowMs);
    case "expire":
      return decideExpiry(transaction, Date.parse(transaction.review?.expires_at ?? ""), nowMs);
    default:
      return decideOutcome(transaction, A_DECLINE, nowMs);
  }
}

const REJECTED = { code: "review_rejected", message: "This payment was rejected in review" };
const FAILURES: Record<string, Transaction["failure"]> = {
  "record a declined charge of": DECLINED,
  reject: REJECTED,
  expire: REJECTED,
};
const APPROVED = "transaction.review_approved";
const EXPIRED_MS = Date.parse("2026-11-25T21:00:00.000Z");

/** How the review ends when a held transaction moves; any other keeps the one it has. */
function reviewAfter(command: string, { status, review }: Transaction, decided_at: string) {
  if (status !== "review" || !review) return review;
  const ends: Record<string, object> = {
    approve: { status: "approved", ...BY },
    reject: { status: "rejected", ...BY },
    cancel: { status: "cancelled" },
    expire: { status: "rejected", expired: true },
  };
  return { ...review, ...ends[command], decided_at };
}

describe("a decision", () => {
  for (const [command, row] of Object.entries(COMMANDS)) {
    for (const name of EXAMPLE_NAMES) {
      const expected = row[name];
      const transaction = EXAMPLES[name];
      const title = `to ${command} a ${name} transaction`;

      if (expected === "await" || expected === "nothing") {
        const does = expected === "await" ? "waits for the charge under way" : "changes nothing";
        it(`${title} ${does}`, () => {
          const outcome = expected === "await" ? "await" : { ok: true, value: null };
          expect(decide(command, transaction, EXPIRED_MS)).toEqual(outcome);
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
          const nowMs = command === "expire" ? EXPIRED_MS : LATER_MS;
          const decided = decide(command, transaction, nowMs);
          if (decided === "await" || !decided.ok || !decided.value) throw new Error("no change");
          const at = new Date(nowMs).toISOString();
          const next: Transaction = {
            ...transaction,
            status: expected as Status, // Neither of the two words above.
            failure: FAILURES[command] ?? null,
            review: reviewAfter(command, transaction, at),
            version: transaction.version + 1,
            updated_at: at,
          };
          expect(decided.value.transaction).toEqual(next);
          expect(decided.value.events).toEqual([
            {
              id: `evt_${transaction.id.slice(4)}_${next.version}`,
              type: command === "approve" ? APPROVED : `transaction.${expected}`,
              sequence: next.version,
              transaction_id: transaction.id,
              created_at: at,
              data: next,
            },
          ]);
        });
      }
    }
  }

  it("to expire a review waits for its time to the millisecond", () => {
    expect(decide("expire", EXAMPLES.held, EXPIRED_MS - 1)).toEqual({ ok: true, value: null });
  });

  it("to expire a review may approve, where the rules say so", () => {
    const { review } = EXAMPLES.held;
    if (!review) throw new Error("not held");
    const lenient: Transaction = {
      ...EXAMPLES.held,
      review: { ...review, expires_to: "approve" },
    };
    const approved = taken(decideExpiry(lenient, EXPIRED_MS, EXPIRED_MS))?.transaction;
    expect(approved).toMatchObject({
      status: "pending",
      failure: null,
      review: { status: "approved", expired: true, reviewer: null },
    });
  });

  it("never makes an event older than the one before it, though the clock steps back", () => {
    const earlier = NOW_MS - 86_400_000;
    const claim = taken(decideProcess(EXAMPLES.pending, "live", earlier));
    if (claim.step !== "claim") throw new Error("not claimed");
    const { transaction, events } = claim.change;
    expect(transaction.updated_at).toBe(EXAMPLES.pending.updated_at);
    expect(events[0]?.created_at).toBe(EXAMPLES.pending.updated_at);
  });
});

/** A transaction's whole life under commands in any order, against the table and a count. */
describe("any sequence of commands", () => {
  const commands = fc.record({
    command: fc.constantFrom(...Object.keys(COMMANDS)),
    stepMs: fc.oneof(
      fc.constant(EXPIRED_MS - NOW_MS),
      fc.integer({ min: 0, max: 5_000 }),
      fc.integer({ min: -100_000, max: 0 }),
    ),
  });
  const lives = fc.record({
    amount_minor: fc.constantFrom(1, 500_001, 1_000_000, 1_000_001),
    rules: fc.constantFrom(RULES, HOLDING),
    count: fc.integer({ min: 1, max: 20 }),
    steps: fc.array(commands, { maxLength: 25 }),
  });

  it("stays inside the table, has at most one outcome and tells it all without gaps", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(lives, ({ amount_minor, rules, count, steps }) => {
        const request = requestOf({ amount_minor });
        const command = { transaction_id: "txn_1", idempotency_key: "k", livemode: true, request };
        let nowMs = NOW_MS;
        const first = decideCreate(command, basisOf(count, rules), nowMs);
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
      "pending review",
      "pending review cancelled",
      "pending review failed",
      "pending review pending",
      "pending review pending cancelled",
      "pending review pending processing",
      "pending review pending processing completed",
      "pending review pending processing failed",
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
      expect(event.type).toBe(typeOf(data.status, event.sequence));
      expect(data.review?.status === "open").toBe(data.status === "review");
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

  function typeOf(status: Status, sequence: number): string {
    if (status === "pending") return sequence === 1 ? "transaction.created" : APPROVED;
    return status === "review" ? "transaction.review_opened" : `transaction.${status}`;
  }

  function isFinal(status: Status): boolean {
    return !ACTIONS.some((action) => ALLOWED.has(`${status} ${action}`));
  }
});
