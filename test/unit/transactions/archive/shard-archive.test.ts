/** What a shard does with its archive, one thing at a time. */
import { beforeEach, expect, it, vi } from "vitest";
import { ShardArchive } from "../../../../src/transactions/archive/shard-archive";
import { Counters } from "../../../../src/transactions/counters";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { until } from "../../../support/eventually";
import { MERCHANT, NOW_MS } from "../../../support/examples";

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

const STEP = {
  ...{ merchant_id: MERCHANT, user_id: "nobody", through_ms: NOW_MS, shard: "shard-0" },
  after: { at_ms: 0, segment: 0 },
};

/** @param bindings with the bucket, or without one */
async function open({ hasBucket }: { hasBucket: boolean }) {
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
    books: { each: async () => {} } as unknown as ConstructorParameters<
      typeof ShardArchive
    >[0]["books"],
    env: hasBucket ? { ARCHIVE: r2.bucket } : {},
    config: { hot_ms: HOT_MS, transaction_shards: 4 },
    log: () => {},
    shards: () => 4,
  });
  return { archive, r2 };
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
