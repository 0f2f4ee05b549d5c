/** Clocks that step: whatever was written down or is remembered, no wait is longer than the longest one that
 *  can be right, and nothing learnt in the future is taken for fresh. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ageMs, ClockWatch, dueAtMs, isDue } from "../../../../src/domain/time/clock";
import { decideCancel, decideProcess } from "../../../../src/domain/transaction/decide-charge";
import { decideReview } from "../../../../src/domain/transaction/decide-review";
import { LeasedQuota } from "../../../../src/rate-limit/leased-quota";
import { ALARM_INTERVAL_MS, nextAlarmAtMs } from "../../../../src/transactions/alarm-schedule";
import { Recovery } from "../../../../src/transactions/charging/recovery";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { WebhookDestination } from "../../../../src/transactions/outbox/to-webhooks";
import { forgetRisk, RulesCache } from "../../../../src/transactions/risk/rules-cache";
import { VelocityCounter } from "../../../../src/velocity/velocity-counter";
import { WebhookCounters } from "../../../../src/webhooks/metrics";
import { MetricsReporter } from "../../../../src/webhooks/metrics-reporter";
import { Deliveries } from "../../../../src/webhooks/store/deliveries";
import { Endpoints } from "../../../../src/webhooks/store/endpoints";
import { Retention } from "../../../../src/webhooks/store/retention";
import { migrateWebhooks } from "../../../../src/webhooks/store/schema";
import {
  basisOf,
  created,
  EXAMPLES,
  HOLDING,
  MERCHANT,
  NOW_MS,
  RULES,
  requestOf,
  taken,
} from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

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

describe("a wait", () => {
  it.each([
    ["that is over", -1, true],
    ["that ends now", 0, true],
    ["that goes on", 1, false],
    ["as long as the longest", 100, false],
    ["longer than the longest, which a clock that was ahead wrote down", 101, true],
  ])("%s is due or not", (_, waitMs, due) => {
    expect(isDue(NOW_MS + waitMs, NOW_MS, 100)).toBe(due);
    const at = due ? Math.min(NOW_MS + waitMs, NOW_MS) : NOW_MS + waitMs;
    expect(dueAtMs(NOW_MS + waitMs, NOW_MS, 100)).toBe(at);
  });

  it("has no known age when it began in the future", () => {
    expect([ageMs(NOW_MS - 5, NOW_MS), ageMs(NOW_MS, NOW_MS)]).toEqual([5, 0]);
    expect(ageMs(NOW_MS + 1, NOW_MS)).toBe(Number.POSITIVE_INFINITY);
  });

  it("is doubted at first, and each time the clock has gone back", () => {
    const clock = new ClockWatch();
    const seen = [5, 5, 6, 4, 4, 7].map((now) => clock.hasGoneBack(now));
    expect(seen).toEqual([true, false, false, true, false, false]);
  });
});

describe("after a clock that was ahead is set back,", () => {
  /** A transaction in a shard that was told the wrong time. */
  function shardAt(nowMs: number, rules = RULES) {
    const journal = new Journal(memoryStorage().sql);
    const run = (command: Omit<Command, "traceparent">, now = nowMs) => {
      const answer = execute(
        journal,
        { ...command, traceparent: null } as Command,
        basisOf(11, rules),
        "live",
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
      request: requestOf(),
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
      submit: async (command) => submitted.push(command),
      log: noLog,
    });
    return { journal, run, transaction_id, takingUp, submitted, carriedOut };
  }

  it("a charge without an outcome is asked about at once, and its callers are told a time that is near", () => {
    const shard = shardAt(NOW_MS + YEAR_MS);
    const { transaction_id } = shard;
    shard.run({ kind: "process", merchant_id: MERCHANT, transaction_id } as Command);
    const unknown = { kind: "unknown", reason: "" } as const;
    shard.run({ kind: "record", transaction_id, answer: unknown } as Command);
    expect(shard.journal.charges.nextAtMs(NOW_MS)).toBe(NOW_MS);
    const again = { kind: "process", merchant_id: MERCHANT, transaction_id } as Command;
    expect(shard.run(again, NOW_MS)).toMatchObject({ kind: "pending", retry_at_ms: NOW_MS });
    shard.takingUp.begin(NOW_MS);
    expect(shard.carriedOut).toEqual([transaction_id]);
  });

  it("a review expires after the longest time that one may be open, and not a year later", () => {
    const shard = shardAt(NOW_MS + YEAR_MS, HOLDING);
    const { transaction_id } = shard;
    const LONGEST_MS = 30 * DAY_MS;
    expect(shard.journal.reviews.nextAtMs(NOW_MS)).toBe(NOW_MS);
    shard.takingUp.begin(NOW_MS);
    expect(shard.submitted).toEqual([]);
    expect(shard.journal.reviews.nextAtMs(NOW_MS)).toBe(NOW_MS + LONGEST_MS);
    shard.takingUp.begin(NOW_MS + LONGEST_MS);
    expect(shard.submitted).toMatchObject([{ kind: "expire", transaction_id }]);
    const expired = { kind: "expire", transaction_id } as Command;
    expect(shard.run(expired, NOW_MS + LONGEST_MS - 1)).toMatchObject({ wrote: false });
    expect(shard.run(expired, NOW_MS + LONGEST_MS)).toMatchObject({
      wrote: true,
      status: "failed",
    });
  });

  it("a shard wakes up for its destinations", () => {
    const times = { charge_at_ms: undefined, outboxes_at_ms: [NOW_MS + DAY_MS] };
    expect(nextAlarmAtMs(times, NOW_MS)).toBe(NOW_MS + ALARM_INTERVAL_MS);
    const paused = { ...times, outboxes_at_ms: [NOW_MS + HOUR_MS] };
    expect(nextAlarmAtMs(paused, NOW_MS)).toBe(NOW_MS + HOUR_MS);
  });

  it("a destination that has failed is tried again", async () => {
    const journal = new Journal(memoryStorage().sql);
    let isDown = true;
    const outbox = new OutboxRelay(journal, {
      name: "book",
      deliver: async () => {
        if (isDown) throw new Error("down");
      },
      wait_ms: 1_000,
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

  it("a merchant's dispatcher that has failed is asked again", async () => {
    const storage = memoryStorage();
    const journal = new Journal(storage.sql);
    journal.append(MERCHANT, created(), null);
    journal.write();
    let isDown = true;
    const accept = async () => {
      if (isDown) throw new Error("down");
    };
    const dispatchers = new WebhookDestination(storage.sql, journal.backoffs, accept, noLog);
    vi.setSystemTime(NOW_MS + DAY_MS);
    await dispatchers.deliver(journal.eventsAfter(0, 10, 10_000));
    expect(dispatchers.waiting).toBe(1);
    isDown = false;
    vi.setSystemTime(NOW_MS);
    expect(dispatchers.retryAtMs).toBe(NOW_MS);
    await dispatchers.deliver([]);
    expect(dispatchers.waiting).toBe(0);
  });

  it("a merchant's rules are read again, and the new ones are kept", async () => {
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

  it("a D1 that has failed to say the rules is asked again", async () => {
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

  it("a used-up quota is asked about again, and so is a keeper that did not answer", async () => {
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

  it("D1 is told again what a dispatcher counts", async () => {
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

describe("a dispatcher whose clock was ahead and is set back", () => {
  const AHEAD_MS = NOW_MS + YEAR_MS;
  function dispatcher() {
    const { sql, transactionSync } = memoryStorage();
    migrateWebhooks(sql);
    const counters = new WebhookCounters(sql, true);
    const endpoints = new Endpoints(sql, counters);
    const deliveries = new Deliveries(sql, counters);
    const sweeping = new Retention(sql, endpoints, deliveries, counters, noLog);
    endpoints.add({
      id: "whe_1",
      url: "https://shop.example/",
      description: null,
      events: ["*"],
      enabled: true,
      disabled_reason: null,
      failing_since: null,
      created_at: NOW_MS,
    });
    const add = (id: string, nowMs: number) =>
      deliveries.add(
        {
          id,
          endpoint_id: "whe_1",
          message_id: id,
          event_type: "transaction.created",
          transaction_id: null,
          url: "https://shop.example/",
          happened_at: nowMs,
          traceparent: null,
        },
        "{}",
        nowMs,
      );
    const sweep = (nowMs: number) => transactionSync(() => sweeping.sweep(nowMs));
    return { sql, endpoints, deliveries, sweeping, add, sweep };
  }
  const result = { status_code: 500, error: "http_status", duration_ms: 1 } as const;

  it("makes attempts, ends leases and ends rests that it would hold up", () => {
    const { endpoints, deliveries, add, sweep } = dispatcher();
    for (const id of ["whd_due", "whd_lost", "whd_failed"]) add(id, AHEAD_MS);
    deliveries.send("whe_1", 2, AHEAD_MS);
    deliveries.finishAttempt("whd_due", 1, AHEAD_MS, { ...result, retry_after_ms: 0 }, AHEAD_MS);
    for (let failure = 0; failure < 10; failure++) endpoints.failed("whe_1", AHEAD_MS);
    expect(endpoints.nextCooldownEndsAtMs(NOW_MS)).toBe(NOW_MS);
    sweep(NOW_MS);
    expect(endpoints.nextCooldownEndsAtMs(NOW_MS)).toBeUndefined();
    expect(deliveries.nextAtMs(NOW_MS)).toBe(NOW_MS);
    expect(deliveries.send("whe_1", 10, NOW_MS).map(({ id }) => id)).toEqual([
      "whd_due",
      "whd_failed",
    ]);
    expect(deliveries.send("whe_1", 10, NOW_MS + 29_999)).toEqual([]);
    const lost = deliveries.send("whe_1", 10, NOW_MS + 30_000);
    expect(lost.map(({ id }) => id)).toContain("whd_lost");
  });

  it("holds waits to their own lengths when its clock is right", () => {
    const { sql, deliveries, add, sweep } = dispatcher();
    add("whd_sent", NOW_MS);
    deliveries.send("whe_1", 1, NOW_MS);
    const times = () => sql.exec("SELECT next_at, started_at FROM deliveries").toArray();
    const before = times();
    sweep(NOW_MS);
    sweep(NOW_MS - 1);
    expect(times()).toEqual([{ next_at: Number(before[0]?.next_at) - 1, started_at: NOW_MS - 1 }]);
  });

  it("keeps what has ended no longer than if it had ended now", () => {
    const { sql, deliveries, add, sweep } = dispatcher();
    add("whd_1", AHEAD_MS);
    deliveries.finish(1, "succeeded", AHEAD_MS);
    sweep(NOW_MS);
    sweep(NOW_MS + 31 * DAY_MS);
    expect(sql.exec("SELECT 1 FROM deliveries").toArray()).toEqual([]);
  });

  it("gives up what never arrives no later than if it had begun now", () => {
    const { sql, add, sweep } = dispatcher();
    add("whd_1", AHEAD_MS);
    sweep(NOW_MS);
    sweep(NOW_MS + 6 * DAY_MS);
    const [found] = sql.exec<{ status: string }>("SELECT status FROM deliveries").toArray();
    expect(found?.status).toBe("dead");
  });

  it("disables an endpoint that fails for three days from now on", () => {
    const { endpoints } = dispatcher();
    endpoints.failed("whe_1", AHEAD_MS);
    expect(endpoints.failed("whe_1", NOW_MS)).toBe(false);
    expect(endpoints.failed("whe_1", NOW_MS + 3 * DAY_MS)).toBe(true);
  });
});

describe("a velocity object whose clock was ahead and is set back", () => {
  const payment = (id: number) => ({
    transaction_id: `txn_${id}`,
    merchant_id: MERCHANT,
    subject: "customer" as const,
    value: "user_1",
    user_id: "user_1",
    currency: "USD",
    amount_minor: 100,
    measures: [],
  });
  const asked = [
    { name: "count.1m", measure: "count", window: "1m", completed_only: false } as const,
    "age_s" as const,
  ];

  it("counts what it counted then as of now, so that windows roll on", () => {
    const windows = new VelocityCounter(memoryStorage().sql);
    expect(windows.observe(payment(1), asked, NOW_MS - HOUR_MS)).toEqual([1, 0]);
    expect(windows.observe(payment(2), asked, NOW_MS + YEAR_MS)).toEqual([
      1,
      (YEAR_MS + HOUR_MS) / 1_000,
    ]);
    windows.bringBack(NOW_MS);
    expect(windows.newestAt).toBe(NOW_MS);
    expect(windows.observe(payment(3), asked, NOW_MS)).toEqual([2, HOUR_MS / 1_000]);
    expect(windows.observe(payment(4), asked, NOW_MS + MINUTE_MS)).toEqual([1, 3_660]);
  });
});

describe("a transaction whose clock steps back", () => {
  it("has times that never go back, also those of its review", () => {
    const back = NOW_MS - DAY_MS;
    const claimed = taken(decideProcess(EXAMPLES.pending, "live", back));
    expect(claimed).toMatchObject({
      change: { transaction: { updated_at: EXAMPLES.pending.updated_at } },
    });
    const decided = taken(
      decideReview(EXAMPLES.held, { decision: "approve", reviewer: null, note: null }, back),
    );
    const cancelled = taken(decideCancel(EXAMPLES.held, back));
    for (const change of [decided, cancelled]) {
      const { transaction, events } = change ?? { transaction: EXAMPLES.pending, events: [] };
      expect(transaction.review?.decided_at).toBe(transaction.updated_at);
      expect(transaction.updated_at >= transaction.created_at).toBe(true);
      for (const event of events) expect(event.created_at >= transaction.created_at).toBe(true);
    }
  });
});
