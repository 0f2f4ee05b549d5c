/** A customer's payments that are erased while their merchant is moved. */
import { expect, it } from "vitest";
import { decideErasure } from "../../../../src/domain/erasure/erase-texts";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Refund } from "../../../../src/domain/transaction/refund";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { CUSTOMER, REFUND_TEXTS, TEXTS } from "../../../support/erasure/customer";
import { textsIn } from "../../../support/erasure/scan";
import { NOW_MS } from "../../../support/examples";
import { life, refunded, toRecord } from "../../../support/lives";
import { movingBooks } from "../../../support/moving-books";

/** The events of a payment of the customer, with a refund that names it. */
function lifeOf(key: string): EventRecord[] {
  const events = refunded(life(key, "completed", CUSTOMER), [[1_000, "succeeded"]]);
  return events.map((event) => {
    const record = toRecord(event, "mer_a");
    if (record.refund === null) return record;
    const refund = JSON.parse(record.refund) as Refund;
    return { ...record, refund: JSON.stringify({ ...refund, ...REFUND_TEXTS }) };
  });
}

/** The event by which a payment is erased. */
function erasureOf(events: EventRecord[]): EventRecord {
  const transaction = JSON.parse(events.at(-1)?.data ?? "") as Transaction;
  const [event] = decideErasure(transaction, NOW_MS + 1_000_000).events;
  if (!event) throw new Error("erasing is an event");
  return toRecord(event, "mer_a");
}

it("Payments that are erased at any step of a move, or between two of them, are erased in both books", async () => {
  let steps = 1;
  for (let at = 0; at < steps; at += 1) {
    const { write, move, rows, readAll } = movingBooks(["mer_a"]);
    const lives = ["a", "b", "c"].map(lifeOf);
    for (const events of lives) await write(events);
    const erasures = lives.map(erasureOf);
    let made = 0;
    await move("mer_a", 2, async (step) => {
      made = step + 1;
      // One at a time, and again while no book takes them.
      const [next] = erasures;
      if (step >= at && next && (await write([next]))) erasures.shift();
    });
    for (const event of erasures) expect(await write([event])).toBe(true);
    steps = Math.max(steps, made);
    for (const book of [1, 2]) {
      const found = ["listed_transactions", "refunds"].flatMap((table) =>
        rows(book, `SELECT * FROM ${table}`).map((row) => Object.values(row).join("\t")),
      );
      expect({ at, book, texts: textsIn(found.join("\n"), TEXTS) }).toEqual({
        at,
        book,
        texts: [],
      });
    }
    const { payments, refunds } = await readAll("mer_a");
    expect([payments.length, refunds.length]).toEqual([3, 3]);
  }
  expect(steps).toBeGreaterThan(20);
});
