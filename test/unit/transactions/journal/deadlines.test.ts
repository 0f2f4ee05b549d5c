/** Deadlines in a shard's journal: open exactly as long as their transactions wait, whatever is taken back. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { ALARM_INTERVAL_MS, nextAlarmAtMs } from "../../../../src/transactions/alarm-schedule";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import type { CommandResult } from "../../../../src/transactions/commands/result";
import { countBatch, countWritten } from "../../../../src/transactions/count-commands";
import { Counters } from "../../../../src/transactions/counters";
import { Journal } from "../../../../src/transactions/journal/journal";
import { basisOf, HOLDING, LIVE, MERCHANT, NOW_MS, requestOf } from "../../../support/examples";
import { type MemoryStorage, memoryStorage } from "../../../support/sqlite";

const EXPIRY_MS = HOLDING.rule_set.review_expires_after_s * 1_000;

let storage: MemoryStorage;
let journal: Journal;
beforeEach(() => {
  storage = memoryStorage();
  journal = new Journal(storage.sql);
});

const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
const create = (key: string): Command => ({
  kind: "create",
  transaction_id: idOf(key),
  merchant_id: MERCHANT,
  idempotency_key: key,
  request: requestOf({ amount_minor: 500_001 }),
  traceparent: null,
});

const word = (decision: "approve" | "reject", key: string, merchant_id = MERCHANT): Command => ({
  kind: "review",
  merchant_id,
  transaction_id: idOf(key),
  decision,
  reviewer: "ann",
  note: null,
  traceparent: null,
});

const about = (kind: "cancel" | "process", key: string): Command => ({
  kind,
  merchant_id: MERCHANT,
  transaction_id: idOf(key),
  traceparent: null,
});

const expire = (key: string): Command => ({
  kind: "expire",
  transaction_id: idOf(key),
  traceparent: null,
});

const run = (command: Command, nowMs = NOW_MS): CommandResult =>
  execute(journal, command, basisOf(1, HOLDING), LIVE, nowMs);
const statusOf = (key: string) => journal.find(idOf(key))?.transaction.status;
const codeOf = (answer: CommandResult) =>
  answer.kind === "refused" ? answer.refusal.code : undefined;

describe("a review", () => {
  it("A review is open from the create until it is decided", () => {
    const created = run(create("a"));
    expect(created).toMatchObject({ kind: "done", status: "review", wrote: true });
    expect(journal.deadlines.nextAtMs(NOW_MS)).toBe(NOW_MS + EXPIRY_MS);
    expect(run(create("a"))).toEqual({ ...created, replayed: true, wrote: false });
    const approved = run(word("approve", "a"));
    expect(approved).toMatchObject({ kind: "done", status: "pending", wrote: true });
    expect(journal.deadlines.nextAtMs(NOW_MS)).toBeUndefined();
    expect(run(word("approve", "a"))).toEqual({ ...approved, wrote: false });
    expect(codeOf(run(word("reject", "a")))).toBe("illegal_transition");
    expect(run(create("a"))).toEqual({ ...created, replayed: true, wrote: false });
    expect(run(about("process", "a"))).toMatchObject({ kind: "pending" });
  });

  it("A review belongs to its merchant only", () => {
    run(create("a"));
    expect(codeOf(run(word("approve", "a", "mer_other")))).toBe("transaction_not_found");
    expect(codeOf(run(word("approve", "b")))).toBe("transaction_not_found");
  });

  it("Due reviews are found in order, as many as requested, and not before their time", () => {
    for (const [key, at] of [
      ["c", 3],
      ["a", 1],
      ["b", 2],
    ] as const)
      run(create(key), NOW_MS + at);
    const due = (at: number, limit = 10) => journal.deadlines.due(NOW_MS + EXPIRY_MS + at, limit);
    expect(due(0)).toEqual([]);
    expect(due(2)).toEqual(["a", "b"].map(idOf));
    expect(due(9, 2)).toEqual(["a", "b"].map(idOf));
    expect(new Journal(storage.sql).deadlines.nextAtMs(NOW_MS)).toBe(NOW_MS + EXPIRY_MS + 1);
  });

  it("A review expires once, and not when it was decided meanwhile", () => {
    for (const key of ["a", "b"]) run(create(key));
    run(word("approve", "b"));
    expect(run(expire("a"), NOW_MS + EXPIRY_MS - 1)).toMatchObject({ wrote: false });
    expect(run(expire("a"), NOW_MS + EXPIRY_MS)).toMatchObject({ wrote: true });
    expect(run(expire("a"), NOW_MS + EXPIRY_MS)).toMatchObject({ wrote: false });
    expect(run(expire("b"), NOW_MS + EXPIRY_MS)).toMatchObject({ wrote: false });
    expect([statusOf("a"), statusOf("b")]).toEqual(["failed", "pending"]);
  });

  it("A review has a row exactly while its transaction waits, after any commands", () => {
    const keys = fc.constantFrom("a", "b", "c");
    const command = fc.oneof(
      keys.map(create),
      fc.tuple(fc.constantFrom("approve", "reject"), keys).map(([says, key]) => word(says, key)),
      fc.tuple(fc.constantFrom("cancel", "process"), keys).map(([kind, key]) => about(kind, key)),
      keys.map(expire),
    );
    const steps = fc.array(fc.tuple(command, fc.integer({ min: 0, max: EXPIRY_MS })));
    fc.assert(
      fc.property(steps, (given) => {
        storage = memoryStorage();
        journal = new Journal(storage.sql);
        let nowMs = NOW_MS;
        for (const [one, stepMs] of given) {
          nowMs += stepMs;
          run(one, nowMs);
          const waiting = ["a", "b", "c"].filter((key) => statusOf(key) === "review");
          const rows = journal.deadlines.due(Number.MAX_SAFE_INTEGER, 10);
          expect(new Set(rows)).toEqual(new Set(waiting.map(idOf)));
        }
      }),
      { numRuns: 300 },
    );
  });
});

it("The alarm is set for the next review that expires", () => {
  const at = NOW_MS + EXPIRY_MS;
  const open = { charge_at_ms: undefined, outboxes_at_ms: [], deadline_at_ms: at };
  expect(nextAlarmAtMs(open, NOW_MS)).toBe(at);
  expect(nextAlarmAtMs(open, at)).toBe(at + ALARM_INTERVAL_MS);
  expect(nextAlarmAtMs({ ...open, charge_at_ms: at - 1 }, NOW_MS)).toBe(at - 1);
});

it("Reviews are counted by their outcome", () => {
  const counters = new Counters(journal.state, true);
  const play = (command: Command, nowMs = NOW_MS) => {
    const answer = run(command, nowMs);
    countWritten(counters, command, answer);
    countBatch(counters, [command], [{ ok: true, result: answer }]);
  };
  for (const key of ["a", "b"]) play(create(key));
  play(word("reject", "a"));
  play(word("reject", "a"));
  play(word("approve", "a"));
  play(expire("b"), NOW_MS + EXPIRY_MS);
  play(expire("b"), NOW_MS + EXPIRY_MS);
  const commands = counters.all().filter(({ name }) => name === "commands");
  expect(Object.fromEntries(commands.map(({ labels, value }) => [labels, value]))).toEqual({
    "kind=create,outcome=held": 2,
    "kind=review,outcome=reviewed": 1,
    "kind=review,outcome=replayed": 1,
    "kind=review,outcome=refused:illegal_transition": 1,
    "kind=expire,outcome=expired": 1,
    "kind=expire,outcome=replayed": 1,
  });
  const { transaction } = journal.find(idOf("b")) ?? {};
  const ended: Partial<Transaction> = { status: "failed", version: 3 };
  expect(transaction).toMatchObject(ended);
});
