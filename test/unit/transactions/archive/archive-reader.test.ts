/** What is read from the archive for a request is in memory until the request has ended, and no longer. */
import { beforeEach, expect, it, vi } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { MERCHANT, NOW_MS } from "../../../support/examples";

const KEYS = ["a", "b", "c"];
const IDS = KEYS.map((key) => deriveTransactionId(MERCHANT, key));

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => vi.unstubAllGlobals();
});

/** A shard whose payments are all in the archive. */
async function archived(): Promise<ArchivingShard> {
  const shard = new ArchivingShard();
  for (const key of KEYS) await shard.pay(key, NOW_MS);
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 10 * HOT_MS);
  await shard.archiver.runNow();
  return shard;
}

const heldIn = ({ journal }: ArchivingShard) => IDS.filter((id) => journal.archived.find(id));

it("What was read is held while the work runs, and released after it", async () => {
  const shard = await archived();
  const held = await shard.reader.withHeld(IDS, () => heldIn(shard), "unavailable" as const);
  expect(held).toEqual(IDS);
  expect(heldIn(shard)).toEqual([]);
});

it("When one read fails, what the others have read is released too, also when they end later", async () => {
  const shard = await archived();
  const { operations } = shard.r2;
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  shard.r2.before = async (operation) => {
    if (operation === operations + 1) throw new Error("R2 failed");
    await opened;
  };
  const read = shard.reader.withHeld(IDS, () => "read", "unavailable" as const);
  setTimeout(open, 5);
  expect(await read).toBe("unavailable");
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(shard.r2.operations).toBeGreaterThan(operations + 1);
  expect(heldIn(shard)).toEqual([]);
});

it("Work whose payment was put back and archived again meanwhile is refused, and not a fault", async () => {
  const shard = await archived();
  const work = async () => {
    await shard.restore(1, 0);
    await shard.archiver.runNow();
    return shard.journal.find(IDS[0] ?? "");
  };
  const result = await shard.reader.withHeld(IDS, work, "unavailable" as const);
  expect(result).toBe("unavailable");
  expect(shard.journal.archived.placeOf(IDS[0] ?? "")?.segment).toBe(2);
});
