/** The table of statuses and actions, and any walk through it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideCreate } from "../../../../../src/domain/transaction/decisions/decide-create";
import { EVENT_TYPES, type Event } from "../../../../../src/domain/transaction/event";
import {
  ACTIONS,
  nextStatus,
  STATUSES,
  type Status,
} from "../../../../../src/domain/transaction/status";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import { basisOf, frozen, HOLDING, NOW_MS, RULES, requestOf } from "../../../../support/examples";
import { APPROVED, COMMANDS, decide, EXPIRED_MS } from "../../../../support/transaction-decisions";

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
  ["processing authorize", "authorized"],
  ["processing release", "cancelled"],
  ["processing restore", "authorized"],
  ["processing require_action", "requires_action"],
  ["requires_action resume", "processing"],
  ["requires_action void", "processing"],
  ["authorized capture", "processing"],
  ["authorized void", "processing"],
  ["completed refund", "completed"],
  ["completed dispute", "completed"],
]);
describe("a transaction's status", () => {
  for (const from of STATUSES) {
    for (const action of ACTIONS) {
      const to = ALLOWED.get(`${from} ${action}`);
      it(to ? `moves from ${from} to ${to} on ${action}` : `refuses ${action} when ${from}`, () => {
        expect(nextStatus(from, action)).toBe(to);
      });
    }
  }

  it("A transaction has one of eight statuses, and seventeen actions change it", () => {
    expect(STATUSES.join(" ")).toBe(
      "pending review processing requires_action authorized completed failed cancelled",
    );
    expect(ACTIONS.join(" ")).toBe(
      "submit block hold approve reject cancel settle decline authorize capture void release restore require_action resume refund dispute",
    );
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

  it("Any sequence of commands stays inside the table, has at most one outcome and gives events without gaps", () => {
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
    return !ACTIONS.some((action) => (ALLOWED.get(`${status} ${action}`) ?? status) !== status);
  }
});
