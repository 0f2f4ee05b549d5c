/** The pages of archived payments have all of them in order, whatever the segments are. */
import fc from "fast-check";
import { beforeEach, expect, it, vi } from "vitest";
import type { ListPlace } from "../../../../src/d1/transactions/list-source";
import type { ListFilter, Order } from "../../../../src/d1/transactions/select-rows";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { listArchived } from "../../../../src/transactions/archive/list-archived";
import type { Command } from "../../../../src/transactions/commands/command";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { NOW_MS, requestOf, TRACEPARENT } from "../../../support/examples";

const MERCHANTS = ["mer_a", "mer_b"];

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => vi.unstubAllGlobals();
});

/** A payment that is cancelled at once, created so many steps of time after the first. Payments of one group are archived
 *  together. */
const payment = fc.record({
  merchant: fc.constantFrom(...MERCHANTS),
  user_id: fc.constantFrom("u1", "u2"),
  amount_minor: fc.integer({ min: 1, max: 3 }),
  step: fc.nat(4),
});
const groups = fc.array(fc.array(payment, { minLength: 1, maxLength: 90 }), { maxLength: 6 });
const filters: fc.Arbitrary<ListFilter> = fc.record({
  user_id: fc.option(fc.constantFrom("u1", "u2"), { nil: undefined }),
  amount_minor: fc.option(fc.constant({ gte: 2 }), { nil: undefined }),
  created: fc.option(
    fc.record({
      from_ms: fc.option(
        fc.nat(40).map((ms) => NOW_MS + ms),
        { nil: undefined },
      ),
      until_ms: fc.option(
        fc.nat(40).map((ms) => NOW_MS + ms),
        { nil: undefined },
      ),
    }),
    { nil: undefined },
  ),
});

async function archiveGroups(made: typeof groups extends fc.Arbitrary<infer V> ? V : never) {
  const shard = new ArchivingShard();
  const all: Transaction[] = [];
  let number = 0;
  for (const [group, payments] of made.entries()) {
    for (const { merchant, step, ...fields } of payments) {
      const key = `key-${number++}`;
      const transaction_id = deriveTransactionId(merchant, key);
      const about = { merchant_id: merchant, transaction_id, traceparent: TRACEPARENT };
      const create: Command = {
        kind: "create",
        ...about,
        idempotency_key: key,
        request: requestOf(fields),
      };
      // Groups overlap in time.
      const atMs = NOW_MS + group * 3 + step;
      await shard.execute(create, atMs);
      await shard.execute({ kind: "cancel", ...about }, atMs);
      const found = shard.journal.find(transaction_id);
      if (found) all.push(found.transaction);
    }
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 10 * HOT_MS);
    await shard.archiver.runNow();
  }
  return { shard, all };
}

const sortBy = (order: Order) => (one: Transaction, other: Transaction) => {
  const [a, b] = [one.created_at + one.id, other.created_at + other.id];
  return (a < b ? -1 : Number(a > b)) * (order === "asc" ? 1 : -1);
};

it("The pages of a list have every payment that the filter chooses once, in order", async () => {
  const merchants = new Map<string, string>();
  await fc.assert(
    fc.asyncProperty(
      groups,
      filters,
      fc.constantFrom<Order>("asc", "desc"),
      fc.integer({ min: 1, max: 20 }),
      fc.record({
        reads: fc.integer({ min: 1, max: 6 }),
        segments: fc.integer({ min: 1, max: 7 }),
      }),
      fc.record({ segment: fc.nat(7), is_over: fc.boolean() }),
      async (made, filter, order, limit, limits, restored) => {
        const { shard, all } = await archiveGroups(made);
        const archived = all.filter(({ id }) => shard.journal.archived.placeOf(id));
        // Those that were put back are in the tables, or in a later segment too.
        await shard.restore(restored.segment, NOW_MS + (restored.is_over ? 0 : 20 * HOT_MS));
        await shard.archiver.runNow();
        const { gte = 0 } = filter.amount_minor ?? {};
        const { from_ms = 0, until_ms = Number.MAX_SAFE_INTEGER } = filter.created ?? {};
        const expected = archived
          .filter((one) => merchantOf(merchants, one) === "mer_a")
          .filter(({ user_id }) => filter.user_id === undefined || user_id === filter.user_id)
          .filter(({ amount_minor }) => amount_minor >= gte)
          .filter(({ created_at }) => {
            const at = Date.parse(created_at);
            return at >= from_ms && at < until_ms;
          })
          .toSorted(sortBy(order));
        const seen: string[] = [];
        let after: ListPlace | undefined;
        for (let pages = 0; pages < 2_000; pages++) {
          const query = { merchant_id: "mer_a", filter, after, order, limit };
          const { storage, journal, store } = shard;
          const page = await listArchived(storage.sql, journal, store, query, limits);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          // One that was put back may be in several segments.
          seen.push(...new Set(page.items.map(({ text }) => text)));
          if (!page.through) break;
          after = page.through;
        }
        expect(seen).toEqual(expected.map((one) => JSON.stringify(one)));
      },
    ),
    { numRuns: 100 },
  );
});

/** The merchant of a payment, by its id. */
function merchantOf(known: Map<string, string>, { id, idempotency_key }: Transaction): string {
  const merchant =
    known.get(id) ??
    MERCHANTS.find((one) => deriveTransactionId(one, idempotency_key) === id) ??
    "";
  known.set(id, merchant);
  return merchant;
}
