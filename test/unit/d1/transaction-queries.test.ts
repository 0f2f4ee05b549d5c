/** Lists of transactions over Node's own SQLite: whatever the filters and the order, the pages together are what a plain
 *  filter and sort of all rows give. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../../src/d1/query";
import {
  type ListFilter,
  type ListPlace,
  listTransactions,
  MAX_EXAMINED,
  type Order,
} from "../../../src/d1/transaction-queries";
import { STATUSES } from "../../../src/domain/transaction/status";
import { memoryD1, migrate } from "../../support/memory-book";

const MERCHANT = "mer_a";
/** More than two pages examine. */
const COUNT = 2 * MAX_EXAMINED + 500;
const USERS = ["most", "few"];
const CURRENCIES = ["USD", "EUR", "JPY"];
const START_MS = Date.parse("2026-11-22T21:00:00.000Z");
const MAX_AMOUNT = 1_000;
const FIRST_EUR = COUNT - 3;

/** Three share each millisecond. EUR is only among the newest, JPY only among the oldest. */
const ROWS = Array.from({ length: COUNT }, (_, at) => ({
  id: `txn_${String((at * 7_919) % COUNT).padStart(26, "0")}`,
  created_at: new Date(START_MS + Math.floor(at / 3)).toISOString(),
  user_id: at % 50 === 0 ? "few" : "most",
  status: STATUSES[at % 10 < 7 ? 5 : Math.floor(at / 10) % STATUSES.length] ?? "completed",
  currency: at >= FIRST_EUR ? "EUR" : at < 2 ? "JPY" : "USD",
  amount_minor: ((at * 31) % MAX_AMOUNT) + 1,
}));

let d1: D1Database;
beforeAll(() => {
  const book = new DatabaseSync(":memory:");
  migrate(book);
  // A trigger writes the row of `transactions`.
  const insert = book.prepare(
    `INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at, earlier, data)
     VALUES (?, ?, ?, 1, 'transaction.created', 0, '[]', ?)`,
  );
  book.exec("BEGIN");
  for (const [nth, merchant] of [MERCHANT, "mer_b"].entries()) {
    for (const [at, row] of ROWS.entries()) {
      const data = {
        ...row,
        idempotency_key: row.id,
        fraud_score: 0,
        risk: { decision: "approve" },
      };
      insert.run(nth * COUNT + at + 1, merchant, row.id, JSON.stringify(data));
    }
  }
  book.exec("COMMIT");
  d1 = memoryD1(book);
});

const timeOf = ({ created_at }: { created_at: string }) => Date.parse(created_at);
const keyOf = ({ created_at, id }: ListPlace) => `${created_at} ${id}`;

/** Ids of all rows that the filter chooses, in order. */
function expected(filter: ListFilter, order: Order): string[] {
  const { user_id, status, created, currency, amount_minor } = filter;
  const found = ROWS.filter(
    (row) =>
      (user_id === undefined || row.user_id === user_id) &&
      (status === undefined || row.status === status) &&
      (created?.from_ms === undefined || timeOf(row) >= created.from_ms) &&
      (created?.until_ms === undefined || timeOf(row) < created.until_ms) &&
      (currency === undefined || row.currency === currency) &&
      (amount_minor?.gte === undefined || row.amount_minor >= amount_minor.gte) &&
      (amount_minor?.lte === undefined || row.amount_minor <= amount_minor.lte),
  ).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return (order === "asc" ? found : found.reverse()).map(({ id }) => id);
}

/** Ids of all pages. */
async function listed(filter: ListFilter, order: Order, limit: number) {
  const ids: string[] = [];
  const sizes: number[] = [];
  let after: ListPlace | undefined;
  for (;;) {
    const page = await listTransactions(openDatabase(d1), MERCHANT, filter, after, limit, order);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    ids.push(...page.items.map((text) => (JSON.parse(text) as { id: string }).id));
    sizes.push(page.items.length);
    expect(page.hasMore).toBe(page.next !== undefined);
    if (!page.next) return { ids, sizes };
    if (after) expect(keyOf(page.next) > keyOf(after)).toBe(order === "asc");
    after = page.next;
  }
}

const instant = fc.integer({ min: -5, max: COUNT / 3 + 5 }).map((offset) => START_MS + offset);
const amount = fc.integer({ min: 0, max: MAX_AMOUNT + 1 });
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const filters = fc.record({
  user_id: optional(fc.constantFrom(...USERS, "nobody")),
  status: optional(fc.constantFrom(...STATUSES)),
  created: optional(fc.record({ from_ms: optional(instant), until_ms: optional(instant) })),
  currency: optional(fc.constantFrom(...CURRENCIES, "CHF")),
  amount_minor: optional(fc.record({ gte: optional(amount), lte: optional(amount) })),
});

it("The pages of every filter and order have each row once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.constantFrom("asc", "desc"),
      fc.constantFrom(70, 100),
      async (filter, order, limit) => {
        const { ids } = await listed(filter, order, limit);
        expect(ids).toEqual(expected(filter, order));
      },
    ),
    { numRuns: 150 },
  );
});

it("A page without a match is empty and leads to the next, until all are examined", async () => {
  const none = await listed({ currency: "CHF" }, "desc", 10);
  expect(none).toEqual({ ids: [], sizes: [0, 0, 0] });
  const oldest = await listed({ currency: "JPY" }, "desc", 10);
  expect(oldest.sizes).toEqual([0, 0, 2]);
  expect((await listed({ currency: "JPY" }, "asc", 10)).sizes).toEqual([2, 0, 0]);
  // Each status of a customer has a share.
  const ofUser = await listed({ currency: "JPY", user_id: "most" }, "desc", 10);
  expect(ofUser.ids).toEqual(expected({ currency: "JPY", user_id: "most" }, "desc"));
  expect(ofUser.sizes.slice(0, -1).every((size) => size === 0)).toBe(true);
});

it("A page that is full before the end of what is examined goes on behind its last item", async () => {
  const { sizes } = await listed({ currency: "USD", amount_minor: { lte: 500 } }, "desc", 100);
  expect(sizes.slice(0, -1).every((size) => size === 100)).toBe(true);
});
