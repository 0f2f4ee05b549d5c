/** When things happen: backoff, alarms, time limits, the pace of rounds, the drain of an outbox. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { delayMs } from "../../../../src/domain/time/backoff";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Change } from "../../../../src/domain/transaction/transition";
import { TimeoutError, withTimeout } from "../../../../src/runtime/with-timeout";
import { ALARM_INTERVAL_MS, nextAlarmAtMs } from "../../../../src/transactions/alarm-schedule";
import {
  Batcher,
  type BatchOutcome,
  type CommandOutcome,
} from "../../../../src/transactions/group-commit/batcher";
import { CommitDelay } from "../../../../src/transactions/group-commit/commit-delay";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { WebhookDestination } from "../../../../src/transactions/outbox/to-webhooks";
import { eventually } from "../../../support/eventually";
import { created, MERCHANT, NOW_MS } from "../../../support/examples";
import { type MemoryStorage, memoryStorage } from "../../../support/sqlite";

/** Everything that only waits for promises has happened after this. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function fakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ["setTimeout", "clearTimeout", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

describe("a delay after failures", () => {
  const backoff = { first_ms: 1_000, most_ms: 300_000 };

  it("doubles from the first to the longest", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((failures) =>
      delayMs(failures, backoff),
    );
    expect(delays).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000,
    ]);
  });

  it("is the first one before any failure", () => {
    expect(delayMs(0, backoff)).toBe(1_000);
  });

  it("never shrinks and stays within its bounds, for any number of failures", () => {
    const bounds = fc.tuple(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 0, max: 10 ** 7 }),
    );
    fc.assert(
      fc.property(bounds, fc.integer({ min: 1, max: 1_000_000 }), ([first, more], failures) => {
        const own = { first_ms: first, most_ms: first + more };
        const delay = delayMs(failures, own);
        expect(delay).toBeGreaterThanOrEqual(first);
        expect(delay).toBeLessThanOrEqual(first + more);
        expect(delayMs(failures + 1, own)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});

describe("a shard's next alarm", () => {
  const later = NOW_MS + 60_000;

  it("is not set when nothing is open", () => {
    expect(nextAlarmAtMs({ charge_at_ms: undefined, outboxes_at_ms: [] }, NOW_MS)).toBeUndefined();
  });

  it.each([
    ["a charge that is due later", later, [], later],
    ["an outbox that is resting", undefined, [later], later],
    ["the charge, when it is earlier", later, [later + 1], later],
    ["the outbox, when it is earlier", later + 1, [later], later],
    ["the earliest of several outboxes", later + 2, [later + 1, later, later + 3], later],
    ["a charge that is due", NOW_MS, [later], NOW_MS + ALARM_INTERVAL_MS],
    ["a charge that is long overdue", 0, [], NOW_MS + ALARM_INTERVAL_MS],
    ["a healthy outbox", undefined, [0], NOW_MS + ALARM_INTERVAL_MS],
    ["work due just before the safety margin", NOW_MS + 999, [], NOW_MS + 1_000],
    ["work due just after it", NOW_MS + 1_001, [], NOW_MS + 1_001],
  ])("is for %s", (_, charge_at_ms, outboxes_at_ms, expected) => {
    expect(nextAlarmAtMs({ charge_at_ms, outboxes_at_ms }, NOW_MS)).toBe(expected);
  });

  it("is soon when there are counts to be written", () => {
    const open = { charge_at_ms: later, outboxes_at_ms: [], has_counts: true };
    expect(nextAlarmAtMs(open, NOW_MS)).toBe(NOW_MS + ALARM_INTERVAL_MS);
  });

  it("is never missing while work is open, never early, and never later than the work", () => {
    const times = fc.integer({ min: NOW_MS - 100_000, max: NOW_MS + 100_000 });
    const charges = fc.option(times, { nil: undefined });
    fc.assert(
      fc.property(charges, fc.array(times, { maxLength: 4 }), (charge_at_ms, outboxes_at_ms) => {
        const next = nextAlarmAtMs({ charge_at_ms, outboxes_at_ms }, NOW_MS);
        const open = [...outboxes_at_ms, ...(charge_at_ms === undefined ? [] : [charge_at_ms])];
        expect(next === undefined).toBe(open.length === 0);
        if (next === undefined) return;
        expect(next).toBeGreaterThanOrEqual(NOW_MS + ALARM_INTERVAL_MS);
        for (const time of open)
          expect(next).toBeLessThanOrEqual(Math.max(time, NOW_MS + ALARM_INTERVAL_MS));
        expect([...open, NOW_MS + ALARM_INTERVAL_MS]).toContain(next);
      }),
    );
  });
});

describe("a time limit", () => {
  fakeClock();

  it("gives the work's result, or its fault, and leaves no timer behind", async () => {
    expect(await withTimeout(100, Promise.resolve("done"))).toBe("done");
    await expect(withTimeout(100, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends the wait exactly when it is reached", async () => {
    let fault: unknown;
    const wait = withTimeout(100, new Promise(() => {})).catch((thrown: unknown) => {
      fault = thrown;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(fault).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await wait;
    expect(fault).toBeInstanceOf(TimeoutError);
  });
});

describe("rounds", () => {
  /** Rounds whose plays the test ends by hand; every command is answered with its own capitals. */
  function stage(company = new CommitDelay()) {
    const plays: {
      commands: string[];
      end: (round?: Partial<BatchOutcome<string>>) => void;
      fail: (fault: Error) => void;
    }[] = [];
    const rounds = new Batcher<string, string>(company, (commands) => {
      const { promise, resolve, reject } = Promise.withResolvers<BatchOutcome<string>>();
      const outcomes = commands.map(
        (command): CommandOutcome<string> => ({ ok: true, result: command.toUpperCase() }),
      );
      const end = (round: Partial<BatchOutcome<string>> = {}) =>
        resolve({ outcomes, next: Promise.resolve(), ...round });
      plays.push({ commands, end, fail: reject });
      return promise;
    });
    return { rounds, plays, played: () => plays.map(({ commands }) => commands) };
  }
  const outcomeOf = (answer: Promise<string>) =>
    answer.catch((fault: unknown) => `fault: ${fault instanceof Error ? fault.message : fault}`);

  it("start at once with one command when idle, also after earlier ones have ended", async () => {
    const { rounds, plays, played } = stage();
    for (const [index, command] of ["a", "b"].entries()) {
      const answer = rounds.submit(command);
      await turn();
      expect(played()[index]).toEqual([command]);
      plays[index]?.end();
      expect(await answer).toBe(command.toUpperCase());
      await turn();
    }
  });

  it("gather what arrives at once, and what arrives during a round into the next one, in order", async () => {
    const { rounds, plays, played } = stage();
    const answers = ["a", "b"].map((command) => rounds.submit(command));
    await turn();
    expect(played()).toEqual([["a", "b"]]);
    answers.push(...["c", "d"].map((command) => rounds.submit(command)));
    plays[0]?.end();
    await turn();
    expect(played()).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    answers.push(rounds.submit("e"));
    plays[1]?.end();
    await turn();
    expect(played()[2]).toEqual(["e"]);
    plays[2]?.end();
    expect(await Promise.all(answers)).toEqual(["A", "B", "C", "D", "E"]);
  });

  it("answer before the next round may start, and wait for it to be allowed", async () => {
    const { rounds, plays, played } = stage();
    const next = Promise.withResolvers<void>();
    const first = rounds.submit("a");
    await turn();
    void rounds.submit("b");
    plays[0]?.end({ next: next.promise });
    expect(await first).toBe("A");
    await turn();
    expect(played()).toEqual([["a"]]);
    next.resolve();
    await turn();
    expect(played()).toEqual([["a"], ["b"]]);
  });

  it("give one command's fault to its own caller alone", async () => {
    const { rounds, plays } = stage();
    const answers = ["a", "b", "c"].map((command) => outcomeOf(rounds.submit(command)));
    await turn();
    plays[0]?.end({
      outcomes: [
        { ok: true, result: "A" },
        { ok: false, fault: new Error("broken") },
        { ok: true, result: "C" },
      ],
    });
    expect(await Promise.all(answers)).toEqual(["A", "fault: broken", "C"]);
  });

  it("fail all commands of a round that throws, and none of the next", async () => {
    const { rounds, plays } = stage();
    const first = outcomeOf(rounds.submit("a"));
    await turn();
    const second = ["b", "c"].map((command) => outcomeOf(rounds.submit(command)));
    plays[0]?.fail(new Error("no disk"));
    expect(await first).toBe("fault: no disk");
    await turn();
    const third = outcomeOf(rounds.submit("d"));
    plays[1]?.fail(new Error("still none"));
    expect(await Promise.all(second)).toEqual(["fault: still none", "fault: still none"]);
    await eventually(() => expect(plays).toHaveLength(3));
    plays[2]?.end();
    expect(await third).toBe("D");
  });

  it("go on after a play that throws before it returns a promise", async () => {
    let plays = 0;
    const rounds = new Batcher<string, string>(new CommitDelay(), (commands) => {
      plays += 1;
      if (plays === 1) throw new Error("at once");
      const outcomes = commands.map((result): CommandOutcome<string> => ({ ok: true, result }));
      return Promise.resolve({ outcomes, next: Promise.resolve() });
    });
    expect(await outcomeOf(rounds.submit("a"))).toBe("fault: at once");
    expect(await outcomeOf(rounds.submit("b"))).toBe("b");
  });

  it("keep their answers and go on when what the next round waits for fails", async () => {
    const { rounds, plays } = stage();
    const first = outcomeOf(rounds.submit("a"));
    await turn();
    const second = outcomeOf(rounds.submit("b"));
    plays[0]?.end({ next: Promise.reject(new Error("no book")) });
    expect(await first).toBe("A");
    await turn();
    plays[1]?.end();
    expect(await second).toBe("B");
  });

  it("wait for the company that is expected", async () => {
    const company = new CommitDelay();
    const { rounds, played } = stage(company);
    company.responded();
    company.responded();
    for (const command of ["a", "b"]) {
      expect(played()).toEqual([]);
      company.arrived();
      void rounds.submit(command);
      await turn();
    }
    expect(played()).toEqual([["a", "b"]]);
  });

  it("leave nobody without an answer when a play settles too few", async () => {
    const { rounds, plays } = stage();
    const answer = outcomeOf(rounds.submit("a"));
    await turn();
    plays[0]?.end({ outcomes: [] });
    expect(await answer).toMatch(/^fault: /);
  });

  it("hold at most 256 commands each, and play all of them once, in order", async () => {
    const sizes: number[] = [];
    const order: string[] = [];
    const rounds = new Batcher<string, string>(new CommitDelay(), async (commands) => {
      sizes.push(commands.length);
      order.push(...commands);
      await turn();
      const outcomes = commands.map((result): CommandOutcome<string> => ({ ok: true, result }));
      return { outcomes, next: Promise.resolve() };
    });
    const commands = Array.from({ length: 600 }, (_, index) => `command ${index}`);
    const answers = await Promise.all(commands.map((command) => rounds.submit(command)));
    expect(answers).toEqual(commands);
    expect(order).toEqual(commands);
    expect(sizes).toEqual([256, 256, 88]);
  });
});

describe("a round's company", () => {
  fakeClock();

  function expecting(callers: number) {
    const company = new CommitDelay();
    for (let caller = 0; caller < callers; caller++) company.responded();
    let gathered = 0;
    const gather = () => void company.wait().then(() => (gathered += 1));
    return { company, gather, gathered: () => gathered };
  }

  it("is nobody at first, and nobody when as many came as were answered", async () => {
    const { company, gather, gathered } = expecting(0);
    gather();
    await turn();
    expect(gathered()).toBe(1);
    company.responded();
    company.arrived();
    gather();
    await turn();
    expect(gathered()).toBe(2);
  });

  it("is waited for until all are back, by everybody who waits, and not a tick longer", async () => {
    const { company, gather, gathered } = expecting(3);
    gather();
    gather();
    for (let caller = 0; caller < 3; caller++) {
      await vi.advanceTimersByTimeAsync(1);
      expect(gathered()).toBe(0);
      company.arrived();
    }
    await turn();
    expect(gathered()).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is forgotten after four milliseconds in which nobody came", async () => {
    const { company, gather, gathered } = expecting(3);
    gather();
    await vi.advanceTimersByTimeAsync(3);
    company.arrived();
    await vi.advanceTimersByTimeAsync(4);
    expect(gathered()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(gathered()).toBe(1);
    gather();
    await turn();
    expect(gathered()).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is waited for sixteen milliseconds at most, however many keep coming", async () => {
    const { company, gather, gathered } = expecting(100);
    gather();
    for (let tick = 0; tick < 16; tick++) {
      expect(gathered()).toBe(0);
      company.arrived();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(gathered()).toBe(1);
  });

  it("owes nobody anything: strangers do not make up for those who are answered later", async () => {
    const { company, gather, gathered } = expecting(0);
    for (let stranger = 0; stranger < 5; stranger++) company.arrived();
    company.responded();
    gather();
    await turn();
    expect(gathered()).toBe(0);
  });
});

describe("an outbox", () => {
  fakeClock();
  const LIMIT_MS = 2_000;
  let storage: MemoryStorage;
  let journal: Journal;
  let batches: EventRecord[][];
  let failures: { fault: unknown; rows: number; failures: number }[];
  let deliver: () => Promise<void>;
  let outbox: OutboxRelay;

  const open = () =>
    new OutboxRelay(journal, {
      name: "book",
      wait_ms: LIMIT_MS,
      deliver: (events) => {
        batches.push(events);
        return deliver();
      },
      onFailure: (fault, rows, count) => failures.push({ fault, rows, failures: count }),
    });
  beforeEach(() => {
    storage = memoryStorage();
    journal = new Journal(storage.sql);
    batches = [];
    failures = [];
    deliver = () => Promise.resolve();
    outbox = open();
  });

  function append(count: number, metadata: Record<string, string> = {}): void {
    for (let index = 0; index < count; index++) {
      const key = `order-${journal.lastPosition + 1}`;
      journal.append(MERCHANT, created({ metadata }, NOW_MS, key), null);
      journal.write();
    }
  }
  const positions = () => batches.map((events) => events.map(({ position }) => position));
  const range = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);

  it("delivers everything in order, at most 200 events at a time", async () => {
    append(450);
    await outbox.drain(NOW_MS);
    expect(positions()).toEqual([range(1, 200), range(201, 400), range(401, 450)]);
    expect(outbox.deliveredThrough).toBe(450);
    await outbox.drain(NOW_MS);
    expect(batches).toHaveLength(3);
  });

  it("delivers at most 600,000 characters at a time, but never nothing", async () => {
    append(5, { note: "n".repeat(250_000) });
    append(1, { note: "n".repeat(700_000) });
    append(1);
    await outbox.drain(NOW_MS);
    expect(positions()).toEqual([[1, 2], [3, 4], [5], [6], [7]]);
  });

  it("delivers the journal's own rows", async () => {
    append(1);
    await outbox.drain(NOW_MS);
    const change = created({ metadata: {} }, NOW_MS, "order-1");
    expect(batches[0]).toEqual([
      {
        position: 1,
        merchant_id: MERCHANT,
        transaction_id: change.transaction.id,
        sequence: 1,
        type: "transaction.created",
        created_at_ms: NOW_MS,
        data: JSON.stringify(change.transaction),
        traceparent: null,
        first_position: 1,
      },
    ]);
  });

  it("is open until its mark is stored, and begins at the stored mark again", async () => {
    expect(outbox.isOpen).toBe(false);
    append(3);
    await outbox.drain(NOW_MS);
    expect(outbox.isOpen).toBe(true);
    expect(open().deliveredThrough).toBe(0);
    outbox.storeCheckpoint();
    expect(outbox.isOpen).toBe(false);
    append(1);
    expect(outbox.isOpen).toBe(true);
    const reopened = open();
    expect(reopened.deliveredThrough).toBe(3);
    await reopened.drain(NOW_MS);
    expect(positions().at(-1)).toEqual([4]);
  });

  it("runs one drain at a time, which also takes what is written meanwhile", async () => {
    const first = Promise.withResolvers<void>();
    deliver = () => (batches.length === 1 ? first.promise : Promise.resolve());
    append(1);
    const draining = outbox.drain(NOW_MS);
    append(2);
    const joined = outbox.drain(NOW_MS);
    await turn();
    expect(positions()).toEqual([[1]]);
    first.resolve();
    await Promise.all([draining, joined]);
    expect(positions()).toEqual([[1], [2, 3]]);
  });

  it("forgets no event that is written in the moment a drain ends", async () => {
    const late: number[] = [];
    for (const hops of range(0, 20)) {
      append(1);
      void outbox.drain(NOW_MS);
      for (let hop = 0; hop < hops; hop++) await null;
      append(1);
      void outbox.drain(NOW_MS);
      await turn();
      if (outbox.deliveredThrough < journal.lastPosition) late.push(hops);
      await outbox.drain(NOW_MS);
    }
    expect(late).toEqual([]);
  });

  it("rests after a failure, ever longer up to 30 seconds, and begins where it was", async () => {
    append(2);
    deliver = () => Promise.reject(new Error("down"));
    const rests: number[] = [];
    for (let failure = 1; failure <= 7; failure++) {
      await outbox.drain(Date.now());
      rests.push(outbox.retryAtMs - Date.now());
      await outbox.drain(outbox.retryAtMs - 1);
      expect(batches).toHaveLength(failure);
      vi.setSystemTime(outbox.retryAtMs);
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(failures.map((each) => each.failures)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(failures[0]).toMatchObject({ fault: new Error("down"), rows: 2 });
    expect(outbox.deliveredThrough).toBe(0);

    deliver = () => Promise.resolve();
    await outbox.drain(Date.now());
    expect(outbox.deliveredThrough).toBe(2);
    expect(outbox.retryAtMs).toBe(0);

    append(1);
    deliver = () => Promise.reject(new Error("down again"));
    await outbox.drain(Date.now());
    expect(outbox.retryAtMs - Date.now()).toBe(1_000);
    expect(outbox.deliveredThrough).toBe(2);
  });

  it("takes a delivery that hangs for a failed one", async () => {
    append(1);
    deliver = () => new Promise(() => {});
    const draining = outbox.drain(NOW_MS);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(failures).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    await draining;
    expect(failures[0]?.fault).toBeInstanceOf(TimeoutError);
    expect(outbox.retryAtMs).toBe(NOW_MS + 11_000);
  });

  it("tells who waits for an event that it was delivered, and only then", async () => {
    append(2);
    const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    deliver = () => ends[batches.length - 1]?.promise ?? Promise.resolve();
    const told: string[] = [];
    const wait = async (position: number) =>
      told.push(`${position}: ${await outbox.delivered(position)}`);
    const waits = [wait(1), wait(2), wait(3)];
    const draining = outbox.drain(NOW_MS);
    append(1);
    await turn();
    expect(told).toEqual([]);
    ends[0]?.resolve();
    await turn();
    expect(told).toEqual(["1: true", "2: true"]);
    ends[1]?.resolve();
    await Promise.all([...waits, draining]);
    expect(told).toEqual(["1: true", "2: true", "3: true"]);
    expect(await outbox.delivered(1)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells who waits at once that a delivery failed, and lets nobody wait meanwhile", async () => {
    append(1);
    deliver = () => Promise.reject(new Error("down"));
    const waiting = outbox.delivered(1);
    await outbox.drain(NOW_MS);
    expect(await waiting).toBe(false);
    expect(await outbox.delivered(1)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("lets nobody wait longer than an answer may, and after that nobody until it has delivered", async () => {
    append(1);
    let told: boolean | undefined;
    const waiting = outbox.delivered(1).then((delivered) => {
      told = delivered;
    });
    await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
    expect(told).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(told).toBe(false);
    expect(await outbox.delivered(1)).toBe(false);
    await outbox.drain(NOW_MS);
    append(1);
    const next = outbox.delivered(2);
    await outbox.drain(NOW_MS);
    expect(await next).toBe(true);
  });

  it("delivers although no answer may wait for it", async () => {
    const impatient = new OutboxRelay(journal, {
      name: "book",
      wait_ms: 0,
      deliver: () => new Promise((resolve) => setTimeout(resolve, 50)),
      onFailure: () => {},
    });
    append(1);
    const waiting = impatient.delivered(1);
    const draining = impatient.drain(NOW_MS);
    await vi.advanceTimersByTimeAsync(50);
    await draining;
    expect(await waiting).toBe(false);
    expect(impatient.deliveredThrough).toBe(1);
  });

  it("lets nobody wait for the end of a long queue after an outage", async () => {
    append(500);
    deliver = () => Promise.reject(new Error("down"));
    await outbox.drain(NOW_MS);
    const waits: boolean[] = [];
    deliver = async () => {
      if (batches.length <= 3) waits.push(await outbox.delivered(500));
    };
    await outbox.drain(outbox.retryAtMs);
    expect(waits).toEqual([false, false]);
    expect(outbox.deliveredThrough).toBe(500);
    append(1);
    deliver = () => Promise.resolve();
    const waiting = outbox.delivered(501);
    await outbox.drain(NOW_MS);
    expect(await waiting).toBe(true);
  });
});

describe("an outbox whose object is evicted between two attempts", () => {
  fakeClock();

  it.each(["book", "webhooks", "velocity", "stream"] as const)(
    "goes on with the delays of before, and still counts as failing: %s",
    async (name) => {
      const { sql } = memoryStorage();
      const journal = new Journal(sql);
      journal.append(MERCHANT, created({}, NOW_MS, "order-1"), null);
      journal.write();
      let isDown = true;
      const restarted = () =>
        new OutboxRelay(new Journal(sql), {
          name,
          deliver: async () => {
            if (isDown) throw new Error("down");
          },
          wait_ms: 0,
          onFailure: () => {},
        });
      const delays: number[] = [];
      for (let attempt = 1; attempt <= 7; attempt++) {
        const outbox = restarted();
        expect(outbox.backlog(Date.now()).failures).toBe(attempt - 1);
        await outbox.drain(Date.now());
        delays.push(outbox.retryAtMs - Date.now());
        expect(restarted().wakeAtMs).toBe(outbox.retryAtMs);
        vi.setSystemTime(outbox.retryAtMs);
      }
      expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
      isDown = false;
      const outbox = restarted();
      await outbox.drain(Date.now());
      outbox.storeCheckpoint();
      expect(restarted().backlog(Date.now())).toMatchObject({ depth: 0, failures: 0 });
      expect(sql.exec("SELECT * FROM pauses").toArray()).toEqual([]); // Nothing billed when all is well.
    },
  );
});

describe("an outbox whose destination is set back", () => {
  const PAUSED_UNTIL_MS = NOW_MS + 60_000;
  let journal: Journal;
  let outbox: OutboxRelay;
  let deliver: (first: number) => Promise<void>;
  let firsts: number[];
  const open = () =>
    new OutboxRelay(journal, {
      name: "book",
      deliver: ([first]) => {
        firsts.push(first?.position ?? 0);
        return deliver(first?.position ?? 0);
      },
      wait_ms: 1_000,
      onFailure: () => {},
    });
  const append = (count: number) => {
    for (let index = 0; index < count; index++) {
      journal.append(MERCHANT, created({}, NOW_MS, `order-${journal.lastPosition + 1}`), null);
      journal.write();
    }
  };
  beforeEach(async () => {
    vi.useFakeTimers({ now: NOW_MS });
    journal = new Journal(memoryStorage().sql);
    firsts = [];
    deliver = () => Promise.resolve();
    outbox = open();
    append(250);
    await outbox.drain(NOW_MS);
    outbox.storeCheckpoint();
    expect(firsts).toEqual([1, 201]);
    firsts = [];
  });
  afterEach(() => void vi.useRealTimers());

  it("delivers everything again, and lets nobody wait for it meanwhile", async () => {
    expect(outbox.isOpen).toBe(false);
    outbox.rewind(NOW_MS);
    expect(outbox.isOpen).toBe(true);
    expect(await outbox.delivered(250)).toBe(false);
    expect(outbox.backlog(NOW_MS)).toMatchObject({ depth: 250, failures: 1 });
    await outbox.drain(NOW_MS);
    expect(firsts).toEqual([1, 201]);
    expect(outbox.backlog(NOW_MS)).toEqual({ depth: 0, oldest_age_ms: 0, failures: 0 });
  });

  it("does not begin before its time, not even in an object that was started anew", async () => {
    outbox.rewind(PAUSED_UNTIL_MS);
    for (const each of [outbox, open()]) {
      expect(each.wakeAtMs).toBe(PAUSED_UNTIL_MS);
      expect(each.backlog(NOW_MS)).toMatchObject({ depth: 250, failures: 1 });
      await each.drain(PAUSED_UNTIL_MS - 1);
      expect(firsts).toEqual([]);
    }
    vi.setSystemTime(PAUSED_UNTIL_MS);
    await open().drain(PAUSED_UNTIL_MS);
    expect(firsts).toEqual([1, 201]);
  });

  it.each([
    ["arrives", true],
    ["fails", false],
  ])("takes no notice of a delivery under way that %s", async (_, arrives) => {
    const end = Promise.withResolvers<void>();
    deliver = () => end.promise;
    append(1);
    const draining = outbox.drain(NOW_MS);
    outbox.rewind(PAUSED_UNTIL_MS);
    if (arrives) end.resolve();
    else end.reject(new Error("down"));
    await draining;
    expect([firsts, outbox.deliveredThrough, outbox.retryAtMs]).toEqual([
      [251],
      0,
      PAUSED_UNTIL_MS,
    ]);
    deliver = () => Promise.resolve();
    vi.setSystemTime(PAUSED_UNTIL_MS);
    await outbox.drain(PAUSED_UNTIL_MS);
    expect(firsts).toEqual([251, 1, 201]);
  });

  it("goes straight on after a delivery under way when there is no pause", async () => {
    deliver = async (first) => {
      if (first === 251) outbox.rewind(NOW_MS);
    };
    append(1);
    await outbox.drain(NOW_MS);
    expect(firsts).toEqual([251, 1, 201]);
  });

  it("has nothing to say when nothing has ever happened", () => {
    journal = new Journal(memoryStorage().sql);
    outbox = open();
    outbox.rewind(NOW_MS);
    expect(outbox.isOpen).toBe(false);
    expect(outbox.backlog(NOW_MS).failures).toBe(0);
  });
});

describe("a pause that an earlier version stored as a mark", () => {
  it.each([
    [4_000_000_000_000, { failures: 1, until_ms: 4_000_000_000_000 }],
    [1_000, undefined], // Over long ago.
  ])("until %d goes on as a pause of the book", (until_ms, expected) => {
    const { sql } = memoryStorage();
    new Journal(sql);
    sql.exec("DROP TABLE pauses");
    sql.exec("DROP TABLE schema_version");
    sql.exec("INSERT INTO marks VALUES ('book_paused_until_ms', ?)", until_ms);
    expect(new Journal(sql).backoffs.get("book")).toEqual(expected);
    expect(sql.exec("SELECT * FROM marks").toArray()).toEqual([]);
  });
});

describe("a destination that wants some types of events only", () => {
  it("gets those, in order and once, and is past all the others", async () => {
    const { sql } = memoryStorage();
    const journal = new Journal(sql);
    const types = Array.from({ length: 1_000 }, (_, at) =>
      at % 333 === 5 ? "transaction.failed" : "transaction.created",
    );
    for (const [at, type] of types.entries()) {
      const created_at = new Date(NOW_MS).toISOString();
      const event = { transaction_id: `t${at}`, sequence: 1, type, created_at, data: {} };
      journal.append("m", { events: [event] } as unknown as Change, null);
      journal.write();
    }
    const told: string[][] = [];
    let isDown = true;
    const outbox = new OutboxRelay(journal, {
      name: "velocity",
      types: ["transaction.failed"],
      deliver: async (events) => {
        if (events.length === 0) return;
        if (isDown) throw new Error("down");
        told.push(events.map(({ transaction_id }) => transaction_id));
      },
      wait_ms: 0,
      onFailure: () => {},
    });
    await outbox.drain(NOW_MS);
    expect(outbox.deliveredThrough).toBe(0);
    isDown = false;
    await outbox.drain(outbox.retryAtMs);
    expect(told).toEqual([["t5"], ["t338"], ["t671"]]);
    expect(outbox.deliveredThrough).toBe(1_000);
    outbox.storeCheckpoint();
    expect(outbox.wakeAtMs).toBeUndefined();
  });
});

describe("the webhooks' dispatchers as a destination", () => {
  const HELD_UP = 500;
  fakeClock();

  /** A shard's events on their way to dispatchers, of which some are broken. */
  function shard() {
    const { sql } = memoryStorage();
    const journal = new Journal(sql);
    const broken = new Set<string>();
    const asked: { merchant: string }[] = [];
    const memory = { held: 0, most: 0 };
    const taken: string[] = [];
    const append = (merchant: string, count: number, data = {}) => {
      for (let at = 0; at < count; at++) {
        const created_at = new Date().toISOString();
        const transaction_id = `${merchant}-${journal.lastPosition}`;
        const event = { transaction_id, sequence: 1, type: "transaction.created", created_at };
        journal.append(merchant, { events: [{ ...event, data }] } as unknown as Change, null);
        journal.write();
      }
    };
    const start = () => {
      const dispatchers = new WebhookDestination(
        sql,
        journal.backoffs,
        async (merchant, events) => {
          const characters = events.reduce((sum, { data }) => sum + data.length, 0);
          asked.push({ merchant });
          memory.held += characters;
          memory.most = Math.max(memory.most, memory.held);
          await turn();
          memory.held -= characters;
          if (broken.has(merchant)) throw new Error("broken");
          taken.push(...events.map(({ transaction_id }) => transaction_id));
        },
        () => {},
      );
      return new OutboxRelay(journal, {
        name: "webhooks",
        deliver: (events) => dispatchers.deliver(events),
        due_at_ms: () => dispatchers.retryAtMs,
        waiting: () => dispatchers.waiting,
        waiting_from: () => dispatchers.waitingFrom,
        wait_ms: 0,
        onFailure: () => {},
      });
    };
    return { append, broken, asked, memory, taken, start, outbox: start() };
  }

  it("hold up nobody else's events while one of them fails, and count what waits", async () => {
    const { append, broken, taken, outbox } = shard();
    append("broken", HELD_UP);
    append("well", 1);
    broken.add("broken");
    await outbox.drain(Date.now());
    expect(taken).toEqual([`well-${HELD_UP}`]);
    const backlog = { depth: HELD_UP, oldest_age_ms: 7_000, failures: 1 };
    expect(outbox.backlog(NOW_MS + 7_000)).toEqual(backlog);
    outbox.storeCheckpoint();
    expect(outbox.wakeAtMs).toBeGreaterThan(Date.now());
  });

  it("get all that waited at once when they are back, also after a restart", async () => {
    for (const restarts of [false, true]) {
      const { append, broken, taken, outbox, start } = shard();
      append("broken", HELD_UP);
      broken.add("broken");
      await outbox.drain(Date.now());
      outbox.storeCheckpoint();
      append("broken", 1);
      broken.clear();
      vi.setSystemTime(Date.now() + 60_000);
      const now = restarts ? start() : outbox;
      await now.drain(Date.now());
      expect(new Set(taken).size).toBe(HELD_UP + 1);
      expect(now.backlog(Date.now())).toEqual({ depth: 0, oldest_age_ms: 0, failures: 0 });
    }
  });

  it("are asked rarely while they fail, however often the others are", async () => {
    const { append, broken, asked, outbox } = shard();
    for (const merchant of ["a", "b", "c"]) append(merchant, 1);
    for (const merchant of ["a", "b"]) broken.add(merchant);
    await outbox.drain(Date.now());
    broken.delete("b");
    for (let second = 0; second < 20; second++) {
      append("c", 1);
      vi.setSystemTime(Date.now() + 1_000);
      await outbox.drain(Date.now());
    }
    const times = Object.groupBy(asked, ({ merchant }) => merchant);
    // At once, and after 1, 2, 4 and 8 seconds.
    expect([times.a, times.b, times.c].map((list) => list?.length)).toEqual([5, 2, 21]);
  });

  it("are many and have much waiting, and little of it is in memory at a time", async () => {
    const MERCHANTS = 25;
    const { append, broken, memory, outbox } = shard();
    for (let at = 0; at < MERCHANTS; at++) {
      append(`m${at}`, 20, { text: "x".repeat(60_000) });
      broken.add(`m${at}`);
    }
    await outbox.drain(Date.now());
    broken.clear();
    for (let round = 0; outbox.wakeAtMs !== undefined; round++) {
      expect(round).toBeLessThan(10);
      outbox.storeCheckpoint();
      vi.setSystemTime(Date.now() + 60_000);
      await outbox.drain(Date.now());
    }
    expect(outbox.backlog(Date.now()).depth).toBe(0);
    expect(memory.most).toBeLessThan(4_000_000);
  });
});
