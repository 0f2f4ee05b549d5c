/** Clocks that are set back: no wait of a shard is longer than the longest one that can be right, and nothing
 *  that was learnt in the future counts as fresh. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CaptureMethod } from "../../../src/domain/transaction/capture";
import {
  decideCancel,
  decideProcess,
} from "../../../src/domain/transaction/decisions/decide-charge";
import { decideReview } from "../../../src/domain/transaction/decisions/decide-review";
import { LeasedQuota } from "../../../src/rate-limit/leased-quota";
import { ALARM_INTERVAL_MS, nextAlarmAtMs } from "../../../src/transactions/alarm-schedule";
import { Recovery } from "../../../src/transactions/charging/recovery";
import { type Command, execute } from "../../../src/transactions/commands/command";
import { refused } from "../../../src/transactions/commands/result";
import { Journal } from "../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../src/transactions/outbox/relay";
import { WebhookDestination } from "../../../src/transactions/outbox/to-webhooks";
import { forgetRisk, RulesCache } from "../../../src/transactions/risk/rules-cache";
import { MetricsReporter } from "../../../src/webhooks/metrics-reporter";
import {
  basisOf,
  created,
  EXAMPLES,
  HOLDING,
  LIVE,
  lastEvent,
  MERCHANT,
  NOW_MS,
  RULES,
  requestOf,
  stepChange,
  taken,
} from "../../support/examples";
import { memoryStorage } from "../../support/sqlite";

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const YEAR_MS = 365 * DAY_MS;
beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  forgetRisk();
});

afterEach(() => {
  vi.useRealTimers();
});

const noLog = () => {};
describe("after a clock that was ahead is set back,", () => {
  /** A transaction in a shard whose clock was wrong. */
  function shardAt(nowMs: number, rules = RULES, capture_method: CaptureMethod = "automatic") {
    const journal = new Journal(memoryStorage().sql);
    const run = (command: Omit<Command, "traceparent">, now = nowMs) => {
      const answer = execute(
        journal,
        { ...command, traceparent: null } as Command,
        basisOf(11, rules),
        LIVE,
        now,
      );
      journal.write();
      return answer;
    };
    const transaction_id = EXAMPLES.pending.id;
    run({
      kind: "create",
      merchant_id: MERCHANT,
      transaction_id,
      idempotency_key: "order-1001",
      request: requestOf({ capture_method }),
    } as Command);
    const submitted: Command[] = [];
    const carriedOut: string[] = [];
    const takingUp = new Recovery({
      journal,
      charges: {
        underWay: 0,
        isUnderWay: () => false,
        carryOut: async ({ transaction }: { transaction: { id: string } }) => {
          carriedOut.push(transaction.id);
        },
      } as unknown as ConstructorParameters<typeof Recovery>[0]["charges"],
      relays: { drain: async () => {}, moveEarlierBook: async () => {}, storeCheckpoints: noLog },
      moveEarlierEvents: noLog,
      archive: noLog,
      submit: async (command) => {
        submitted.push(command);
        return { result: refused({ code: "unavailable" }), in_book: undefined };
      },
      log: noLog,
    });
    return { journal, run, transaction_id, takingUp, submitted, carriedOut };
  }

  it("After the clock was set back a charge without an outcome is retried at once, and its callers get a near time", () => {
    const shard = shardAt(NOW_MS + YEAR_MS);
    const { transaction_id } = shard;
    shard.run({ kind: "process", merchant_id: MERCHANT, transaction_id } as Command);
    const unknown = { kind: "unknown", reason: "" } as const;
    shard.run({ kind: "record", transaction_id, answer: unknown, claimed_version: 2 } as Command);
    expect(shard.journal.charges.nextAtMs(NOW_MS)).toBe(NOW_MS);
    const again = { kind: "process", merchant_id: MERCHANT, transaction_id } as Command;
    expect(shard.run(again, NOW_MS)).toMatchObject({ kind: "pending", retry_at_ms: NOW_MS });
    shard.takingUp.begin(NOW_MS);
    expect(shard.carriedOut).toEqual([transaction_id]);
  });

  it("After the clock was set back an authorization expires, also if its capture is declined since", () => {
    const shard = shardAt(NOW_MS + YEAR_MS, RULES, "manual");
    const { transaction_id } = shard;
    const LONGEST_MS = 30 * DAY_MS;
    const about = { merchant_id: MERCHANT, transaction_id };
    const answered = (answer: object, claimed_version: number) =>
      ({ kind: "record", transaction_id, answer, claimed_version }) as Command;
    shard.run({ kind: "process", ...about } as Command);
    shard.run(answered({ kind: "done" }, 2));
    shard.takingUp.begin(NOW_MS);
    shard.run({ kind: "capture", ...about, amount: null } as Command, NOW_MS);
    const failure = { code: "no", message: "No." };
    shard.run(answered({ kind: "declined", failure }, 4), NOW_MS);
    shard.takingUp.begin(NOW_MS + 1);
    expect(shard.submitted).toEqual([]);
    expect(shard.journal.deadlines.nextAtMs(NOW_MS + 1)).toBe(NOW_MS + 1 + LONGEST_MS);
    shard.takingUp.begin(NOW_MS + 1 + LONGEST_MS);
    expect(shard.submitted).toMatchObject([{ kind: "expire", transaction_id }]);
  });

  it("After the clock was set back a review expires after the longest time that one may be open", () => {
    const shard = shardAt(NOW_MS + YEAR_MS, HOLDING);
    const { transaction_id } = shard;
    const LONGEST_MS = 30 * DAY_MS;
    expect(shard.journal.deadlines.nextAtMs(NOW_MS)).toBe(NOW_MS);
    shard.takingUp.begin(NOW_MS);
    expect(shard.submitted).toEqual([]);
    expect(shard.journal.deadlines.nextAtMs(NOW_MS)).toBe(NOW_MS + LONGEST_MS);
    shard.takingUp.begin(NOW_MS + LONGEST_MS);
    expect(shard.submitted).toMatchObject([{ kind: "expire", transaction_id }]);
    const expired = { kind: "expire", transaction_id } as Command;
    expect(shard.run(expired, NOW_MS + LONGEST_MS - 1)).toMatchObject({ wrote: false });
    expect(shard.run(expired, NOW_MS + LONGEST_MS)).toMatchObject({
      wrote: true,
      status: "failed",
    });
  });

  it("After the clock was set back an authorization expires after the longest time that one may be open", () => {
    const shard = shardAt(NOW_MS + YEAR_MS);
    const { transaction_id, journal } = shard;
    const [transaction] = journal.eventsAfter(0, 1, 1_000).map(({ data }) => JSON.parse(data));
    const authorized = {
      ...transaction,
      status: "authorized",
      version: 2,
      capture_method: "manual",
    };
    const capture_before = new Date(NOW_MS + YEAR_MS + DAY_MS).toISOString();
    const data = { ...authorized, amount_capturable_minor: 10_050, capture_before };
    journal.append(MERCHANT, { transaction: data, events: [lastEvent(data)] }, null);
    journal.deadlines.open(transaction_id, Date.parse(capture_before));
    journal.write();
    shard.takingUp.begin(NOW_MS);
    const LONGEST_MS = 30 * DAY_MS;
    expect(journal.deadlines.nextAtMs(NOW_MS)).toBe(NOW_MS + LONGEST_MS);
    const expired = { kind: "expire", transaction_id } as Command;
    expect(shard.run(expired, NOW_MS + LONGEST_MS - 1)).toMatchObject({ wrote: false });
    expect(shard.run(expired, NOW_MS + LONGEST_MS)).toMatchObject({
      kind: "pending",
      order: { transaction: { pending_operation: { reason: "capture_expired" } } },
    });
  });

  it("After the clock was set back a shard's alarm fires for its destinations", () => {
    const times = { charge_at_ms: undefined, outboxes_at_ms: [NOW_MS + DAY_MS] };
    expect(nextAlarmAtMs(times, NOW_MS)).toBe(NOW_MS + ALARM_INTERVAL_MS);
    const paused = { ...times, outboxes_at_ms: [NOW_MS + HOUR_MS] };
    expect(nextAlarmAtMs(paused, NOW_MS)).toBe(NOW_MS + HOUR_MS);
  });

  it("After the clock was set back a destination that has failed is tried again", async () => {
    const journal = new Journal(memoryStorage().sql);
    let isDown = true;
    const outbox = new OutboxRelay(journal, {
      name: "book",
      deliver: async () => {
        if (isDown) throw new Error("down");
      },
      onFailure: noLog,
    });
    journal.append(MERCHANT, created(), null);
    journal.write();
    vi.setSystemTime(NOW_MS + DAY_MS);
    await outbox.drain(NOW_MS + DAY_MS);
    isDown = false;
    vi.setSystemTime(NOW_MS);
    await outbox.drain(NOW_MS);
    expect(outbox.backlog(NOW_MS).depth).toBe(0);
  });

  it("After the clock was set back a merchant's dispatcher that has failed is called again", async () => {
    const storage = memoryStorage();
    const journal = new Journal(storage.sql);
    journal.append(MERCHANT, created(), null);
    journal.write();
    let isDown = true;
    const accept = async () => {
      if (isDown) throw new Error("down");
      return true;
    };
    const dispatchers = new WebhookDestination(storage.sql, journal, accept, noLog);
    vi.setSystemTime(NOW_MS + DAY_MS);
    await dispatchers.deliver(journal.eventsAfter(0, 10, 10_000));
    expect(dispatchers.waiting).toBe(1);
    isDown = false;
    vi.setSystemTime(NOW_MS);
    expect(dispatchers.retryAtMs).toBe(NOW_MS);
    await dispatchers.deliver([]);
    expect(dispatchers.waiting).toBe(0);
  });

  it("After the clock was set back a merchant's rules are read again, and the new ones are kept", async () => {
    let version = 1;
    const reader = {
      risk: async () => ({
        version,
        rule_set: { version, rule_set: RULES.rule_set },
        entries: [],
      }),
      version: async () => version,
    };
    const book = new RulesCache(reader, noLog);
    vi.setSystemTime(NOW_MS + DAY_MS);
    expect((await book.get(MERCHANT)).rules?.version).toBe(1);
    version = 2;
    vi.setSystemTime(NOW_MS);
    expect((await book.get(MERCHANT)).rules?.version).toBe(2);
    expect(book.get(MERCHANT)).toMatchObject({ rules: { version: 2 } });
  });

  it("After the clock was set back a D1 that could not be read is read again", async () => {
    let isDown = true;
    const reader = {
      risk: async () => {
        if (isDown) throw new Error("down");
        return { version: 0, rule_set: undefined, entries: [] };
      },
      version: async () => 0,
    };
    const book = new RulesCache(reader, noLog);
    vi.setSystemTime(NOW_MS + DAY_MS);
    await expect(book.get(MERCHANT)).rejects.toThrow("down");
    isDown = false;
    vi.setSystemTime(NOW_MS);
    expect(await book.get(MERCHANT)).toMatchObject({ rules: undefined });
  });

  it("After the clock was set back a used-up quota is leased again, also after a failure of the keeper", async () => {
    const allowance = new LeasedQuota(MINUTE_MS);
    vi.setSystemTime(NOW_MS + DAY_MS);
    await allowance.fill(async () => ({ tokens: 0, left: 0, ends_in_ms: MINUTE_MS }));
    expect(allowance.state(NOW_MS + DAY_MS)).toBe("spent");
    expect(allowance.state(NOW_MS)).toBe("empty");
    const silent = new LeasedQuota(MINUTE_MS);
    await silent.fill(() => Promise.reject(new Error("dead")));
    expect(silent.state(NOW_MS + DAY_MS)).toBe("unwatched");
    expect(silent.state(NOW_MS)).toBe("empty");
  });

  it("A dispatcher writes its counts to D1 again after its clock is set back", async () => {
    const written: number[] = [];
    const counts = [{ name: "attempts", labels: "", value: 1 }];
    const telling = new MetricsReporter(
      () => counts,
      async ([count]) => void written.push(count?.value ?? 0),
      noLog,
    );
    await telling.report(NOW_MS + DAY_MS);
    counts[0] = { name: "attempts", labels: "", value: 2 };
    await telling.report(NOW_MS);
    expect(written).toEqual([1, 2]);
  });
});

describe("a transaction whose clock steps back", () => {
  it("A transaction's times never go back when the clock steps back, nor do those of its review", () => {
    const back = NOW_MS - DAY_MS;
    const claimed = taken(decideProcess(EXAMPLES.pending, LIVE, back));
    expect(claimed).toMatchObject({
      change: { transaction: { updated_at: EXAMPLES.pending.updated_at } },
    });
    const decided = taken(
      decideReview(EXAMPLES.held, { decision: "approve", reviewer: null, note: null }, back),
    );
    const cancelled = stepChange(taken(decideCancel(EXAMPLES.held, LIVE, back)));
    for (const change of [decided, cancelled]) {
      const { transaction, events } = change ?? { transaction: EXAMPLES.pending, events: [] };
      expect(transaction.review?.decided_at).toBe(transaction.updated_at);
      expect(transaction.updated_at >= transaction.created_at).toBe(true);
      for (const event of events) expect(event.created_at >= transaction.created_at).toBe(true);
    }
  });
});
