/** The book is written again from what is in the shard, and counts nothing twice that is or was in the archive. */
import { beforeEach, expect, it, vi } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "../../../support/examples";

const LATER_MS = NOW_MS + 10 * HOT_MS;
const idOf = (key: string) => deriveTransactionId(MERCHANT, key);

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  vi.spyOn(Date, "now").mockReturnValue(LATER_MS);
  return () => vi.unstubAllGlobals();
});

/** A shard with two payments that are final, and one that is not. */
async function shardWithPayments(): Promise<ArchivingShard> {
  const shard = new ArchivingShard();
  for (const key of ["a", "b"]) await shard.pay(key, NOW_MS);
  const about = { merchant_id: MERCHANT, transaction_id: idOf("open"), traceparent: TRACEPARENT };
  const request = requestOf();
  await shard.execute({ kind: "create", ...about, idempotency_key: "open", request }, NOW_MS);
  return shard;
}

it("What was archived is not written again with the book, also while the object has its events in memory", async () => {
  const shard = await shardWithPayments();
  const delivered: string[] = [];
  const relay = new OutboxRelay(shard.journal, {
    name: "book",
    deliver: async (events: EventRecord[]) => {
      delivered.push(...events.map(({ transaction_id }) => transaction_id));
    },
    onFailure: () => {},
  });
  await relay.drain(LATER_MS);
  await shard.archiver.runNow();
  expect(shard.journal.archived.placeOf(idOf("a"))).toBeDefined();
  delivered.length = 0;
  relay.rewind(LATER_MS);
  await relay.drain(LATER_MS);
  expect(delivered).toEqual([idOf("open")]);
  expect(relay.deliveredThrough).toBe(shard.journal.lastPosition);
});

it("A payment stays in the tables when the book begins anew while its segment is written", async () => {
  const shard = await shardWithPayments();
  shard.r2.before = (operation) => {
    if (operation === 2) shard.settledThrough = () => 2;
  };
  await shard.archiver.runNow();
  const places = ["a", "b"].map((key) => shard.journal.archived.placeOf(idOf(key)));
  expect(places).toEqual([{ segment: 1, block: 0 }, undefined]);
  expect(shard.removed.map(({ id }) => id)).toEqual([idOf("a")]);
});

it("What was put back is not taken out of a book that was set back", async () => {
  const shard = await shardWithPayments();
  await shard.archiver.runNow();
  const { segments, removed } = shard;
  expect(await shard.restore(1, LATER_MS + HOT_MS)).toBe(2);
  removed.length = 0;
  shard.archiver.bookWasSetBack(LATER_MS);
  await shard.archiver.runNow();
  expect(removed).toEqual([]);
  expect(segments.firstInBook()).toBeUndefined();
});

it("With HOT_DAYS 0 what is in the archive is still taken out of a book that was set back, and nothing more is archived", async () => {
  const shard = await shardWithPayments();
  await shard.archiver.runNow();
  shard.removed.length = 0;
  const about = { merchant_id: MERCHANT, transaction_id: idOf("open"), traceparent: TRACEPARENT };
  await shard.execute({ kind: "cancel", ...about }, NOW_MS);
  shard.hotMs = 0;
  shard.restart();
  expect(shard.archiver.dueAtMs(LATER_MS)).toBeUndefined();
  shard.archiver.bookWasSetBack(LATER_MS);
  expect(shard.archiver.dueAtMs(LATER_MS)).toBe(LATER_MS);
  await shard.archiver.runNow();
  expect(shard.removed.map(({ id }) => id).toSorted()).toEqual([idOf("a"), idOf("b")].toSorted());
  expect(shard.journal.archived.placeOf(idOf("open"))).toBeUndefined();
  expect(shard.archiver.dueAtMs(LATER_MS)).toBeUndefined();
});
