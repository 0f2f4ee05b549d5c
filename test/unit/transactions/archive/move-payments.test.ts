/** Payments leave the tables some in each commit, whatever happens between two of them. */
import { beforeEach, expect, it, vi } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { MOVED_AT_ONCE } from "../../../../src/transactions/archive/move-payments";
import type { Command } from "../../../../src/transactions/commands/command";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "../../../support/examples";

const KEYS = Array.from({ length: 2 * MOVED_AT_ONCE + 50 }, (_, at) => `order-${at}`);
const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
const IDS = [...KEYS.slice(0, -1), "charged"].map(idOf);

let betweenTurns: () => Promise<unknown>;
beforeEach(() => {
  betweenTurns = async () => {};
  vi.stubGlobal("scheduler", { wait: () => betweenTurns() });
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 10 * HOT_MS);
  return () => vi.unstubAllGlobals();
});

const CHARGED = idOf("charged");
const about = { merchant_id: MERCHANT, transaction_id: CHARGED, traceparent: TRACEPARENT };

/** A shard whose last payment, also in the order of a segment, is charged. */
async function paidShard(): Promise<ArchivingShard> {
  const shard = new ArchivingShard();
  for (const key of KEYS.slice(0, -1)) await shard.pay(key, NOW_MS);
  const answer = { kind: "done" } as const;
  const request = requestOf({});
  const commands: Command[] = [
    { kind: "create", ...about, idempotency_key: "charged", request },
    { kind: "process", ...about },
    { kind: "record", ...about, operation: "charge", claimed_version: 2, answer },
  ];
  for (const command of commands) await shard.execute(command, NOW_MS + 1);
  return shard;
}

const countArchived = ({ storage: { sql } }: ArchivingShard): number =>
  sql.exec<{ count: number }>("SELECT count(*) AS count FROM archived").one().count;

/** The segment of each payment; 0 for those in the tables. Each is in one place. */
function segmentsOf({ journal }: ArchivingShard): number[] {
  return IDS.map((id) => {
    const place = journal.archived.placeOf(id);
    expect(journal.events.readFirst(id) === undefined).toBe(place !== undefined);
    return place?.segment ?? 0;
  });
}

/** How many are in each segment. */
function countOf(shard: ArchivingShard): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const segment of segmentsOf(shard)) counts[segment] = (counts[segment] ?? 0) + 1;
  return counts;
}

it("All payments of a segment leave the tables and the book, in commits of a bounded size", async () => {
  const shard = await paidShard();
  const { storage } = shard;
  const { transactionSync } = storage;
  const placed: number[] = [];
  storage.transactionSync = (work) => {
    const value = transactionSync(work);
    placed.push(countArchived(shard));
    return value;
  };
  shard.restart();
  await shard.archiver.runNow();
  expect(placed).toEqual([MOVED_AT_ONCE, 2 * MOVED_AT_ONCE, KEYS.length]);
  expect(countOf(shard)).toEqual({ 1: KEYS.length });
  expect(shard.removed.map(({ id }) => id).sort()).toEqual(IDS.toSorted());
});

it("When the object ends between two commits, those that are left are archived in another segment", async () => {
  const shard = await paidShard();
  const { storage } = shard;
  const { transactionSync } = storage;
  let commits = 0;
  storage.transactionSync = (work) => {
    commits += 1;
    if (commits === 2) throw new Error("the object ends");
    return transactionSync(work);
  };
  shard.restart();
  await shard.archiver.runNow();
  expect(countOf(shard)).toEqual({ 0: KEYS.length - MOVED_AT_ONCE, 1: MOVED_AT_ONCE });
  shard.restart();
  await shard.archiver.runNow();
  expect(countOf(shard)).toEqual({ 1: MOVED_AT_ONCE, 2: KEYS.length - MOVED_AT_ONCE });
  expect(new Set(shard.removed.map(({ id }) => id))).toEqual(new Set(IDS));
  expect(shard.segments.firstInBook()).toBeUndefined();
  const texts = await shard.reader.withHeld(
    IDS,
    () => IDS.map((id) => shard.journal.findText(id)?.data),
    [],
  );
  expect(texts.filter((text) => text === undefined)).toEqual([]);
});

it("A payment that changes between two commits stays in the tables", async () => {
  const shard = await paidShard();
  const refund = { kind: "refund", ...about, idempotency_key: "refund", amount: "1" } as const;
  const refunded = vi.fn(() =>
    shard.execute({ ...refund, reason: null, metadata: {} }, NOW_MS + 10 * HOT_MS),
  );
  betweenTurns = async () => {
    if (countArchived(shard) === MOVED_AT_ONCE && refunded.mock.calls.length === 0)
      await refunded();
  };
  await shard.archiver.runNow();
  expect(await refunded.mock.results[0]?.value).toMatchObject({ kind: "pending" });
  expect(countOf(shard)).toEqual({ 0: 1, 1: KEYS.length - 1 });
  expect(segmentsOf(shard).at(-1)).toBe(0);
  expect(shard.removed.map(({ id }) => id)).not.toContain(CHARGED);
});

it("A payment that changes after it was selected and before it is read stays in the tables", async () => {
  const shard = await paidShard();
  const { journal } = shard;
  const refund = { kind: "refund", ...about, idempotency_key: "refund", amount: "1" } as const;
  const request = { ...refund, reason: null, metadata: {} };
  const later = NOW_MS + 10 * HOT_MS;
  const read = vi.spyOn(journal.events, "readHistories");
  const isRead = () => read.mock.calls.some(([ids]) => ids.includes(CHARGED));
  const refunded = vi.fn(() => shard.execute(request, later));
  betweenTurns = async () => {
    if (read.mock.calls.length === 0 || refunded.mock.calls.length > 0) return;
    expect(isRead()).toBe(false);
    await refunded();
  };
  await shard.archiver.runNow();
  expect(isRead()).toBe(true);
  expect(countOf(shard)).toEqual({ 0: 1, 1: KEYS.length - 1 });
  expect(segmentsOf(shard).at(-1)).toBe(0);
  shard.restart();
  const [open] = shard.journal.charges.due(later, 10);
  expect(open?.id).toBe(shard.journal.refunds.of(CHARGED)[0]?.refund.id);
  expect(await shard.execute(request, later)).toMatchObject({ kind: "pending", replayed: true });
});
