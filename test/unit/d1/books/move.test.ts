/** A merchant moves to another book, over Node's own SQLite and the committed migrations. */
import { describe, expect, it } from "vitest";
import { appendEvents } from "../../../../src/d1/append-events";
import { advanceMove } from "../../../../src/d1/books/moves/advance";
import { restoreListed } from "../../../../src/d1/transactions/move-earlier";
import { removeArchived } from "../../../../src/d1/transactions/remove-archived";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { heldLife, life, refunded, toRecord } from "../../../support/lives";
import { movingBooks, SMALL } from "../../../support/moving-books";

const lifeOf = (merchant: string, key: string): EventRecord[] =>
  refunded(life(key, "completed"), [[1_000, "succeeded"]]).map((event) =>
    toRecord(event, merchant),
  );
const some = (merchant: string, count: number, name = "order") =>
  Array.from({ length: count }, (_, at) => lifeOf(merchant, `${name}-${at}`)).flat();
const archivedAs = ({ merchant_id, data }: EventRecord) => {
  const { id, created_at, version } = JSON.parse(data) as Transaction;
  return { merchant_id, id, created_at, version };
};

async function filled() {
  const made = movingBooks(["mer_a", "mer_b"]);
  for (const event of [...some("mer_a", 5), ...some("mer_b", 3)]) await made.write([event]);
  return made;
}

describe("a merchant that moves", () => {
  it("Has every row in the other book, with the same places, and none in the one before", async () => {
    const { move, readAll, bookOf, countRows, rows } = await filled();
    const before = await readAll("mer_a");
    const other = await readAll("mer_b");
    expect(before.payments.length).toBe(5);
    expect(before.feed.length).toBe(25);
    expect(before.refunds.length).toBe(5);
    await move("mer_a", 2);
    expect(bookOf("mer_a")).toBe(2);
    expect(await readAll("mer_a")).toEqual(before);
    expect(countRows("mer_a", 1)).toBe(0);
    expect(await readAll("mer_b", 1)).toEqual(other);
    // Totals are where they were counted.
    expect(rows(1, "SELECT sum(count) AS n FROM totals")).toEqual([{ n: 40 }]);
    expect(rows(2, "SELECT sum(count) AS n FROM totals")).toEqual([{ n: null }]);
  });

  it("Goes on being written during every step, and loses and doubles nothing", async () => {
    const { move, write, readAll, bookOf, rows } = await filled();
    const written: EventRecord[] = [];
    const waiting: EventRecord[] = [];
    /** The last event of the newest payment: its refund succeeds later. */
    const rest: EventRecord[] = [];
    let refusals = 0;
    await move("mer_a", 3, async (step) => {
      // New payments, and changes of those that are there, in the middle of the copy too.
      if (step < 60 || step % 7 === 0) {
        const events = lifeOf("mer_a", `later-${step}`);
        waiting.push(...rest.splice(0), ...events.slice(0, 4));
        rest.push(...events.slice(4));
      }
      if (step === 20) waiting.push(...lifeOf("mer_b", "beside"));
      const isWritten = await write(waiting);
      if (isWritten) written.push(...waiting.splice(0));
      else refusals += 1;
    });
    waiting.push(...rest);
    expect(await write(waiting)).toBe(true);
    written.push(...waiting);
    expect(bookOf("mer_a")).toBe(3);
    expect(refusals).toBeGreaterThan(0);
    const { payments, feed, refunds, hours } = await readAll("mer_a");
    const all = [...some("mer_a", 5), ...written.filter((one) => one.merchant_id === "mer_a")];
    const texts = new Map(all.map(({ transaction_id, data }) => [transaction_id, data]));
    expect(payments.toSorted()).toEqual([...texts.values()].toSorted());
    const ids = all.map(({ transaction_id, sequence }) => `${transaction_id} ${sequence}`);
    const found = feed.map(({ transaction_id, sequence }) => `${transaction_id} ${sequence}`);
    expect(found.toSorted()).toEqual(ids.toSorted());
    const places = feed.map(({ place }) => place);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(new Set(places).size).toBe(places.length);
    expect(refunds.length).toBe(texts.size);
    expect(hours.reduce((sum, { created }) => sum + Number(created), 0)).toBe(texts.size);
    // The totals of both books together have each event once.
    const totals = [1, 3].map((book) =>
      Number(rows(book, "SELECT sum(count) AS n FROM totals")[0]?.n),
    );
    expect((totals[0] ?? 0) + (totals[1] ?? 0)).toBe(all.length + 15 + 5);
  });

  it("Has a refund that ended after it was copied as it ended", async () => {
    const { move, write, readAll, rows } = movingBooks(["mer_a"]);
    const events = lifeOf("mer_a", "order");
    await write(events.slice(0, 4));
    let isWritten = false;
    await move("mer_a", 2, async () => {
      const [row] = rows(2, "SELECT progress ->> '$.phase' AS phase FROM book_arrivals");
      if (isWritten || row?.phase !== "following") return;
      isWritten = await write(events.slice(4));
    });
    expect(isWritten).toBe(true);
    expect((await readAll("mer_a")).refunds).toEqual([events.at(-1)?.refund]);
  });

  it("Can move back, and on, and a shard with an old book follows each time", async () => {
    const { env, move, write, readAll, bookOf, countRows } = await filled();
    for (const [at, to] of [2, 1, 3, 2, 1].entries()) {
      await move("mer_a", to);
      expect(bookOf("mer_a")).toBe(to);
      // Through the cache, and by one that has never heard of the move.
      expect(await write(lifeOf("mer_a", `at-${at}`))).toBe(true);
      const stale = await appendEvents(env.DB, lifeOf("mer_a", `stale-${at}`)).catch(String);
      if (to !== 1) expect(stale).toContain("merchant_moved");
      const { payments } = await readAll("mer_a");
      expect(payments.length).toBe(5 + at + 1 + (to === 1 ? 1 : 0) + (at > 1 ? 1 : 0));
    }
    expect(countRows("mer_a", 2) + countRows("mer_a", 3)).toBe(0);
  });

  it("Can move before its first payment", async () => {
    const { move, write, readAll, bookOf } = movingBooks(["mer_a"]);
    await move("mer_a", 2);
    expect(bookOf("mer_a")).toBe(2);
    await write(lifeOf("mer_a", "first"));
    expect((await readAll("mer_a", 2)).payments.length).toBe(1);
    await move("mer_a", 1);
    expect((await readAll("mer_a", 1)).payments.length).toBe(1);
  });

  it("Has what was archived and restored during the copy as it is at its end", async () => {
    for (const gone of [4, 9, 14, 19, 24, 29, 34]) {
      const { env, move, readAll } = await filled();
      const [first, second] = [lifeOf("mer_a", "order-0"), lifeOf("mer_a", "order-4")].map(
        (events) => events.at(-1) as EventRecord,
      );
      if (!first || !second) throw new Error("both have events");
      await removeArchived(env.DB, [archivedAs(second)]);
      const refused: string[] = [];
      await move("mer_a", 2, async (step) => {
        if (step !== gone) return;
        for (const work of [
          () => removeArchived(env.DB, [archivedAs(first)]),
          () => restoreListed(env.DB, [second]),
        ]) {
          await work().catch((fault: Error) => refused.push(String(fault.cause ?? fault)));
        }
      });
      const { payments, archived_through_ms } = await readAll("mer_a");
      const ids = payments.map((text) => (JSON.parse(text) as Transaction).id);
      // Before the book is fenced both are done, and after that both are refused.
      expect([0, 2]).toContain(refused.length);
      for (const text of refused) expect(text).toContain("merchant_moved");
      expect(ids.includes(first.transaction_id)).toBe(refused.length > 0);
      expect(ids.includes(second.transaction_id)).toBe(refused.length === 0);
      expect(archived_through_ms).not.toBeNull();
    }
  });

  it("Takes the removal of the same payments again after the fence, though the newest archived time is the same", async () => {
    const { env, move } = await filled();
    const event = lifeOf("mer_a", "order-0").at(-1) as EventRecord;
    await removeArchived(env.DB, [archivedAs(event)]);
    await move("mer_a", 2);
    await expect(removeArchived(env.DB, [archivedAs(event)])).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining("merchant_moved") }),
    });
  });

  it("Has a feed that begins where it begins in the book before, also when it is shortened during the copy", async () => {
    for (const at of [3, 8, 12, 20, 30]) {
      const { move, readAll, rows } = await filled();
      const { feed } = await readAll("mer_a");
      const through = feed[11]?.place ?? 0;
      let isDone = false;
      await move("mer_a", 2, (step) => {
        if (step !== at) return;
        // As a write does that deletes what is older than the feed keeps.
        try {
          rows(1, `UPDATE feeds SET deleted_through = ${through} WHERE merchant_id = 'mer_a'`);
          rows(
            1,
            `DELETE FROM feed_events WHERE position IN (SELECT position FROM feeds JOIN feed_events
            ON position > feeds.id * 4398046511104 AND position <= feeds.id * 4398046511104 + ${through} WHERE merchant_id = 'mer_a')`,
          );
          isDone = true;
        } catch (fault) {
          expect(String(fault)).toContain("merchant_moved");
        }
      });
      expect((await readAll("mer_a")).feed).toEqual(isDone ? feed.slice(12) : feed);
      const bound = "SELECT deleted_through FROM feeds WHERE merchant_id = 'mer_a'";
      expect(rows(2, bound)).toEqual(rows(1, bound));
      const behind = `SELECT 1 FROM feeds JOIN feed_events ON position > feeds.id * 4398046511104
        AND position <= feeds.id * 4398046511104 + deleted_through WHERE merchant_id = 'mer_a'`;
      expect(rows(2, behind)).toEqual([]);
    }
  });

  it("Keeps strange customers' ids and amounts above 2^53 byte by byte", async () => {
    const { move, write, readAll, rows } = movingBooks(["mer_a"]);
    const events = heldLife("strange", "approve", "completed").map((event) => {
      const data = {
        ...event.data,
        user_id: "ü\u0000'\"\\\ud83d\ude00",
        amount_minor: 2 ** 53 - 1,
      };
      return toRecord({ ...event, data }, "mer_a");
    });
    await write(events);
    const hours =
      "SELECT sum(created_minor / 1000) AS n FROM hourly_totals WHERE merchant_id = 'mer_a'";
    for (let count = 0; count < 3; count++) await write(lifeOf("mer_a", `order-${count}`));
    const before = [await readAll("mer_a"), rows(1, hours)];
    await move("mer_a", 2);
    expect([await readAll("mer_a"), rows(2, hours)]).toEqual(before);
  });
});

describe("a move that cannot be", () => {
  it("Is refused while another one of the merchant goes elsewhere, and with rows of an earlier release", async () => {
    const { env, rows, now } = await filled();
    await advanceMove(env, "mer_a", 2, now(), SMALL);
    await expect(advanceMove(env, "mer_a", 3, now(), SMALL)).rejects.toThrow(
      "The merchant is being moved to book 2.",
    );
    rows(
      1,
      `INSERT INTO transactions (id, merchant_id, idempotency_key, user_id, amount_minor, currency, status, fraud_score, version,
         created_at, last_event) VALUES ('txn_1', 'mer_b', 'k', 'u', 1, 'USD', 'completed', 0, 1, '2026-01-01', 0)`,
    );
    await expect(advanceMove(env, "mer_b", 2, now(), SMALL)).rejects.toThrow("earlier release");
    expect(await advanceMove(env, "mer_none", 2, now(), SMALL)).toBeUndefined();
  });

  it("Is cancelled by a move to where the merchant is, at any time before the other book has it", async () => {
    for (let steps = 1; ; steps++) {
      const { env, move, write, readAll, bookOf, countRows, now } = movingBooks(["mer_a"]);
      for (const event of some("mer_a", 2)) await write([event]);
      const before = await readAll("mer_a");
      const phases: string[] = [];
      for (let step = 0; step < steps; step++) {
        phases.push((await advanceMove(env, "mer_a", 2, now(), SMALL))?.phase ?? "");
      }
      const end = await move("mer_a", 1).catch(String);
      if (end !== undefined) {
        expect(end).toContain("Finish that move.");
        await move("mer_a", 2);
        expect(phases.at(-1)).toBe("verifying");
        expect(steps).toBeGreaterThan(12);
        return;
      }
      expect(bookOf("mer_a")).toBe(1);
      expect(await readAll("mer_a")).toEqual(before);
      expect(countRows("mer_a", 2)).toBe(0);
      expect(await write(lifeOf("mer_a", "after"))).toBe(true);
      if (steps % 10 > 0) continue;
      await move("mer_a", 2);
      expect((await readAll("mer_a", 2)).payments.length).toBe(3);
    }
  });

  it.each([
    [
      "a payment is gone",
      "DELETE FROM listed_transactions WHERE created_at = (SELECT max(created_at) FROM listed_transactions)",
    ],
    ["an amount is another one", "UPDATE listed_transactions SET amount_minor = amount_minor + 1"],
    ["a text is longer", "UPDATE refunds SET data = data || ' '"],
    [
      "an event is gone",
      "DELETE FROM feed_events WHERE position = (SELECT max(position) FROM feed_events)",
    ],
    ["an hour has counted more", "UPDATE hourly_totals SET refunded_minor = refunded_minor + 1"],
    [
      "there is a payment more",
      "INSERT INTO listed_transactions SELECT feed, created_at + 1, id, version, status, user_id, amount_minor, currency, updated_at, form, data FROM listed_transactions LIMIT 1",
    ],
  ])(
    "Fails when %s in the copy, and the merchant is where it was; the next one succeeds",
    async (_, damage) => {
      const { env, move, write, readAll, rows, bookOf, now, countRows } = await filled();
      const before = await readAll("mer_a");
      const phaseOf = () =>
        rows(2, "SELECT progress ->> '$.phase' AS phase FROM book_arrivals")[0]?.phase;
      let isDamaged = false;
      await expect(
        move("mer_a", 2, () => {
          if (isDamaged || phaseOf() !== "verifying") return;
          isDamaged = true;
          rows(2, "UPDATE feed_moves SET moved_to = NULL");
          rows(2, damage);
          rows(2, "UPDATE feed_moves SET moved_to = 1");
        }),
      ).rejects.toThrow(/^(payments|refunds|events|hours) after /);
      expect(bookOf("mer_a")).toBe(1);
      expect(await readAll("mer_a")).toEqual(before);
      expect(countRows("mer_a", 2)).toBe(0);
      expect(await write(lifeOf("mer_a", "after"))).toBe(true);
      await move("mer_a", 2);
      expect((await readAll("mer_a")).payments.length).toBe(6);
      expect(await advanceMove(env, "mer_a", 2, now(), SMALL)).toMatchObject({ phase: "done" });
    },
  );
});

describe("a directory that was set back", () => {
  it("Together with its book: what the other book still has of the merchant is deleted before the copy", async () => {
    const { move, write, readAll, rows } = await filled();
    rows(2, "INSERT INTO feeds (merchant_id) VALUES ('mer_a')");
    const before = await readAll("mer_a");
    rows(
      2,
      "INSERT INTO feed_events SELECT id * 4398046511104 + 5, zeroblob(17), 1, 1 FROM feeds WHERE merchant_id = 'mer_a'",
    );
    rows(2, "INSERT INTO hourly_totals SELECT 'mer_a', 7, 'USD', 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1");
    await move("mer_a", 2);
    expect(await readAll("mer_a")).toEqual(before);
    expect(await write(lifeOf("mer_a", "after"))).toBe(true);
  });

  it("To a time before a move is corrected by the next one, and the shard follows meanwhile", async () => {
    const { env, move, write, readAll, rows, bookOf } = await filled();
    await move("mer_a", 2);
    await move("mer_a", 3);
    rows(1, "UPDATE merchants SET book = 2 WHERE id = 'mer_a'");
    rows(1, "DELETE FROM book_moves");
    expect(await write(lifeOf("mer_a", "after"))).toBe(true);
    expect((await readAll("mer_a", 3)).payments.length).toBe(6);
    await move("mer_a", 3);
    expect(bookOf("mer_a")).toBe(3);
    await move("mer_a", 1);
    expect((await readAll("mer_a", 1)).payments.length).toBe(6);
    expect(env).toBeDefined();
  });

  it("To a time within a move goes on with another one", async () => {
    const { move, readAll, rows, bookOf } = await filled();
    await expect(
      move("mer_a", 2, () => {
        const fenced = rows(1, "SELECT 1 FROM feed_moves WHERE moved_to = 2");
        if (fenced.length > 0) throw new Error("set back");
      }),
    ).rejects.toThrow("set back");
    rows(1, "DELETE FROM book_moves");
    await move("mer_a", 2);
    expect(bookOf("mer_a")).toBe(2);
    expect((await readAll("mer_a")).payments.length).toBe(5);
  });
});
