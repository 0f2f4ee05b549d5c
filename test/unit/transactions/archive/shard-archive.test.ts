/** What a shard does with its archive, one thing at a time. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it, vi } from "vitest";
import { appendEvents } from "../../../../src/d1/append-events";
import { removeArchived } from "../../../../src/d1/transactions/remove-archived";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { ShardArchive } from "../../../../src/transactions/archive/shard-archive";
import { Counters } from "../../../../src/transactions/counters";
import { toBook } from "../../../../src/transactions/outbox/to-book";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { until } from "../../../support/eventually";
import { MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "../../../support/examples";
import { memoryD1, migrate } from "../../../support/memory-book";

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

const ID = deriveTransactionId(MERCHANT, "a");
const UNTIL_MS = NOW_MS + 100 * HOT_MS;
const STEP = {
  ...{ merchant_id: MERCHANT, user_id: "nobody", through_ms: NOW_MS, shard: "shard-0" },
  after: { at_ms: 0, segment: 0 },
};

type Books = ConstructorParameters<typeof ShardArchive>[0]["books"];
type Each = (items: never[], work: (db: D1Database, items: never[]) => Promise<void>) => unknown;

/** @param bindings with the bucket, or without one
 *  @param each how work is done on the book */
async function open({ hasBucket }: { hasBucket: boolean }, each: Each = async () => {}) {
  const shard = new ArchivingShard();
  await shard.pay("a", NOW_MS);
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 10 * HOT_MS);
  const { storage, journal, r2 } = shard;
  const archive = new ShardArchive({
    storage: storage as unknown as DurableObjectStorage, // What it uses of it.
    journal,
    relays: {
      drainAll: async () => {},
      settledThrough: () => journal.lastPosition,
      storeCheckpoints: () => {},
    } as unknown as ConstructorParameters<typeof ShardArchive>[0]["relays"],
    counters: new Counters(journal.state, true),
    books: { each } as unknown as Books, // Nothing else of them is used.
    env: hasBucket ? { ARCHIVE: r2.bucket } : {},
    config: { hot_ms: HOT_MS, transaction_shards: 4 },
    log: () => {},
    shards: () => 4,
  });
  return { archive, r2, shard };
}

/** A shard with an archive and its book. */
async function openWithBook() {
  const book = new DatabaseSync(":memory:");
  migrate(book);
  const db = memoryD1(book);
  const gate = { before: async (_work: unknown): Promise<void> => {} };
  const opened = await open({ hasBucket: true }, async (items, work) => {
    await gate.before(work);
    await work(db, items);
  });
  const { journal } = opened.shard;
  await appendEvents(db, journal.readEvents(ID));
  journal.checkpoints.set("book_delivered_through", journal.lastPosition);
  const versions = () =>
    book
      .prepare("SELECT version FROM listed_transactions")
      .all()
      .map(({ version }) => version);
  return { ...opened, gate, versions, db, book };
}

it("A step of an erasure waits for the pass that is under way", async () => {
  const { archive, r2 } = await open({ hasBucket: true });
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  r2.before = (operation) => (operation === 1 ? released : undefined);
  const pass = archive.archiver?.runNow();
  await until(() => r2.operations === 1);
  let isDone = false;
  const step = archive.erase(STEP).finally(() => {
    isDone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isDone).toBe(false);
  release();
  await pass;
  // It reads the segment of that pass.
  expect(await step).toMatchObject({ next: { segment: 1 } });
});

it("Without a bucket and without segments there is nothing to erase", async () => {
  const { archive } = await open({ hasBucket: false });
  expect(await archive.erase(STEP)).toEqual({ segments: 0, objects: 0, current: [], next: null });
});

it("A payment that is put back while its segment is taken out of the book stays in the book", async () => {
  const { archive, shard, gate, versions } = await openWithBook();
  let isRemoving = false;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  gate.before = async (work) => {
    if (work !== removeArchived) return;
    isRemoving = true;
    await released;
  };
  const pass = archive.archiver?.runNow();
  await until(() => isRemoving);
  const restored = archive.restore(1, UNTIL_MS);
  await until(() => shard.journal.archived.placeOf(ID) === undefined);
  await new Promise((resolve) => setTimeout(resolve, 5));
  release();
  await pass;
  expect(await restored).toBe(1);
  expect(versions()).toEqual([2]);
});

it("A payment that is put back before its segment is taken out of the book stays in the book", async () => {
  const { archive, shard, versions } = await openWithBook();
  let restored: Promise<number | null> | undefined;
  vi.stubGlobal("scheduler", {
    wait: async () => {
      if (shard.journal.archived.placeOf(ID)) restored ??= archive.restore(1, UNTIL_MS);
      await restored;
    },
  });
  await archive.archiver?.runNow();
  expect(await restored).toBe(1);
  expect(versions()).toEqual([2]);
});

it("A restore writes nothing into the book that its relay has still to count", async () => {
  const { archive, shard, versions, db, book } = await openWithBook();
  await archive.archiver?.runNow();
  expect(versions()).toEqual([]);
  const { journal } = shard;
  const about = { merchant_id: MERCHANT, transaction_id: ID, traceparent: TRACEPARENT };
  const erasure = { kind: "erase", ...about, user_id: requestOf({}).user_id } as const;
  await shard.execute(erasure, NOW_MS + 10 * HOT_MS);
  expect(journal.archived.placeOf(ID)).toBeUndefined();
  expect(await archive.restore(1, UNTIL_MS)).toBe(0);
  await appendEvents(db, journal.readEvents(ID).slice(-1));
  expect(versions()).toEqual([3]);
  const counted = "SELECT count FROM totals WHERE type = 'transaction.erased'";
  expect(book.prepare(counted).all()).toMatchObject([{ count: 1 }]);
  const events = book.prepare("SELECT sum(sequence - first + 1) AS events FROM feed_events");
  expect(events.get()).toMatchObject({ events: 3 });
});

it.each([
  ["all at once", 10],
  ["one after the other", 1],
])(
  "A book that is written again, its events %s, counts none that were in the archive",
  async (_, rows) => {
    const { archive, shard, versions, db, book } = await openWithBook();
    const { journal, storage } = shard;
    await archive.archiver?.runNow();
    const about = { merchant_id: MERCHANT, transaction_id: ID, traceparent: TRACEPARENT };
    const erasure = { kind: "erase", ...about, user_id: requestOf({}).user_id } as const;
    await shard.execute(erasure, NOW_MS + 10 * HOT_MS);
    expect(versions()).toEqual([]);
    const books = { count: 1, db: () => db } as unknown as Parameters<typeof toBook>[2];
    const { deliver } = toBook(storage.sql, journal, books, 0, () => {});
    for (let at = 0; at < journal.lastPosition; at += rows) {
      await deliver(journal.eventsAfter(at, rows, 1_000_000), 0);
      expect(versions()).toEqual([Math.max(2, Math.min(at + rows, 3))]);
    }
    const counted = book.prepare("SELECT type, count FROM totals ORDER BY type").all();
    expect(counted.map(({ type, count }) => [type, count])).toEqual([
      ["transaction.cancelled", 1],
      ["transaction.created", 1],
      ["transaction.erased", 1],
    ]);
    const events = book.prepare("SELECT sum(sequence - first + 1) AS events FROM feed_events");
    expect(events.get()).toMatchObject({ events: 3 });
  },
);

it("What was put back and is archived again is not noted any more", async () => {
  const { archive, shard } = await openWithBook();
  await archive.archiver?.runNow();
  const noted = () => shard.storage.sql.exec("SELECT * FROM put_back").toArray();
  expect(noted()).toEqual([]);
  expect(await archive.restore(1, NOW_MS + 20 * HOT_MS)).toBe(1);
  expect(noted()).toEqual([{ first_position: 1, through: 2 }]);
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 30 * HOT_MS);
  await archive.archiver?.runNow();
  expect(noted()).toEqual([]);
});
