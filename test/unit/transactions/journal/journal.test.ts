/** The journal of a shard. */
import { describe, expect, it } from "vitest";
import { execute } from "../../../../src/transactions/commands/command";
import { Journal } from "../../../../src/transactions/journal/journal";
import { created, LIVE, MERCHANT, NOW_MS, TRACEPARENT } from "../../../support/examples";
import {
  about,
  create,
  decide,
  idOf,
  journal,
  record,
  run,
  SETTLED,
  storage,
  times,
  UNKNOWN,
} from "../../../support/shard";

const defer = (id: string, attempts: number, next_attempt_at_ms: number) =>
  journal.charges.defer({
    id,
    attempts,
    next_attempt_at_ms,
    claimed_at_ms: NOW_MS,
    awaits_action: 0,
  });

describe("a journal", () => {
  it("A journal returns open charges by their due time, as many as requested", () => {
    for (const [key, at] of [
      ["a", 30],
      ["b", 10],
      ["c", 20],
      ["d", 40],
    ] as const) {
      defer(key, 1, NOW_MS + at);
    }
    journal.write();
    const due = (now: number, limit: number) =>
      journal.charges.due(NOW_MS + now, limit).map(({ id }) => id);
    expect(due(9, 10)).toEqual([]);
    expect(due(10, 10)).toEqual(["b"]);
    expect(due(35, 10)).toEqual(["b", "c", "a"]);
    expect(due(35, 2)).toEqual(["b", "c"]);
    expect(journal.charges.nextAtMs(NOW_MS)).toBe(NOW_MS + 10);
    defer("b", 3, NOW_MS + 99);
    journal.charges.close("a");
    expect(journal.charges.find("b")).toMatchObject({ attempts: 3 });
    expect(journal.charges.find("a")).toBeUndefined();
    journal.write();
    expect(journal.charges.find("a")).toBeUndefined();
    expect(journal.charges.nextAtMs(NOW_MS)).toBe(NOW_MS + 20);
    expect(journal.charges.find("b")).toMatchObject({ attempts: 3 });
  });

  it("A journal refuses a second event at the same position", () => {
    run(create());
    journal.append(MERCHANT, created({}, NOW_MS, "k"), TRACEPARENT);
    expect(() => journal.write()).toThrow();
    expect(new Journal(storage.sql).lastPosition).toBe(1);
  });

  it("A journal writes the changes of a batch in order, however many they are", () => {
    for (const count of [1, 3, 4, 5, 10, 11, 12, 13, 29]) {
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

  it("A journal finds the changes of a batch, also when the cache is too small for all of them", () => {
    const long = { metadata: Object.fromEntries(times(50, (n) => [`${n}`, "x".repeat(500)])) };
    const keys = times(200, (n) => `k${n}`);
    for (const key of keys) decide(create(key, long));
    expect(keys.filter((key) => !journal.has(idOf(key)))).toEqual([]);
    expect(decide(create("k0", long))).toMatchObject({ replayed: true, wrote: false });
    expect(decide(about("process", "k0"))).toMatchObject({ kind: "pending" });
    journal.write();
    expect(new Journal(storage.sql).find(idOf("k0"))?.transaction.status).toBe("processing");
  });

  it("A journal counts every change, and a command that throws while deciding has made none", () => {
    const changesBy = (work: () => unknown) => {
      const before = journal.changes;
      work();
      return journal.changes - before;
    };
    const commands = [create(), about("process"), record(UNKNOWN), record(SETTLED)];
    for (const command of commands) expect(changesBy(() => decide(command))).toBeGreaterThan(0);
    for (const command of commands) expect(changesBy(() => decide(command))).toBe(0);
    const undecidable = () => execute(journal, create("other"), undefined, LIVE, NOW_MS);
    expect(changesBy(() => expect(undecidable).toThrow())).toBe(0);
    const opened = changesBy(() => journal.deadlines.open("k", NOW_MS));
    const closed = changesBy(() => journal.deadlines.close("k"));
    expect([opened, closed]).toEqual([1, 1]);
  });

  it("A journal finds every transaction, also when there are more than are cached", () => {
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

  it("A reopened journal has the state that it had", () => {
    run(create());
    run(about("process"));
    journal.checkpoints.set("transaction_shards", 16);
    journal.checkpoints.set("transaction_shards", 4);
    journal.state.write();
    const reopened = new Journal(storage.sql);
    expect(reopened.lastPosition).toBe(2);
    expect(reopened.find(idOf("k"))).toEqual(journal.find(idOf("k")));
    expect(reopened.checkpoints.get("transaction_shards")).toBe(4);
    expect(reopened.checkpoints.get("book_delivered_through")).toBeUndefined();
    expect(reopened.find(idOf("none"))).toBeUndefined();
  });
});
