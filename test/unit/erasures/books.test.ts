/** Finding a customer's payments where merchants move between books. */
import { expect, it } from "vitest";
import { listPayments } from "../../../src/erasures/list-payments";
import { type ErasureState, FIRST_PASS } from "../../../src/erasures/state";
import { makeStep } from "../../../src/erasures/steps";
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

it("An erasure waits while a book that the merchant is not in has rows of it, until the command to move has deleted them", async () => {
  const made = movingBooks([MERCHANT]);
  await made.write(life("order-1", "completed").map((event) => toRecord(event, MERCHANT)));
  await made.move(MERCHANT, 2);
  made.rows(1, "DELETE FROM feed_moves");
  made.rows(
    1,
    `INSERT INTO refunds (merchant_id, created_at, id, transaction_id, status, amount_minor, currency, sequence, data)
     VALUES ('${MERCHANT}', '2026', 're_1', 'txn_1', 'succeeded', 1, 'EUR', 1, '{}')`,
  );
  const step = async () => {
    const running = {
      ...{ id: "era_1", merchant_id: MERCHANT, user_id: customer.user_id, traceparent: null },
      ...{ created_at_ms: customer.through_ms, progress: FIRST_PASS, failures: 0, due_at_ms: 0 },
    };
    const state = { due: () => [] } as unknown as ErasureState; // What a first step uses of it.
    const lister = listerOf(made);
    const config = { ...lister.config, velocity_shards: 1, processor_timeout_ms: 1_000 };
    const env = { ...lister.env, WEBHOOKS: undefined as never, VELOCITY: undefined as never };
    const none = () => {};
    await makeStep({ env, config, state, waitUntil: none, onRefused: none }, running, 0);
  };
  await expect(step()).rejects.toThrow("book 1 has rows of before a move");
  await made.move(MERCHANT, 2);
  expect(made.countRows(MERCHANT, 1)).toBe(0);
  await expect(step()).rejects.not.toThrow("book 1");
});
