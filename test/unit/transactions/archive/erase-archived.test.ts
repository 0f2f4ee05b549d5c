/** A customer's data is erased in the archive of a shard, whatever fails or runs beside it. R2 is in memory. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { verify } from "../../../../scripts/archive/bundled/verify";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { selectSuspects } from "../../../../src/transactions/archive/erase-archived";
import { listArchived } from "../../../../src/transactions/archive/list-archived";
import type { Command } from "../../../../src/transactions/commands/command";
import type { ErasurePlace } from "../../../../src/transactions/rpc";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { CUSTOMER, DETAILS, TEXTS } from "../../../support/erasure/customer";
import { tablesWith, textsIn } from "../../../support/erasure/scan";
import { linesOf, sourceOf } from "../../../support/erasure/shard-source";
import { until } from "../../../support/eventually";
import { MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "../../../support/examples";

const OWN = { ...CUSTOMER, details: DETAILS };
// Of the first payment, when there are four.
const SHARD = "shard-3";
const START: ErasurePlace = { at_ms: 0, segment: 0 };
const through_ms = NOW_MS + 1_000 * HOT_MS;
const customer = { merchant_id: MERCHANT, user_id: CUSTOMER.user_id, through_ms };
const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
const about = (key: string) => {
  return { merchant_id: MERCHANT, transaction_id: idOf(key), traceparent: TRACEPARENT };
};

let now: number;
beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  now = NOW_MS;
  vi.spyOn(Date, "now").mockImplementation(() => now);
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

async function archive(shard: ArchivingShard): Promise<void> {
  now += 10 * HOT_MS;
  await shard.archiver.runNow();
}

/** A shard with two segments of both customers' payments, `a…` of the one who is erased and `o…` of another. */
async function shardWithBoth(): Promise<ArchivingShard> {
  const shard = new ArchivingShard();
  for (const key of ["a1", "o1", "a2", "o2"]) await pay(shard, key);
  await archive(shard);
  for (const key of ["o3", "a3"]) await pay(shard, key);
  await archive(shard);
  expect(shard.segments.last()?.number).toBe(2);
  return shard;
}
const pay = (shard: ArchivingShard, key: string) =>
  shard.pay(key, now, key.startsWith("a") ? OWN : { user_id: "another", description: key });

const erase = (shard: ArchivingShard, key: string) =>
  shard.execute({ kind: "erase", ...about(key), user_id: CUSTOMER.user_id } as Command, now);

/** All steps of the archive. @returns how many segments and objects */
async function eraseArchive(shard: ArchivingShard) {
  const done = { segments: 0, objects: 0 };
  for (let after: ErasurePlace | null = START; after; ) {
    const step = await shard.erase({ ...customer, shard: SHARD, after }, now);
    expect(step.current).toEqual([]);
    done.segments += step.segments;
    done.objects += step.objects;
    after = step.next;
  }
  return done;
}

async function eraseAll(shard: ArchivingShard) {
  for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
  return eraseArchive(shard);
}

const otherLines = (shard: ArchivingShard) =>
  linesOf(shard)
    .filter((line) => line.includes('"user_id":"another"'))
    .sort();
const found = (shard: ArchivingShard) => [
  ...tablesWith(shard.storage.sql, TEXTS),
  ...textsIn(linesOf(shard).join("\n"), TEXTS),
];

/** What has to be true in the end, whatever has happened. */
async function expectErased(shard: ArchivingShard, others: string[]): Promise<void> {
  expect(found(shard)).toEqual([]);
  expect(otherLines(shard)).toEqual(others);
  const { breaks, unnamed } = await verify(sourceOf(shard, SHARD));
  expect({ breaks, unnamed }).toEqual({ breaks: [], unnamed: [] });
  for (const key of ["a1", "a2", "a3", "o1", "o3"]) {
    const command = { kind: "create", ...about(key), idempotency_key: key } as const;
    const again = await shard.execute({ ...command, request: requestOf(OWN) } as Command, now);
    const isOwn = key.startsWith("a");
    expect(again).toMatchObject(isOwn ? { kind: "done", replayed: true } : { kind: "refused" });
  }
}

describe("erasing in the archive", () => {
  it("No text of the customer is left in tables or objects, other payments have the same lines, and the archive verifies", async () => {
    const shard = await shardWithBoth();
    const others = otherLines(shard);
    const before = shard.segments.list(0, 10);
    expect(await eraseAll(shard)).toEqual({ segments: 2, objects: 0 });
    await expectErased(shard, others);
    expect(
      shard.segments.list(0, 10).map(({ number, payments }) => ({ number, payments })),
    ).toEqual(before.map(({ number, payments }) => ({ number, payments })));
    expect(shard.r2.objects.size).toBe(4);
    expect(await eraseArchive(shard)).toEqual({ segments: 0, objects: 0 });
  });

  it("The manifest names the one that it replaces, and everything else in it is the same", async () => {
    const shard = await shardWithBoth();
    const ref = shard.segments.find(1);
    if (!ref) throw new Error("no segment");
    const before = await shard.store.readManifest(ref);
    await eraseAll(shard);
    const after = await shard.store.readManifest({
      ...ref,
      hash: shard.segments.find(1)?.hash ?? "",
    });
    expect(after).toMatchObject({
      ...before,
      replaces: [{ hash: ref.hash, reason: "erasure", at: new Date(now).toISOString() }],
      data: { key: expect.any(String) },
      blocks: before.blocks.map(({ payments, first }) => ({ payments, first })),
    });
    const next = await shard.store.readManifest(shard.segments.find(2) ?? ref);
    expect(next.previous).toBe(ref.hash);
  });

  it("A payment that was erased and archived again stays as it is, and so does a later erasure's segment", async () => {
    const shard = await shardWithBoth();
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    await archive(shard);
    expect(shard.journal.archived.placeOf(idOf("a1"))?.segment).toBe(3);
    await eraseArchive(shard);
    const others = otherLines(shard);
    await expectErased(shard, others);
    const another = { ...customer, user_id: "another" };
    expect(await shard.erase({ ...another, shard: SHARD, after: START }, now)).toMatchObject({
      ...{ segments: 0, next: START },
      current: expect.arrayContaining([idOf("o1"), idOf("o2")]),
    });
  });

  it("A payment that is still the one in the archive is named and not changed", async () => {
    const shard = await shardWithBoth();
    const before = new Map(shard.r2.objects);
    const step = await shard.erase({ ...customer, shard: SHARD, after: START }, now);
    expect(step).toEqual({
      ...{ segments: 0, objects: 0, next: START },
      current: expect.arrayContaining([idOf("a1"), idOf("a2")]),
    });
    expect(shard.r2.objects).toEqual(before);
  });

  it("Payments of after the request stay in their segments", async () => {
    const shard = await shardWithBoth();
    const before = new Map(shard.r2.objects);
    const earlier = { ...customer, through_ms: NOW_MS - 1 };
    for (let after: ErasurePlace | null = START; after; ) {
      after = (await shard.erase({ ...earlier, shard: SHARD, after }, now)).next;
    }
    expect(shard.r2.objects).toEqual(before);
  });
});

describe("faults", () => {
  /** The operations of R2 that an erasure makes. */
  async function operations(): Promise<number> {
    const shard = await shardWithBoth();
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    const before = shard.r2.operations;
    await eraseArchive(shard);
    return shard.r2.operations - before;
  }

  it.each(["goes on", "starts again"])(
    "When R2 fails at any operation, before or after it has an effect, and the shard %s, the same steps end it",
    async (then) => {
      const all = await operations();
      expect(all).toBeGreaterThan(10);
      for (let failing = 0.5; failing <= all; failing += 0.5) {
        now = NOW_MS;
        const shard = await shardWithBoth();
        const others = otherLines(shard);
        for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
        const at = shard.r2.operations + failing;
        shard.r2.before = (operation) => {
          if (operation === at) throw new Error("R2 failed");
        };
        await eraseArchive(shard).catch(() => undefined);
        shard.r2.before = () => {};
        now += 1;
        if (then === "starts again") shard.restart();
        await eraseArchive(shard);
        const { breaks } = await verify(sourceOf(shard, SHARD));
        expect({ failing, breaks, found: found(shard) }).toEqual({
          failing,
          breaks: [],
          found: [],
        });
        expect([...new Set(otherLines(shard))]).toEqual(others);
      }
    },
  );

  it("A write of R2 that ends late is waited for, and what it wrote is deleted", async () => {
    const shard = await shardWithBoth();
    const others = otherLines(shard);
    await pay(shard, "a4");
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const at = shard.r2.operations + 1;
    shard.limitMs = 5;
    shard.restart();
    shard.r2.before = (operation) => (operation === at ? opened : undefined);
    await archive(shard); // Fails, because the write hangs.
    expect(shard.segments.last()?.number).toBe(2);
    await erase(shard, "a4");
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    await expect(eraseArchive(shard)).rejects.toThrow("no end within");
    open();
    await until(() => shard.r2.objects.size === 5);
    expect(await eraseArchive(shard)).toMatchObject({ objects: 1 });
    await expectErased(shard, others);
  });
});

describe("objects of attempts that were given up", () => {
  /** Leaves what an attempt has written that did not commit. */
  async function giveUp(shard: ArchivingShard): Promise<void> {
    const { operations } = shard.r2;
    shard.r2.before = (operation) => {
      if (operation === operations + 3) throw new Error("R2 failed"); // The manifest is not written.
    };
    await archive(shard);
    shard.r2.before = () => {};
  }

  it.each([1, 2, 1_000])(
    "They are deleted when they have the customer's data, in pages of %i objects",
    async (page) => {
      const shard = await shardWithBoth();
      const others = otherLines(shard);
      await pay(shard, "a4");
      await giveUp(shard);
      for (const key of ["a4"]) await erase(shard, key);
      // The attempt is repeated with the payment of another customer: the same number has two files.
      await pay(shard, "o4");
      await archive(shard);
      expect(shard.segments.last()?.number).toBe(3);
      const sealed = otherLines(shard);
      shard.r2.pageObjects = page;
      expect(await eraseAll(shard)).toEqual({ segments: 2, objects: 1 });
      expect(found(shard)).toEqual([]);
      expect(otherLines(shard)).toEqual(sealed);
      expect(sealed.length).toBe(others.length + 1);
      expect((await verify(sourceOf(shard, SHARD))).breaks).toEqual([]);
    },
  );

  it("Those of other customers stay, and what cannot be read is deleted after an hour", async () => {
    const shard = await shardWithBoth();
    await pay(shard, "o4");
    await giveUp(shard);
    const key = `segments/${SHARD}/00000009-0123456789abcdef.ndjson.gz`;
    shard.r2.objects.set(key, new Uint8Array([1, 2, 3]));
    shard.r2.uploadedMs = now;
    expect(await eraseAll(shard)).toEqual({ segments: 2, objects: 0 });
    expect(shard.r2.objects.size).toBe(6);
    now += 3_600_000;
    expect(await eraseArchive(shard)).toEqual({ segments: 0, objects: 1 });
    expect(shard.r2.objects.has(key)).toBe(false);
  });

  it("Data is suspected of being given up when it is of no segment, twice there, or at the end of a page", () => {
    const data = (number: number, hash: string) =>
      `segments/shard-0/${String(number).padStart(8, "0")}-${hash.repeat(16)}.ndjson.gz`;
    const keys = [1, 2, 3, 4, 5].map((number) => data(number, "a"));
    const isSegment = (number: number) => number !== 4;
    expect([...selectSuspects([...keys, data(2, "b")].sort(), isSegment)].sort()).toEqual(
      [data(1, "a"), data(2, "a"), data(2, "b"), data(4, "a"), data(5, "a")].sort(),
    );
    expect(
      selectSuspects(["segments/shard-0/00000001-0123456789abcdef.json"], isSegment).size,
    ).toBe(0);
  });
});

describe("what runs beside it", () => {
  it("A pass that has read a payment before its erasure, and writes it after that, is waited for", async () => {
    const shard = await shardWithBoth();
    const others = otherLines(shard);
    await pay(shard, "a4");
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { operations } = shard.r2;
    shard.r2.before = (operation) => (operation === operations + 1 ? opened : undefined);
    const pass = archive(shard);
    await until(() => shard.r2.operations === operations + 1);
    for (const key of ["a1", "a2", "a3", "a4"]) await erase(shard, key);
    let isDone = false;
    const erased = eraseArchive(shard).finally(() => {
      isDone = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isDone).toBe(false);
    open();
    await pass;
    // The pass has sealed the old text, in a line to which nothing refers.
    expect(await erased).toEqual({ segments: 3, objects: 0 });
    await expectErased(shard, others);
  });

  it("A pass that would begin meanwhile waits until the step has ended", async () => {
    const shard = await shardWithBoth();
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    const erased = eraseArchive(shard);
    const passed = archive(shard);
    await Promise.all([erased, passed]);
    await eraseArchive(shard);
    expect(found(shard)).toEqual([]);
    expect((await verify(sourceOf(shard, SHARD))).breaks).toEqual([]);
  });

  /** Suspends the first read of an object until the erasure has ended. */
  function suspend(shard: ArchivingShard): () => void {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { operations } = shard.r2;
    shard.r2.before = (operation) => (operation === operations + 1 ? opened : undefined);
    return open;
  }

  it("A read that has begun before a segment was replaced reads the new one", async () => {
    const shard = await shardWithBoth();
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    const open = suspend(shard);
    const id = idOf("o1");
    const read = shard.reader.withHeld([id], () => shard.journal.findText(id)?.data, "unavailable");
    await eraseArchive(shard);
    open();
    expect(JSON.parse(String(await read))).toMatchObject({ id, user_id: "another" });
  });

  it("A list that has begun before a segment was replaced is complete", async () => {
    const shard = await shardWithBoth();
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    const open = suspend(shard);
    const query = { merchant_id: MERCHANT, filter: {}, after: undefined, order: "desc", limit: 10 };
    const list = shard.reader.read((store) =>
      listArchived(shard.storage.sql, shard.journal, store, { ...query, order: "desc" as const }),
    );
    await eraseArchive(shard);
    open();
    const items = (await list)?.items.map(({ text }) => JSON.parse(text) as Transaction);
    expect(items?.map(({ user_id }) => user_id).sort()).toEqual([
      ...["another", "another", "another"],
      ...["erased", "erased", "erased"],
    ]);
  });

  it("An operator who puts a segment back while it is replaced gets its payments", async () => {
    const shard = await shardWithBoth();
    for (const key of ["a1", "a2", "a3"]) await erase(shard, key);
    const open = suspend(shard);
    const restored = shard.restore(1, now + HOT_MS);
    await eraseArchive(shard);
    open();
    expect(await restored).toBe(2);
    expect(found(shard)).toEqual([]);
  });
});
