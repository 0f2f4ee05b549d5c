/** What an outbox keeps in storage: its checkpoint, failures and pauses, across evictions and rewinds. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hasTable } from "../../../../src/runtime/migrations";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { created, MERCHANT, NOW_MS } from "../../../support/examples";
import { fakeClock } from "../../../support/fake-clock";
import { memoryStorage } from "../../../support/sqlite";

describe("an outbox whose object is evicted between two attempts", () => {
  fakeClock();

  it.each(["book", "webhooks", "velocity", "stream"] as const)(
    "An outbox whose object was evicted keeps its delays, and still counts as failing: %s",
    async (name) => {
      const { sql } = memoryStorage();
      let journal = new Journal(sql);
      journal.append(MERCHANT, created({}, NOW_MS, "order-1"), null);
      journal.write();
      let isDown = true;
      const restarted = () => {
        journal = new Journal(sql);
        return new OutboxRelay(journal, {
          name,
          deliver: async () => {
            if (isDown) throw new Error("down");
          },
          onFailure: () => {},
        });
      };
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
      journal.state.write();
      expect(restarted().backlog(Date.now())).toMatchObject({ depth: 0, failures: 0 });
      expect(sql.exec("SELECT * FROM pauses").toArray()).toEqual([]); // Nothing billed when all is well.
    },
  );
});

it("An outbox whose stored checkpoint is before events that have left the tables has nothing to deliver", async () => {
  const { sql } = memoryStorage();
  let journal = new Journal(sql);
  journal.append(MERCHANT, created({}, NOW_MS, "order-1"), null);
  journal.write();
  sql.exec("DELETE FROM events");
  sql.exec(`INSERT INTO segments VALUES (1, 'shard-0', '', 1, 1, 1, 0, 0, 0, 0)`);
  journal = new Journal(sql);
  expect(journal.lastPosition).toBe(1);
  const delivered: number[] = [];
  const outbox = new OutboxRelay(journal, {
    name: "book",
    deliver: async (events) => {
      delivered.push(events.length);
    },
    onFailure: () => {},
  });
  await outbox.drain(NOW_MS);
  expect(delivered).toEqual([0]);
  expect(outbox.backlog(NOW_MS).depth).toBe(0);
  outbox.storeCheckpoint();
  expect(outbox.isOpen).toBe(false);
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

  it("An outbox that was rewound delivers everything again, and no request waits for it meanwhile", async () => {
    expect(outbox.isOpen).toBe(false);
    outbox.rewind(NOW_MS);
    expect(outbox.isOpen).toBe(true);
    expect(await outbox.delivered(250, 1_000)).toBe(false);
    expect(outbox.backlog(NOW_MS)).toMatchObject({ depth: 250, failures: 1 });
    await outbox.drain(NOW_MS);
    expect(firsts).toEqual([1, 201]);
    expect(outbox.backlog(NOW_MS)).toEqual({ depth: 0, oldest_age_ms: 0, failures: 0 });
  });

  it("A rewound outbox does not begin before its time, also in a newly started object", async () => {
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
  ])("A rewound outbox ignores a delivery in progress that %s", async (_, arrives) => {
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

  it("A rewound outbox without a pause goes on directly after a delivery in progress", async () => {
    deliver = async (first) => {
      if (first === 251) outbox.rewind(NOW_MS);
    };
    append(1);
    await outbox.drain(NOW_MS);
    expect(firsts).toEqual([251, 1, 201]);
  });

  it("Nothing is rewound when nothing has ever happened", () => {
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
  ])(
    "A pause that an earlier version stored until %d continues as a pause of the relay to D1",
    (until_ms, expected) => {
      const { sql } = memoryStorage();
      new Journal(sql);
      sql.exec("DROP TABLE pauses");
      sql.exec("DROP TABLE schema_version");
      sql.exec("CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
      sql.exec("INSERT INTO marks VALUES ('book_paused_until_ms', ?)", until_ms);
      expect(new Journal(sql).backoffs.get("book")).toEqual(expected);
      expect(hasTable(sql, "marks")).toBe(false);
    },
  );
});
