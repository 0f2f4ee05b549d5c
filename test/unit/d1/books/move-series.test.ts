/** Random lives of payments of three merchants in two books, with moves in between, beside the same in one book. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { mergeTotals } from "../../../../src/d1/books/merge-totals";
import { advanceMove, KEEP_MS } from "../../../../src/d1/books/moves/advance";
import { readTotals } from "../../../../src/d1/totals";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { journals, MERCHANTS, steps, toWrites } from "../../../support/journals";
import { movingBooks, SMALL } from "../../../support/moving-books";

type Move = { merchant: string; to: number; steps: number };

/** Before each write some steps of a move; one that is under way is continued, wherever it goes. */
const moves = fc.infiniteStream(
  fc.record({
    merchant: fc.constantFrom(...MERCHANTS),
    to: fc.constantFrom(1, 2),
    steps: fc.nat(25),
  }),
);

async function write(
  all: EventRecord[][],
  { shard, from, to }: { shard: number; from: number; to: number },
  by: (events: EventRecord[]) => Promise<unknown>,
): Promise<void> {
  const events = all[shard]?.slice(from, to) ?? [];
  // A shard's write; what the fence refuses waits, and is written in order.
  for (const own of Map.groupBy(events, ({ merchant_id }) => merchant_id).values()) await by(own);
}

it("Three merchants that move between two books have the same lists, refunds, hours and feed as in one, and totals add up", async () => {
  await fc.assert(
    fc.asyncProperty(journals, steps, moves, async (all, taken, drawn) => {
      const moving = movingBooks(MERCHANTS);
      const still = movingBooks(MERCHANTS);
      let nowMs = moving.now();
      const targets = new Map<string, number>();
      const step = async (merchant: string, to: number) => {
        const target = targets.get(merchant) ?? to;
        targets.set(merchant, target);
        const made = await advanceMove(moving.env, merchant, target, nowMs, SMALL);
        if (made?.phase === "done") targets.delete(merchant);
        if (made?.wait_ms) nowMs += KEEP_MS;
      };
      /** Where each event of the feed was seen. */
      const seen = new Map<string, number>();
      const look = async (merchant: string) => {
        const { feed } = await moving.readAll(merchant);
        for (const { place, transaction_id, sequence } of feed) {
          const key = `${merchant} ${transaction_id} ${sequence}`;
          expect(seen.get(key) ?? place).toBe(place);
          seen.set(key, place);
        }
      };
      for (const part of toWrites(all, taken)) {
        const { merchant, to, steps: count } = drawn.next().value as Move; // Without an end.
        for (let at = 0; at < count; at++) await step(merchant, to);
        await write(all, part, async (events) => {
          for (let tries = 0; !(await moving.write(events)); tries++) {
            if (tries > 500) throw new Error("never written");
            for (const [id, target] of [...targets]) await step(id, target);
          }
        });
        await write(all, part, still.write);
        await look(merchant);
      }
      for (const [id, target] of [...targets]) {
        for (let at = 0; targets.has(id); at++) {
          if (at > 2_000) throw new Error("the move does not end");
          await step(id, target);
        }
      }
      for (const merchant of MERCHANTS) {
        await look(merchant);
        const [found, wanted] = [await moving.readAll(merchant), await still.readAll(merchant)];
        const orderOf = ({ feed }: typeof found) =>
          feed.map(({ transaction_id, sequence }) => `${transaction_id} ${sequence}`);
        expect(orderOf(found)).toEqual(orderOf(wanted));
        expect({ ...found, feed: [] }).toEqual({ ...wanted, feed: [] });
        const other = moving.bookOf(merchant) === 1 ? 2 : 1;
        expect(moving.countRows(merchant, other)).toBe(0);
      }
      const totalsOf = async ({ dbOf }: typeof moving) => {
        const books = await Promise.all([1, 2].map((book) => readTotals(dbOf(book), 5_000)));
        return mergeTotals(books.map(({ book }) => book))
          .map((total) => JSON.stringify(total))
          .sort();
      };
      expect(await totalsOf(moving)).toEqual(await totalsOf(still));
    }),
    { numRuns: 10 },
  );
});
