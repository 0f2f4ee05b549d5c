/** Finding a customer's payments where merchants move between books. */
import { expect, it } from "vitest";
import { listPayments } from "../../../src/erasures/list-payments";
import { life, toRecord } from "../../support/lives";
import { movingBooks } from "../../support/moving-books";

const MERCHANT = "mer_a";
const customer = { merchant_id: MERCHANT, user_id: "user_1", through_ms: 8_000_000_000_000 };

/** @param books how many the deployment has */
function listerOf({ env }: ReturnType<typeof movingBooks>, books = 3) {
  const TRANSACTIONS = undefined as never; // Nothing is archived.
  return { env: { ...env, TRANSACTIONS }, config: { transaction_shards: 16, books } };
}

it("An erasure finds the payments in the book that has them, also after the directory was set back to a time before moves", async () => {
  const made = movingBooks([MERCHANT]);
  const events = life("order-1", "completed").map((event) => toRecord(event, MERCHANT));
  await made.write(events);
  const ids = [events[0]?.transaction_id];
  expect((await listPayments(listerOf(made), customer, null)).ids).toEqual(ids);
  await made.move(MERCHANT, 2);
  await made.move(MERCHANT, 3);
  expect((await listPayments(listerOf(made), customer, null)).ids).toEqual(ids);

  made.rows(1, "UPDATE merchants SET book = 2");
  made.rows(1, "DELETE FROM book_moves");
  expect((await listPayments(listerOf(made), customer, null)).ids).toEqual(ids);
});
