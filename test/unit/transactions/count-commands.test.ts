/** What a shard counts, and when it stores the counts. */
import { beforeEach, describe, expect, it } from "vitest";
import { StateRow } from "../../../src/runtime/state/state-row";
import type { Command } from "../../../src/transactions/commands/command";
import { countBatch, countWritten } from "../../../src/transactions/count-commands";
import { Counters, DURATION_BOUNDS_MS } from "../../../src/transactions/counters";
import { NOW_MS } from "../../support/examples";
import {
  about,
  create,
  journal,
  record,
  run,
  SETTLED,
  storage,
  UNKNOWN,
} from "../../support/shard";

describe("a shard's counts", () => {
  let state: StateRow;
  let counters: Counters;
  beforeEach(() => {
    state = new StateRow(storage.sql);
    counters = new Counters(state, true);
  });

  /** What a restarted shard would know. */
  const stored = () => valuesOf(new Counters(new StateRow(storage.sql), true));
  const valuesOf = (of: Counters) =>
    Object.fromEntries(of.all().map(({ name, labels, value }) => [`${name} ${labels}`, value]));
  const commit = (write: () => void) => {
    try {
      storage.transactionSync(() => {
        write();
        state.write();
      });
      counters.committed();
    } catch {
      counters.rolledBack();
    }
  };

  it("A shard's counts are written with the commit to which they belong", () => {
    commit(() => counters.addWithin("commands", "kind=create,outcome=created"));
    expect(stored()).toEqual({ "commands kind=create,outcome=created": 1 });
    commit(() => {
      counters.addWithin("commands", "kind=create,outcome=created");
      counters.addWithin("commands", "kind=create,outcome=created");
    });
    expect(stored()).toEqual({ "commands kind=create,outcome=created": 3 });
    expect(counters.isOpen).toBe(false);
  });

  it("A shard's counts are rolled back with their commit", () => {
    counters.add("commands", "kind=create,outcome=replayed");
    const fails = () => {
      counters.addWithin("commands", "kind=create,outcome=created");
      state.write();
      throw new Error("no commit");
    };
    commit(fails);
    expect(stored()).toEqual({});
    expect(counters.isOpen).toBe(true);
    state.write(); // What belongs to no commit is still to be written.
    expect(stored()).toMatchObject({ "commands kind=create,outcome=replayed": 1 });
    expect(valuesOf(counters)).toMatchObject({
      "commands kind=create,outcome=created": 0,
      "commands kind=create,outcome=replayed": 1,
    });
    commit(() => counters.addWithin("commands", "kind=create,outcome=created"));
    expect(stored()).toMatchObject({
      "commands kind=create,outcome=created": 1,
      "commands kind=create,outcome=replayed": 1,
    });
  });

  it("A shard's durations and bulk counts are rolled back with their commit, too", () => {
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
    });
    expect([stored(), valuesOf(counters)]).toEqual([once, once]);
  });

  it("A shard's counts outside commits are written with the next commit, all in one row", () => {
    counters.add("deliveries", "destination=book,outcome=delivered");
    counters.add("delivered_events", "destination=book", 7);
    expect([stored(), counters.isOpen]).toEqual([{}, true]);
    commit(() => counters.addWithin("commands", "kind=create,outcome=created"));
    expect(stored()).toEqual({
      "deliveries destination=book,outcome=delivered": 1,
      "delivered_events destination=book": 7,
      "commands kind=create,outcome=created": 1,
    });
    expect(counters.isOpen).toBe(false);
    expect(storage.sql.exec("SELECT * FROM state").toArray()).toHaveLength(1);
  });

  it("A row that has not changed is not written", () => {
    counters.add("parked_events", "");
    state.write();
    const { sql } = storage;
    sql.exec("UPDATE state SET counters = '{}'");
    state.write();
    expect(sql.exec("SELECT counters FROM state").one()).toEqual({ counters: "{}" });
  });

  it("A duration is in the bucket of the first bound that is not below it", () => {
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

  it("An object that has one transaction keeps no counts", () => {
    const off = new Counters(state, false);
    off.add("commands", "kind=create,outcome=created");
    off.addWithin("commands", "kind=create,outcome=created");
    state.write();
    expect([off.all(), off.isOpen, stored()]).toEqual([[], false, {}]);
  });

  it("Every command is counted once, by its outcome", () => {
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
      "charges operation=charge,outcome=unknown": 1,
      "charges operation=charge,outcome=settled": 1,
    });
    expect(valuesOf(counters)).toMatchObject({
      "round_commands_sum rounds=others": 13,
      "round_commands_sum rounds=claims": 3,
      "round_commands_bucket rounds=claims,le=4": 1,
    });
  });

  it("A create that also processes is counted as a create and as a process", () => {
    const pay = (key: string) => ({ ...create(key), process: true }) as Command;
    for (const command of [create("a"), pay("a"), pay("b"), pay("b")]) {
      commit(() => countWritten(counters, command, run(command)));
    }
    expect(valuesOf(counters)).toEqual({
      "commands kind=create,outcome=created": 2,
      "commands kind=create,outcome=replayed": 1,
      "commands kind=process,outcome=processed": 2,
    });
  });

  it("The counts of open charges contain the age of the oldest and how many are overdue", () => {
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
