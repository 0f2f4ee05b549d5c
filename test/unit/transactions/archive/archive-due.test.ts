/** When a shard begins to archive: as long as it lives, and also after its clock was wrong. */
import { beforeEach, expect, it, vi } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { MERCHANT, NOW_MS } from "../../../support/examples";

const YEAR_MS = 365 * 86_400_000;
const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
const isArchived = ({ journal }: ArchivingShard, key: string) =>
  journal.archived.placeOf(idOf(key)) !== undefined;

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => vi.unstubAllGlobals();
});

async function archive({ archiver }: ArchivingShard, nowMs: number): Promise<void> {
  vi.spyOn(Date, "now").mockReturnValue(nowMs);
  await archiver.runNow();
}

it("A shard whose payments are all archived begins again with the next ones", async () => {
  const shard = new ArchivingShard();
  const later = NOW_MS + 10 * HOT_MS;
  await shard.pay("a", NOW_MS);
  await archive(shard, later);
  expect(isArchived(shard, "a")).toBe(true);
  // The object lives on, and is asked while its tables are empty.
  for (const at of [later, later + HOT_MS, later + 2 * HOT_MS]) shard.archiver.dueAtMs(at);
  const paid = later + 3 * HOT_MS;
  await shard.pay("b", paid);
  expect(shard.archiver.dueAtMs(paid + 10 * HOT_MS)).toBe(paid + 10 * HOT_MS);
});

it("Payments that a clock far ahead has dated wait for their time, and no others for them", async () => {
  const shard = new ArchivingShard();
  const now = NOW_MS + 10 * HOT_MS;
  await shard.pay("ahead", NOW_MS + YEAR_MS);
  await shard.pay("a", NOW_MS);
  expect(shard.archiver.dueAtMs(now)).toBe(now);
  await archive(shard, now);
  expect([isArchived(shard, "a"), isArchived(shard, "ahead")]).toEqual([true, false]);
  await archive(shard, now + YEAR_MS);
  expect(isArchived(shard, "ahead")).toBe(true);
});

it("A damaged segment that is to be taken out of the book keeps no payment from being archived", async () => {
  const shard = new ArchivingShard();
  const now = NOW_MS + 10 * HOT_MS;
  await shard.pay("a", NOW_MS);
  await archive(shard, now);
  shard.r2.objects.clear();
  shard.archiver.bookWasSetBack(now);
  await shard.pay("b", now);
  await archive(shard, now + 10 * HOT_MS);
  expect(isArchived(shard, "b")).toBe(true);
  expect(shard.segments.firstInBook()?.number).toBe(1);
});
