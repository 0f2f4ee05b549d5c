/** Moves that are interrupted: a caller that ends at any call of D1, before it or after it, and callers at the same time. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { advanceMove } from "../../../../src/d1/books/moves/advance";
import { removeArchived } from "../../../../src/d1/transactions/remove-archived";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { life, refunded, toRecord } from "../../../support/lives";
import { movingBooks, SMALL } from "../../../support/moving-books";

const lifeOf = (merchant: string, key: string): EventRecord[] =>
  refunded(life(key, "completed"), [[1_000, "succeeded"]]).map((event) =>
    toRecord(event, merchant),
  );

async function filled(payments: number) {
  const made = movingBooks(["mer_a"]);
  for (let at = 0; at < payments; at++) await made.write(lifeOf("mer_a", `order-${at}`));
  return made;
}

const idOf = (text: string) => (JSON.parse(text) as Transaction).id;

it("A move that ends at any call of D1, with the call done or not, is continued by another caller", async () => {
  let calls = 1;
  let books = await filled(2);
  for (let at = 1; at <= calls; at++) {
    // Making books takes longer than a move.
    if (at % 12 === 0) books = await filled(2);
    const { interfere, move, write, readAll, countRows, bookOf } = books;
    for (const when of ["before", "after"] as const) {
      const [from, to] = bookOf("mer_a") === 1 ? [1, 2] : [2, 1];
      const before = await readAll("mer_a");
      const killed = interfere({
        [when]: (call: number) => {
          if (call === at) throw new Error("killed");
        },
      });
      const end = await move("mer_a", to, undefined, killed.env).catch(String);
      if (end === undefined) {
        calls = Math.min(at, killed.calls());
        continue;
      }
      calls = Math.max(calls, at + 1);
      const later = lifeOf("mer_a", `later-${at}-${when}`);
      const isWritten = await write(later);
      await move("mer_a", to);
      expect(bookOf("mer_a")).toBe(to);
      if (!isWritten) expect(await write(later)).toBe(true);
      const { payments, feed } = await readAll("mer_a");
      expect(payments.map(idOf).toSorted()).toEqual(
        [...before.payments.map(idOf), later[0]?.transaction_id].toSorted(),
      );
      expect(feed.slice(0, before.feed.length)).toEqual(before.feed);
      expect(feed.length).toBe(before.feed.length + later.length);
      expect(countRows("mer_a", from)).toBe(0);
    }
  }
  expect(calls).toBeGreaterThan(40);
});

it("A step that arrives late, when another caller has ended the move, changes nothing", async () => {
  // Each step makes its last call to the book that gets the merchant.
  for (let late = 0; late < 18; late++) {
    const { interfere, move, write, readAll, env, now } = await filled(2);
    for (let step = 0; step < late; step++) await advanceMove(env, "mer_a", 2, now(), SMALL);
    let go = () => {};
    const released = new Promise<void>((resolve) => {
      go = resolve;
    });
    // Directory, arrival, what is read of the source, and then the write.
    const slow = interfere({ before: (call) => (call >= 4 ? released : undefined) });
    const step = advanceMove(slow.env, "mer_a", 2, now(), SMALL);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const event = lifeOf("mer_a", "order-1").at(-1) as EventRecord;
    const { id, created_at, version } = JSON.parse(event.data) as Transaction;
    await removeArchived(env.DB, [{ merchant_id: "mer_a", id, created_at, version }]).catch(
      () => {},
    );
    await move("mer_a", 2);
    expect(await write(lifeOf("mer_a", "after"))).toBe(true);
    const after = await readAll("mer_a", 2);
    go();
    await step.catch(() => {});
    expect(await readAll("mer_a", 2)).toEqual(after);
    expect(await write(lifeOf("mer_a", "later"))).toBe(true);
  }
});

/** Waits so many turns of the event loop as are drawn. */
const turns = (draws: Iterator<number>) => async () => {
  for (let left = draws.next().value ?? 0; left > 0; left--) await Promise.resolve();
};

it("Two callers of a move, the shard's writes and the archive at the same time lose and double nothing, in any order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fc.nat(40)),
      fc.array(fc.constantFrom(2, 3, 1), { minLength: 1, maxLength: 3 }),
      async (draws, targets) => {
        const { interfere, move, write, readAll, bookOf, env } = await filled(3);
        const wait = turns(draws);
        const callers = [0, 1].map(() => interfere({ before: wait, after: wait }).env);
        const gone = lifeOf("mer_a", "order-1").at(-1) as EventRecord;
        let isMoving = true;
        const written: EventRecord[] = [];
        const shard = async () => {
          for (let at = 0; isMoving && at < 12; at++) {
            const events = lifeOf("mer_a", `later-${at}`);
            while (!(await write(events))) await wait();
            written.push(...events);
            await wait();
          }
        };
        const archive = async () => {
          const { id, created_at, version } = JSON.parse(gone.data) as Transaction;
          const row = { merchant_id: "mer_a", id, created_at, version };
          for (let tries = 0; tries < 10_000; tries++) {
            await wait();
            const db = env[(["DB", "BOOK_2", "BOOK_3"] as const)[bookOf("mer_a") - 1] ?? "DB"];
            if (
              await removeArchived(db, [row]).then(
                () => true,
                () => false,
              )
            )
              return;
          }
          throw new Error("never removed");
        };
        const mover = async () => {
          for (const to of targets) {
            // The other one may be ahead, and on its way to the next book.
            const ends = await Promise.allSettled(
              callers.map((caller) => move("mer_a", to, wait, caller)),
            );
            for (const end of ends) if (end.status === "rejected") throw end.reason;
          }
          isMoving = false;
        };
        await Promise.all([mover(), shard(), archive()]);
        expect(bookOf("mer_a")).toBe(targets.at(-1));
        const { payments, feed, refunds } = await readAll("mer_a");
        const all = [0, 1, 2].flatMap((at) => lifeOf("mer_a", `order-${at}`)).concat(written);
        const ids = new Set(all.map(({ transaction_id }) => transaction_id));
        expect(new Set(feed.map((one) => `${one.transaction_id} ${one.sequence}`)).size).toBe(
          all.length,
        );
        expect(feed.length).toBe(all.length);
        expect(refunds.length).toBe(ids.size);
        ids.delete(gone.transaction_id);
        expect(payments.map(idOf).toSorted()).toEqual([...ids].toSorted());
      },
    ),
    { numRuns: 8 },
  );
});
