/** The webhook dispatchers as a destination of an outbox. */
import { describe, expect, it, vi } from "vitest";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { WebhookDestination } from "../../../../src/transactions/outbox/to-webhooks";
import { NOW_MS } from "../../../support/examples";
import { fakeClock, turn } from "../../../support/fake-clock";
import { memoryStorage } from "../../../support/sqlite";

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
        journal,
        async (merchant, events) => {
          const characters = events.reduce((sum, { data }) => sum + data.length, 0);
          asked.push({ merchant });
          memory.held += characters;
          memory.most = Math.max(memory.most, memory.held);
          await turn();
          memory.held -= characters;
          if (broken.has(merchant)) throw new Error("broken");
          taken.push(...events.map(({ transaction_id }) => transaction_id));
          return true;
        },
        () => {},
      );
      return new OutboxRelay(journal, {
        name: "webhooks",
        deliver: (events) => dispatchers.deliver(events),
        due_at_ms: () => dispatchers.retryAtMs,
        waiting: () => dispatchers.waiting,
        waiting_from: () => dispatchers.waitingFrom,
        onFailure: () => {},
      });
    };
    const rows = () => sql.exec("SELECT 1 FROM waiting").toArray().length;
    return { append, broken, asked, memory, taken, start, rows, outbox: start() };
  }

  it("A dispatcher that fails delays no other dispatcher's events, and its waiting events are counted", async () => {
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

  it("A dispatcher that works again gets all waiting events at once, also after a restart", async () => {
    for (const restarts of [false, true]) {
      const { append, broken, taken, outbox, start, rows } = shard();
      append("broken", HELD_UP);
      broken.add("broken");
      await outbox.drain(Date.now());
      outbox.storeCheckpoint();
      expect(rows()).toBe(HELD_UP);
      append("broken", 1);
      broken.clear();
      vi.setSystemTime(Date.now() + 60_000);
      const now = restarts ? start() : outbox;
      await now.drain(Date.now());
      expect(new Set(taken).size).toBe(HELD_UP + 1);
      expect(now.backlog(Date.now())).toEqual({ depth: 0, oldest_age_ms: 0, failures: 0 });
      expect(rows()).toBe(0);
    }
  });

  it("A dispatcher that fails is called rarely, however often the others are", async () => {
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

  it("Only a little of many dispatchers' waiting events is in memory at a time", async () => {
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
