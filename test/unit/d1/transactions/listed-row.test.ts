/** Rows of lists: the text of a transaction is read from SQLite with its bytes, and takes little room. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { appendEvents } from "../../../../src/d1/append-events";
import { openDatabase } from "../../../../src/d1/query";
import { listTransactions } from "../../../../src/d1/transaction-queries";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { STATUSES } from "../../../../src/domain/transaction/status";
import { STATUS_NUMBERS, toStatus } from "../../../../src/domain/transaction/stored/status-numbers";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { created, MERCHANT } from "../../../support/examples";
import { ENDS, HOLDS, heldLife, holdLife, life, refunded, toRecord } from "../../../support/lives";
import { memoryD1, migrate } from "../../../support/memory-book";

let book: DatabaseSync;
let d1: D1Database;
beforeAll(() => {
  book = new DatabaseSync(":memory:");
  migrate(book);
  d1 = memoryD1(book);
});

/** The text of a transaction as its merchant's list has it. */
async function throughBook(event: EventRecord): Promise<string | undefined> {
  for (const table of ["listed_transactions", "feed_events"]) book.exec(`DELETE FROM ${table}`);
  await appendEvents(d1, [event]);
  const { items } = await listTransactions(openDatabase(d1), event.merchant_id, {}, undefined, 2);
  expect(items).toHaveLength(1);
  return items[0];
}

const stored = () => book.prepare("SELECT form, data FROM listed_transactions").get();

const LIVES = [
  ...ENDS.map((end) => life("a", end)),
  heldLife("a", undefined),
  heldLife("a", "approve", "completed"),
  ...HOLDS.map((hold) => holdLife("a", hold)),
  refunded(life("a", "completed"), [[100, "succeeded"]]),
].flat();

it("The text of every kind of transaction is read with its bytes", async () => {
  for (const event of LIVES) {
    const record = toRecord(event);
    expect(await throughBook(record)).toBe(record.data);
    expect(stored()?.form).toBe(1);
  }
});

it("Only what the columns and a blank payment do not have is stored", async () => {
  const plain = { description: null, metadata: {}, webhook_url: null };
  const [last] = life("order-1", "completed", plain).slice(-1);
  await throughBook(toRecord(last as Event));
  expect(stored()?.data).toBe(
    '{"idempotency_key":"order-1","livemode":true,"processor":"http","risk.":{"signals":{"customer.count.24h":1}}}',
  );
});
type Event = (typeof LIVES)[number];

it("Whatever its members are, a text is read with its bytes", async () => {
  const { transaction } = created();
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\ud800", "a\0b", "\u2028", "__proto__", "1", '"', "\\u0041"),
  );
  const members = fc.record(
    {
      idempotency_key: text,
      user_id: text,
      description: text,
      metadata: fc.dictionary(text, text, { noNullPrototype: false }),
      amount_minor: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      currency: fc.constantFrom("USD", "JPY", "KWD", "ZZZ"),
      status: fc.constantFrom(...STATUSES),
      version: fc.integer({ min: 1, max: 1_000 }),
      amount_captured_minor: fc.nat(),
      updated_at: fc.constantFrom(transaction.created_at, "2030-01-01T00:00:00.000Z"),
      processor_reference: text,
    },
    { requiredKeys: [] },
  );
  const indents = fc.constantFrom(undefined, 1);
  await fc.assert(
    fc.asyncProperty(members, indents, fc.boolean(), async (changed, indent, isReversed) => {
      const state = { ...transaction, ...changed } as Transaction;
      const names = Object.entries(state);
      const ordered = Object.fromEntries(isReversed ? names.reverse() : names);
      const data = JSON.stringify(ordered, null, indent);
      const [event] = life("a", "pending").map((event) => toRecord(event));
      const record = { ...(event as EventRecord), data, sequence: state.version };
      expect(await throughBook(record)).toBe(data);
    }),
    { numRuns: 1_000 },
  );
});

it("A number stands for one status for ever", () => {
  expect(STATUS_NUMBERS).toEqual({
    pending: 1,
    review: 2,
    processing: 3,
    requires_action: 4,
    authorized: 5,
    completed: 6,
    failed: 7,
    cancelled: 8,
  });
  for (const status of STATUSES) expect(toStatus(STATUS_NUMBERS[status])).toBe(status);
  expect(() => toStatus(9)).toThrow("9");
});

it("A transaction of another id than its event's keeps its own text", async () => {
  const [event] = life("a", "pending").map((event) => toRecord(event));
  const transaction_id = deriveTransactionId(MERCHANT, "other");
  const record = { ...(event as EventRecord), transaction_id };
  expect(await throughBook(record)).toBe(record.data);
});
