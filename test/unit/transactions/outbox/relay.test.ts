/** The drain of an outbox: order, batches, failures, and requests that wait for a delivery. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { TimeoutError } from "../../../../src/runtime/with-timeout";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { created, MERCHANT, NOW_MS } from "../../../support/examples";
import { fakeClock, turn } from "../../../support/fake-clock";
import { type MemoryStorage, memoryStorage } from "../../../support/sqlite";

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

  it("An outbox delivers everything in order, at most 200 events at a time", async () => {
    append(450);
    await outbox.drain(NOW_MS);
    expect(positions()).toEqual([range(1, 200), range(201, 400), range(401, 450)]);
    expect(outbox.deliveredThrough).toBe(450);
    await outbox.drain(NOW_MS);
    expect(batches).toHaveLength(3);
  });

  it("An outbox delivers at most 600,000 characters at a time, but always at least one event", async () => {
    append(5, { note: "n".repeat(250_000) });
    append(1, { note: "n".repeat(700_000) });
    append(1);
    await outbox.drain(NOW_MS);
    expect(positions()).toEqual([[1, 2], [3, 4], [5], [6], [7]]);
  });

  it("An outbox delivers the journal's own rows", async () => {
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
        refund: null,
      },
    ]);
  });

  it("An outbox is open until its checkpoint is stored, and a restarted one begins at the stored checkpoint", async () => {
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

  it("An outbox runs one drain at a time, which also takes what is written meanwhile", async () => {
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

  it("An outbox delivers an event that is written at the moment when a drain ends", async () => {
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

  it("An outbox waits after a failure, at growing intervals up to 30 seconds, and begins where it was", async () => {
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

  it("A delivery that hangs counts as failed", async () => {
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

  it("A request that waits for an event resumes after its delivery, and not before", async () => {
    append(2);
    const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    deliver = () => ends[batches.length - 1]?.promise ?? Promise.resolve();
    const told: string[] = [];
    const wait = async (position: number) =>
      told.push(`${position}: ${await outbox.delivered(position, LIMIT_MS)}`);
    const waits = [wait(1), wait(2), wait(3)];
    const draining = outbox.drain(NOW_MS);
    append(1);
    void outbox.drain(NOW_MS);
    await turn();
    expect(told).toEqual([]);
    ends[0]?.resolve();
    await turn();
    expect(told).toEqual(["1: true", "2: true"]);
    ends[1]?.resolve();
    await Promise.all([...waits, draining]);
    expect(told).toEqual(["1: true", "2: true", "3: true"]);
    expect(await outbox.delivered(1, LIMIT_MS)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("Waiting requests resume at once after a failed delivery, and no request waits meanwhile", async () => {
    append(1);
    deliver = () => Promise.reject(new Error("down"));
    const waiting = outbox.delivered(1, LIMIT_MS);
    await outbox.drain(NOW_MS);
    expect(await waiting).toBe(false);
    expect(await outbox.delivered(1, LIMIT_MS)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("A request waits for a delivery no longer than its limit, and none waits after that until a delivery succeeds", async () => {
    append(1);
    let told: boolean | undefined;
    const waiting = outbox.delivered(1, LIMIT_MS).then((delivered) => {
      told = delivered;
    });
    await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
    expect(told).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(told).toBe(false);
    expect(await outbox.delivered(1, LIMIT_MS)).toBe(false);
    await outbox.drain(NOW_MS);
    append(1);
    const next = outbox.delivered(2, LIMIT_MS);
    await outbox.drain(NOW_MS);
    expect(await next).toBe(true);
  });

  it("A drain leaves what is committed after its beginning to the next one", async () => {
    const first = Promise.withResolvers<void>();
    deliver = () => (batches.length === 1 ? first.promise : Promise.resolve());
    append(1);
    const draining = outbox.drain(NOW_MS);
    append(2);
    first.resolve();
    await draining;
    expect(positions()).toEqual([[1]]);
    await outbox.drain(NOW_MS);
    expect(positions()).toEqual([[1], [2, 3]]);
  });

  it("No request waits for the end of a long queue after an outage", async () => {
    append(500);
    deliver = () => Promise.reject(new Error("down"));
    await outbox.drain(NOW_MS);
    const waits: boolean[] = [];
    deliver = async () => {
      if (batches.length <= 3) waits.push(await outbox.delivered(500, LIMIT_MS));
    };
    await outbox.drain(outbox.retryAtMs);
    expect(waits).toEqual([false, false]);
    expect(outbox.deliveredThrough).toBe(500);
    append(1);
    deliver = () => Promise.resolve();
    const waiting = outbox.delivered(501, LIMIT_MS);
    await outbox.drain(NOW_MS);
    expect(await waiting).toBe(true);
  });
});
