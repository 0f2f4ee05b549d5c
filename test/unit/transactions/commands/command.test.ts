/** What commands do to a shard's journal, in any order, whatever the outcome; shared charges. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { Status } from "../../../../src/domain/transaction/status";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import type { ChargeAnswer, ChargeRequest } from "../../../../src/processor/processor";
import { Charges } from "../../../../src/transactions/charging/charges";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import type { CommandResult } from "../../../../src/transactions/commands/result";
import { Counters, DURATION_BOUNDS_MS } from "../../../../src/transactions/counters";
import { Journal } from "../../../../src/transactions/journal/journal";
import { countBatch, countWritten } from "../../../../src/transactions/metrics";
import {
  basisOf,
  created,
  DECLINED,
  EXAMPLES,
  MERCHANT,
  NOW_MS,
  requestOf,
  TRACEPARENT,
} from "../../../support/examples";
import { type MemoryStorage, memoryStorage } from "../../../support/sqlite";

const SETTLED: ChargeAnswer = { kind: "settled" };
const A_DECLINE: ChargeAnswer = { kind: "declined", failure: DECLINED };
const UNKNOWN: ChargeAnswer = { kind: "unknown", reason: "no answer" };

let storage: MemoryStorage;
let journal: Journal;
beforeEach(() => {
  storage = memoryStorage();
  journal = new Journal(storage.sql);
});

const idOf = (key: string, merchant_id = MERCHANT) => deriveTransactionId(merchant_id, key);
const create = (key = "k", fields = {}): Command => ({
  kind: "create",
  traceparent: TRACEPARENT,
  transaction_id: idOf(key),
  merchant_id: MERCHANT,
  idempotency_key: key,
  request: requestOf(fields),
});
const about = (kind: "process" | "cancel", key = "k", merchant_id = MERCHANT): Command => ({
  kind,
  traceparent: TRACEPARENT,
  merchant_id,
  transaction_id: idOf(key),
});
const record = (answer: ChargeAnswer, key = "k"): Command => ({
  kind: "record",
  traceparent: TRACEPARENT,
  transaction_id: idOf(key),
  answer,
});
/** As the shard does: signals are gathered for a transaction that is not there yet. */
const decide = (command: Command, nowMs = NOW_MS): CommandResult => {
  const basis = journal.has(command.transaction_id) ? undefined : basisOf();
  return execute(journal, command, basis, "live", nowMs);
};
/** The same in a round of its own. */
const run = (command: Command, nowMs = NOW_MS): CommandResult => {
  const answer = decide(command, nowMs);
  journal.write();
  return answer;
};
const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const refusalOf = (answer: CommandResult) =>
  answer.kind === "refused" ? answer.refusal : undefined;
const parsed = (answer: CommandResult): Transaction => {
  if (answer.kind === "refused") throw new Error(answer.refusal.code);
  return JSON.parse(answer.data);
};

describe("a command", () => {
  it("creates, and is answered with the bytes that were stored", () => {
    const answer = run(create());
    expect(answer).toMatchObject({ kind: "done", replayed: false, wrote: true });
    expect(parsed(answer)).toEqual(created({}, NOW_MS, "k").transaction);
    expect(answer).toMatchObject({ data: journal.findText(idOf("k"))?.data });
  });

  it("that creates again gets the first answer's bytes, whatever became of it since", () => {
    const first = run(create());
    const again = { ...first, replayed: true, wrote: false };
    expect(run(create(), NOW_MS + 1)).toEqual(again);
    for (const next of [about("process"), record(UNKNOWN), record(A_DECLINE)]) {
      run(next, NOW_MS + 2);
      expect(run(create(), NOW_MS + 3)).toEqual(again);
    }
    expect(journal.readEvents(idOf("k"))).toHaveLength(3);
  });

  it("that creates a blocked payment again gets the blocked one", () => {
    const first = run(create("k", { amount_minor: 1_000_001 }));
    expect(parsed(first)).toMatchObject({ status: "failed", version: 2 });
    const again = run(create("k", { amount_minor: 1_000_001 }));
    expect(again).toEqual({ ...first, replayed: true, wrote: false });
  });

  it("that follows a create in its own round finds what that one made", () => {
    const inRound = (command: Command) => execute(journal, command, basisOf(), "live", NOW_MS);
    const first = inRound(create());
    expect(inRound(create())).toEqual({ ...first, replayed: true, wrote: false });
    expect(inRound(about("process"))).toMatchObject({ kind: "pending" });
    expect(refusalOf(inRound(about("cancel")))?.code).toBe("illegal_transition");
  });

  it("that creates something else under a known key is refused and writes nothing", () => {
    run(create());
    expect(refusalOf(run(create("k", { amount_minor: 1 })))).toEqual({
      code: "idempotency_key_reused",
      fields: ["amount"],
    });
    expect(journal.lastPosition).toBe(1);
  });

  it("that creates needs signals, unless the transaction exists", () => {
    expect(() => execute(journal, create(), undefined, "live", NOW_MS)).toThrow("signals");
    run(create());
    const again = execute(journal, create(), undefined, "live", NOW_MS);
    expect(again).toMatchObject({ kind: "done", replayed: true });
  });

  it.each([
    ["processes", about("process", "none")],
    ["cancels", about("cancel", "none")],
    ["records", record(SETTLED, "none")],
    ["processes another merchant's", about("process", "k", "mer_other")],
    ["cancels another merchant's", about("cancel", "k", "mer_other")],
  ])("that %s transaction finds none", (_, command) => {
    run(create());
    expect(refusalOf(run(command))).toEqual({ code: "transaction_not_found" });
    expect(journal.lastPosition).toBe(1);
  });

  it("claims a charge once; who asks meanwhile is told of the same order", () => {
    run(create());
    const claim = run(about("process"), NOW_MS + 5);
    expect(claim).toMatchObject({
      kind: "pending",
      order: { attempt: 1, transaction: { status: "processing", version: 2 } },
      retry_at_ms: NOW_MS + 5,
      wrote: true,
    });
    expect(journal.charges.find(idOf("k"))).toEqual({
      transaction_id: idOf("k"),
      attempts: 0,
      next_attempt_at_ms: NOW_MS + 5,
    });
    expect(run(about("process"), NOW_MS + 9)).toEqual({ ...claim, wrote: false });
    expect(journal.lastPosition).toBe(2);
  });

  it("asks about an unknown outcome ever later, up to five minutes, and never gives up", () => {
    run(create());
    run(about("process"));
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 12; attempt++) {
      const now = NOW_MS + attempt;
      const answer = run(record(UNKNOWN), now);
      if (answer.kind !== "pending") throw new Error(answer.kind);
      expect(answer.order.attempt).toBe(attempt + 1);
      expect(run(about("process"), now)).toEqual({ ...answer, wrote: false });
      waits.push(answer.retry_at_ms - now);
    }
    expect(waits.map((wait) => wait / 1_000)).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300,
    ]);
    expect(parsed(run(record(SETTLED)))).toMatchObject({ status: "completed", version: 3 });
    expect(journal.charges.nextAtMs(NOW_MS)).toBeUndefined();
  });

  it.each([
    ["settled", SETTLED, "completed"],
    ["declined", A_DECLINE, "failed"],
  ])("records a %s charge once; every later word changes nothing", (_, answer, status) => {
    run(create());
    run(about("process"));
    const outcome = run(record(answer), NOW_MS + 7);
    expect(outcome).toMatchObject({ kind: "done", wrote: true });
    expect(parsed(outcome).status).toBe(status);
    expect(journal.charges.find(idOf("k"))).toBeUndefined();
    for (const late of [record(SETTLED), record(A_DECLINE), record(UNKNOWN), about("process")]) {
      const word = late.kind === "record" ? late.answer : UNKNOWN;
      const isAgainst = word !== UNKNOWN && word !== answer;
      const contradicts = isAgainst ? { contradicts: true } : {};
      expect(run(late, NOW_MS + 99)).toEqual({ ...outcome, wrote: false, ...contradicts });
    }
    expect(journal.lastPosition).toBe(3);
  });

  it("cancels a pending transaction, and again without a change", () => {
    run(create());
    const cancelled = run(about("cancel"));
    expect(cancelled).toMatchObject({ kind: "done", wrote: true });
    expect(run(about("cancel"), NOW_MS + 9)).toEqual({ ...cancelled, wrote: false });
    expect(refusalOf(run(about("process")))).toEqual({
      code: "illegal_transition",
      status: "cancelled",
      action: "submit",
    });
  });

  it("is refused what the table does not allow, and opens no charge", () => {
    run(create());
    run(about("process"));
    expect(refusalOf(run(about("cancel")))).toEqual({
      code: "illegal_transition",
      status: "processing",
      action: "cancel",
    });
    run(create("blocked", { amount_minor: 1_000_001 }));
    expect(refusalOf(run(about("process", "blocked")))?.code).toBe("illegal_transition");
    expect(journal.charges.due(NOW_MS, 10)).toHaveLength(1);
  });

  it("notices a charge that was lost rather than charge again", () => {
    run(create());
    run(about("process"));
    journal.charges.close(idOf("k"));
    journal.write();
    expect(() => run(about("process"))).toThrow("without an open charge");
  });
});

describe("a journal", () => {
  it("takes up open charges by their due time, as many as asked for", () => {
    for (const [key, at] of [
      ["a", 30],
      ["b", 10],
      ["c", 20],
      ["d", 40],
    ] as const) {
      journal.charges.open(key, NOW_MS + at);
    }
    journal.write();
    const due = (now: number, limit: number) =>
      journal.charges.due(NOW_MS + now, limit).map(({ transaction_id }) => transaction_id);
    expect(due(9, 10)).toEqual([]);
    expect(due(10, 10)).toEqual(["b"]);
    expect(due(35, 10)).toEqual(["b", "c", "a"]);
    expect(due(35, 2)).toEqual(["b", "c"]);
    expect(journal.charges.nextAtMs(NOW_MS)).toBe(NOW_MS + 10);
    journal.charges.defer("b", 3, NOW_MS + 99);
    journal.charges.close("a");
    expect(journal.charges.find("b")).toMatchObject({ attempts: 3 });
    expect(journal.charges.find("a")).toBeUndefined();
    journal.write();
    expect(journal.charges.find("a")).toBeUndefined();
    expect(journal.charges.nextAtMs(NOW_MS)).toBe(NOW_MS + 20);
    expect(journal.charges.find("b")).toMatchObject({ attempts: 3 });
  });

  it("refuses a second event of the same place", () => {
    run(create());
    journal.append(MERCHANT, created({}, NOW_MS, "k"), TRACEPARENT);
    expect(() => journal.write()).toThrow();
    expect(new Journal(storage.sql).lastPosition).toBe(1);
  });

  it("writes what a round has taken down in order, however much that is", () => {
    for (const count of [1, 3, 4, 5, 11, 12, 13, 29]) {
      const first = journal.lastPosition + 1;
      const keys = Array.from({ length: count }, (_, index) => `${first + index}`);
      for (const key of keys) decide(create(key));
      expect(new Journal(storage.sql).lastPosition).toBe(first - 1);
      journal.write();
      const stored = new Journal(storage.sql);
      expect(stored.eventsAfter(first - 1, 100, 1e6)).toEqual(
        journal.eventsAfter(first - 1, 100, 1e6),
      );
      expect(keys.filter((key) => !stored.has(idOf(key)))).toEqual([]);
    }
  });

  it("finds what a round has taken down, also when memory is too small for all of it", () => {
    const long = { metadata: Object.fromEntries(times(50, (n) => [`${n}`, "x".repeat(500)])) };
    const keys = times(200, (n) => `k${n}`);
    for (const key of keys) decide(create(key, long));
    expect(keys.filter((key) => !journal.has(idOf(key)))).toEqual([]);
    expect(decide(create("k0", long))).toMatchObject({ replayed: true, wrote: false });
    expect(decide(about("process", "k0"))).toMatchObject({ kind: "pending" });
    journal.write();
    expect(new Journal(storage.sql).find(idOf("k0"))?.transaction.status).toBe("processing");
  });

  it("counts every change, and no command that faults in deciding has made one", () => {
    const changesBy = (work: () => unknown) => {
      const before = journal.changes;
      work();
      return journal.changes - before;
    };
    const commands = [create(), about("process"), record(UNKNOWN), record(SETTLED)];
    for (const command of commands) expect(changesBy(() => decide(command))).toBeGreaterThan(0);
    for (const command of commands) expect(changesBy(() => decide(command))).toBe(0);
    const undecidable = () => execute(journal, create("other"), undefined, "live", NOW_MS);
    expect(changesBy(() => expect(undecidable).toThrow())).toBe(0);
    const opened = changesBy(() => journal.reviews.open("k", NOW_MS));
    const closed = changesBy(() => journal.reviews.close("k"));
    expect([
      opened,
      closed,
      changesBy(() => journal.checkpoints.set("transaction_shards", 1)),
    ]).toEqual([1, 1, 1]);
  });

  it("finds every transaction, also when there are more than are kept in memory", () => {
    const keys = Array.from({ length: 2_100 }, (_, index) => `key ${index}`);
    storage.transactionSync(() => {
      for (const key of keys) run(create(key, { amount_minor: 1 }));
    });
    for (const key of keys) {
      const held = journal.find(idOf(key));
      if (held?.transaction.idempotency_key !== key) throw new Error(`${key} was not found`);
    }
    expect(journal.has(idOf("key 0"))).toBe(true);
    expect(run(about("process", "key 0"))).toMatchObject({ kind: "pending" });
    expect(journal.find(idOf("key 0"))?.transaction.version).toBe(2);
    run(create("last"));
  });

  it("is found again as it was left", () => {
    run(create());
    run(about("process"));
    journal.checkpoints.set("transaction_shards", 16);
    journal.checkpoints.set("transaction_shards", 4);
    const reopened = new Journal(storage.sql);
    expect(reopened.lastPosition).toBe(2);
    expect(reopened.find(idOf("k"))).toEqual(journal.find(idOf("k")));
    expect(reopened.checkpoints.get("transaction_shards")).toBe(4);
    expect(reopened.checkpoints.get("book_delivered_through")).toBeUndefined();
    expect(reopened.find(idOf("none"))).toBeUndefined();
  });
});

/** Any commands in any order, beside a model that knows only a status for each key. */
describe("any sequence of commands to a shard", () => {
  const KEYS = ["a", "b"];
  const AMOUNTS = { good: 10_050, other: 7, risky: 1_000_001 };
  const steps = fc.record({
    key: fc.constantFrom(...KEYS),
    what: fc.constantFrom(
      ...(["good", "good", "other", "risky", "process", "process", "cancel"] as const),
      ...(["settled", "declined", "unknown"] as const),
    ),
    stepMs: fc.integer({ min: -1_000, max: 5_000 }),
  });
  type Known = { status: Status; amount_minor: number; first: string; attempts: number };

  function commandOf({ key, what }: { key: string; what: string }): Command {
    switch (what) {
      case "process":
      case "cancel":
        return about(what, key);
      case "settled":
        return record(SETTLED, key);
      case "declined":
        return record(A_DECLINE, key);
      case "unknown":
        return record(UNKNOWN, key);
      default:
        return create(key, { amount_minor: AMOUNTS[what as keyof typeof AMOUNTS] });
    }
  }

  /** What the model says a command does to a known transaction; undefined when it is refused. */
  function expectedStatus({ status, amount_minor }: Known, what: string): Status | undefined {
    const isBlocked = status === "failed" && amount_minor === AMOUNTS.risky;
    switch (what) {
      case "process":
        if (status === "cancelled" || isBlocked) return undefined;
        return status === "pending" ? "processing" : status;
      case "cancel":
        return status === "pending" || status === "cancelled" ? "cancelled" : undefined;
      case "unknown":
        return status;
      case "settled":
      case "declined":
        if (status === "pending" || status === "cancelled" || isBlocked) return undefined;
        if (status !== "processing") return status;
        return what === "settled" ? "completed" : "failed";
      default:
        return AMOUNTS[what as keyof typeof AMOUNTS] === amount_minor ? status : undefined;
    }
  }

  it("keeps events, charges and answers as the model says", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40, size: "max" }), (sequence) => {
        storage = memoryStorage();
        journal = new Journal(storage.sql);
        const model = new Map<string, Known>();
        let now = NOW_MS;
        for (const step of sequence) {
          now += step.stepMs;
          const before = journal.lastPosition;
          const answer = run(commandOf(step), now);
          follow(model, step, answer, now, journal.lastPosition - before);
          for (const [key, known] of model) expectKept(key, known);
        }
      }),
      { numRuns: 200 },
    );
  });

  function follow(
    model: Map<string, Known>,
    { key, what }: { key: string; what: string },
    answer: CommandResult,
    nowMs: number,
    written: number,
  ): void {
    const known = model.get(key);
    const amount = AMOUNTS[what as keyof typeof AMOUNTS];
    if (!known) {
      if (amount === undefined) {
        expect(answer.kind).toBe("refused");
        return;
      }
      const status = amount === AMOUNTS.risky ? "failed" : "pending";
      expect([parsed(answer).status, written]).toEqual([status, status === "failed" ? 2 : 1]);
      const first = answer.kind === "done" ? answer.data : "";
      model.set(key, { status, amount_minor: amount, first, attempts: 0 });
      return;
    }
    const status = expectedStatus(known, what);
    if (status === undefined) {
      expect([answer.kind, written]).toEqual(["refused", 0]);
    } else if (amount !== undefined) {
      const replay = { kind: "done", data: known.first, replayed: true, wrote: false };
      expect([answer, written]).toMatchObject([replay, 0]);
    } else {
      expect([parsed(answer).status, written]).toEqual([status, status === known.status ? 0 : 1]);
      expect(answer.kind).toBe(status === "processing" ? "pending" : "done");
      if (what === "unknown" && status === "processing") {
        known.attempts += 1;
        const wait = Math.min(1_000 * 2 ** (known.attempts - 1), 300_000);
        expect(answer).toMatchObject({ retry_at_ms: nowMs + wait });
      }
      known.status = status;
    }
  }

  function expectKept(key: string, { status, attempts }: Known): void {
    const events = journal.readEvents(idOf(key));
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    const texts = events.map(({ data }) => data);
    expect(texts.at(-1)).toBe(journal.findText(idOf(key))?.data);
    expect(journal.find(idOf(key))?.transaction.status).toBe(status);
    const charge = journal.charges.find(idOf(key));
    expect(charge?.attempts).toBe(status === "processing" ? attempts : undefined);
    const times = events.map(({ created_at_ms }) => created_at_ms);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});

describe("charges", () => {
  type Asked = { request: ChargeRequest; answer: (given: ChargeAnswer) => void };
  let asked: Asked[];
  let recorded: [string, ChargeAnswer, number, string | null][];
  let fault: Error | undefined;
  let charges: Charges;
  beforeEach(() => {
    asked = [];
    recorded = [];
    fault = undefined;
    const processor = {
      charge: (request: ChargeRequest) =>
        new Promise<ChargeAnswer>((answer) => {
          asked.push({ request, answer });
        }),
    };
    charges = new Charges(processor, 60_000, async (id, answer, ...rest) => {
      recorded.push([id, answer, ...rest]);
      if (fault) throw fault;
      const data = `${id} ${answer.kind}`;
      return { kind: "done", data, status: "completed", replayed: false, wrote: true };
    });
  });
  const transaction = EXAMPLES.processing;
  const other = { ...transaction, id: idOf("other") };

  it("ask with the transaction's id and hand the word back to be recorded", async () => {
    const answer = charges.carryOut({ transaction, attempt: 4 }, TRACEPARENT);
    expect(asked[0]?.request).toEqual({
      idempotency_key: transaction.id,
      amount_minor: 10_050,
      currency: "USD",
      user_id: "user_1",
      metadata: transaction.metadata,
      livemode: true,
      attempt: 4,
      traceparent: TRACEPARENT,
    });
    asked[0]?.answer(SETTLED);
    expect(await answer).toMatchObject({ data: `${transaction.id} settled` });
    expect(recorded).toEqual([[transaction.id, SETTLED, 4, TRACEPARENT]]);
  });

  it("share one call among all who ask about a transaction meanwhile", async () => {
    const answers = [1, 1, 2].map((attempt) =>
      charges.carryOut({ transaction, attempt }, TRACEPARENT),
    );
    expect(charges.isUnderWay(transaction.id)).toBe(true);
    expect(asked).toHaveLength(1);
    asked[0]?.answer(A_DECLINE);
    const [first, ...rest] = await Promise.all(answers);
    expect(rest).toEqual([first, first]);
    expect(recorded).toHaveLength(1);
    expect(charges.isUnderWay(transaction.id)).toBe(false);
  });

  it("ask anew once the word is recorded, and about others at the same time", async () => {
    const one = charges.carryOut({ transaction, attempt: 1 }, TRACEPARENT);
    const two = charges.carryOut({ transaction: other, attempt: 1 }, TRACEPARENT);
    expect(asked.map(({ request }) => request.idempotency_key)).toEqual([transaction.id, other.id]);
    asked[0]?.answer(UNKNOWN);
    await one;
    expect(charges.isUnderWay(other.id)).toBe(true);
    const again = charges.carryOut({ transaction, attempt: 2 }, TRACEPARENT);
    expect(asked).toHaveLength(3);
    for (const { answer } of asked) answer(SETTLED);
    await Promise.all([two, again]);
    expect(recorded.map(([id, , attempt]) => [id, attempt])).toEqual([
      [transaction.id, 1],
      [other.id, 1],
      [transaction.id, 2],
    ]);
  });

  it("tell everyone when the word could not be recorded, and may be asked for again", async () => {
    fault = new Error("no disk");
    const answers = [1, 1].map((attempt) =>
      charges.carryOut({ transaction, attempt }, TRACEPARENT),
    );
    asked[0]?.answer(SETTLED);
    const outcomes = await Promise.allSettled(answers);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(charges.isUnderWay(transaction.id)).toBe(false);
    fault = undefined;
    const again = charges.carryOut({ transaction, attempt: 1 }, TRACEPARENT);
    asked[1]?.answer(SETTLED);
    expect(await again).toMatchObject({ kind: "done" });
  });
});

describe("a shard's counts", () => {
  let counters: Counters;
  beforeEach(() => {
    counters = new Counters(storage.sql, true);
  });

  /** What a restarted shard would know. */
  const stored = () => valuesOf(new Counters(storage.sql, true));
  const valuesOf = (of: Counters) =>
    Object.fromEntries(of.all().map(({ name, labels, value }) => [`${name} ${labels}`, value]));
  const commit = (write: () => void, nowMs = NOW_MS) => {
    try {
      storage.transactionSync(() => {
        write();
        counters.writeWithin(nowMs);
      });
      counters.committed();
    } catch {
      counters.rolledBack();
    }
  };

  it("are written with the commit they are of", () => {
    commit(() => counters.addWithin("commands", "kind=create,outcome=created"));
    expect(stored()).toEqual({ "commands kind=create,outcome=created": 1 });
    commit(() => {
      counters.addWithin("commands", "kind=create,outcome=created");
      counters.addWithin("commands", "kind=create,outcome=created");
    }, NOW_MS + 1);
    expect(stored()).toEqual({ "commands kind=create,outcome=created": 3 });
    expect(counters.isOpen).toBe(false);
  });

  it("are taken back with it", () => {
    counters.add("commands", "kind=create,outcome=replayed");
    const fails = () => {
      counters.addWithin("commands", "kind=create,outcome=created");
      counters.writeWithin(NOW_MS);
      throw new Error("no commit");
    };
    commit(fails);
    expect(stored()).toEqual({});
    expect(valuesOf(counters)).toMatchObject({
      "commands kind=create,outcome=created": 0,
      "commands kind=create,outcome=replayed": 1,
    });
    commit(() => counters.addWithin("commands", "kind=create,outcome=created"), NOW_MS + 5_000);
    expect(stored()).toMatchObject({
      "commands kind=create,outcome=created": 1,
      "commands kind=create,outcome=replayed": 1,
    });
  });

  it("of times and of many at once are taken back with it, too", () => {
    const count = () => {
      counters.addWithin("delivered_events", "destination=book", 7);
      counters.observeWithin("answer_ms", "kind=create", DURATION_BOUNDS_MS, 30);
    };
    commit(count);
    const once = {
      "delivered_events destination=book": 7,
      "answer_ms_bucket kind=create,le=50": 1,
      "answer_ms_sum kind=create": 30,
    };
    expect(stored()).toEqual(once);
    commit(() => {
      count();
      throw new Error("no commit");
    }, NOW_MS + 5_000);
    expect([stored(), valuesOf(counters)]).toEqual([once, once]);
  });

  it("of what no commit vouches for are written with one a second at most, or when asked for", () => {
    commit(() => {});
    counters.add("deliveries", "destination=book,outcome=delivered");
    commit(() => {}, NOW_MS + 999);
    expect([stored(), counters.isOpen]).toEqual([{}, true]);
    commit(() => {}, NOW_MS + 1_000);
    expect(stored()).toEqual({ "deliveries destination=book,outcome=delivered": 1 });
    counters.add("delivered_events", "destination=book", 7);
    counters.write(NOW_MS + 1_001);
    expect(stored()).toMatchObject({ "delivered_events destination=book": 7 });
    expect(counters.isOpen).toBe(false);
  });

  it("of times are in the bucket of the first bound that is not below them", () => {
    for (const tookMs of [0, 1, 2, 3, 2_500, 2_501]) {
      counters.observe("answer_ms", "kind=create", DURATION_BOUNDS_MS, tookMs);
    }
    expect(valuesOf(counters)).toEqual({
      "answer_ms_bucket kind=create,le=1": 2,
      "answer_ms_bucket kind=create,le=2": 1,
      "answer_ms_bucket kind=create,le=5": 1,
      "answer_ms_bucket kind=create,le=2500": 1,
      "answer_ms_bucket kind=create,le=+Inf": 1,
      "answer_ms_sum kind=create": 5_007,
    });
  });

  it("are not kept by an object that has one transaction", () => {
    const off = new Counters(storage.sql, false);
    off.add("commands", "kind=create,outcome=created");
    off.addWithin("commands", "kind=create,outcome=created");
    off.write(NOW_MS);
    expect([off.all(), off.isOpen, stored()]).toEqual([[], false, {}]);
  });

  it("name every command by what came of it, once", () => {
    const play = (...commands: Command[]) =>
      commit(() => {
        const settled = commands.map((command) => {
          const answer = run(command);
          countWritten(counters, command, answer);
          return { ok: true, result: answer } as const;
        });
        countBatch(counters, commands, settled);
      });
    play(create(), create("rich", { amount_minor: 1_000_001 }), create());
    play(create("rich", { amount_minor: 1_000_001 }), create("k", { amount_minor: 1 }));
    play(about("process"), about("process"), about("process", "none"));
    play(record(UNKNOWN), about("cancel"));
    play(record(SETTLED), record(SETTLED), create("c"), about("cancel", "c"), about("cancel", "c"));
    countBatch(counters, [create("d")], [{ ok: false, fault: new Error() }]);
    const counts = Object.entries(valuesOf(counters)).filter(([name]) => !name.startsWith("round"));
    expect(Object.fromEntries(counts)).toEqual({
      "commands kind=create,outcome=created": 2,
      "commands kind=create,outcome=blocked": 1,
      "commands kind=create,outcome=replayed": 2,
      "commands kind=create,outcome=conflict": 1,
      "commands kind=create,outcome=faulted": 1,
      "commands kind=process,outcome=processed": 1,
      "commands kind=process,outcome=replayed": 1,
      "commands kind=process,outcome=refused:transaction_not_found": 1,
      "commands kind=cancel,outcome=refused:illegal_transition": 1,
      "commands kind=cancel,outcome=cancelled": 1,
      "commands kind=cancel,outcome=replayed": 1,
      "charges outcome=unknown": 1,
      "charges outcome=settled": 1,
    });
    expect(valuesOf(counters)).toMatchObject({
      "round_commands_sum rounds=others": 13,
      "round_commands_sum rounds=claims": 3,
      "round_commands_bucket rounds=claims,le=4": 1,
    });
  });

  it("of open charges tell how old the oldest is, and how many are overdue", () => {
    expect(journal.charges.summarize(NOW_MS)).toEqual({ open: 0, overdue: 0, oldest_age_ms: 0 });
    for (const [key, agoMs] of [
      ["a", 60_001],
      ["b", 59_999],
      ["c", 0],
    ] as const) {
      run(create(key), NOW_MS - agoMs);
      run(about("process", key), NOW_MS - agoMs);
    }
    run(record(UNKNOWN, "b"));
    const open = { open: 3, overdue: 1, oldest_age_ms: 60_001 };
    expect(journal.charges.summarize(NOW_MS)).toEqual(open);
    run(record(SETTLED, "a"));
    expect(journal.charges.summarize(NOW_MS)).toMatchObject({ open: 2, oldest_age_ms: 59_999 });
  });
});
