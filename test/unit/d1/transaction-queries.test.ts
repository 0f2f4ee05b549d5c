/** Lists of transactions over Node's own SQLite: whatever the filters and the order, the pages together are what a plain
 *  filter and sort of all rows give. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { openDatabase } from "../../../src/d1/query";
import { listTransactions } from "../../../src/d1/transaction-queries";
import type { ListPlace } from "../../../src/d1/transactions/list-source";
import {
  type ListFilter,
  MAX_EXAMINED,
  type Order,
} from "../../../src/d1/transactions/select-rows";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { STATUSES } from "../../../src/domain/transaction/status";
import { writeEarlier } from "../../support/earlier-book";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

const MERCHANT = "mer_a";
/** More than two pages examine. */
const COUNT = 2 * MAX_EXAMINED + 500;
const USERS = ["most", "few"];
const CURRENCIES = ["USD", "EUR", "JPY"];
const START_MS = Date.parse("2026-11-22T21:00:00.000Z");
const MAX_AMOUNT = 1_000;
const FIRST_EUR = COUNT - 3;

/** As a transaction's id, in no order. */
const idOf = (number: number) => {
  const digits = ((number * 7_919) % COUNT).toString(32).padStart(26, "0");
  return `txn_${[...digits].map((digit) => ALPHABET[Number.parseInt(digit, 32)]).join("")}`;
};
const ALPHABET = "z2y3x4w5v6u7tasrbqcpdoenfmglhkij";

/** Three share each millisecond. EUR is only among the newest, JPY only among the oldest. */
const ROWS = Array.from({ length: COUNT }, (_, at) => ({
  id: idOf(at),
  created_at: new Date(START_MS + Math.floor(at / 3)).toISOString(),
  updated_at: new Date(START_MS + COUNT).toISOString(),
  user_id: at % 50 === 0 ? "few" : "most",
  status: STATUSES[at % 10 < 7 ? 5 : Math.floor(at / 10) % STATUSES.length] ?? "completed",
  currency: at >= FIRST_EUR ? "EUR" : at < 2 ? "JPY" : "USD",
  amount_minor: ((at * 31) % MAX_AMOUNT) + 1,
  idempotency_key: `key-${at}`,
  fraud_score: 0,
  risk: { decision: "approve" },
}));

const toEvent = (row: (typeof ROWS)[number], merchant_id: string): EventRecord => ({
  position: 1,
  merchant_id,
  transaction_id: row.id,
  sequence: 1,
  type: "transaction.created",
  created_at_ms: START_MS,
  data: JSON.stringify(row),
  traceparent: null,
  first_position: 1,
  refund: null,
});

/** Which payments an earlier release has written: none, some of each millisecond, or most of the older ones. */
const BOOKS = {
  "this release": () => false,
  "two releases": (at: number) => (at * 7) % 5 < 2,
  "an earlier release, mostly": (at: number) => at < COUNT - 700 && at % 11 !== 0,
};
type Written = keyof typeof BOOKS;
const d1s = new Map<Written, D1Database>();

const { before, rest } = migrationsAround("compact_book");
beforeAll(async () => {
  for (const [name, isEarlier] of Object.entries(BOOKS)) {
    const book = new DatabaseSync(":memory:");
    const d1 = memoryD1(book);
    migrate(book, before);
    for (const merchant of [MERCHANT, "mer_b"]) {
      book.exec("BEGIN");
      const earlier = ROWS.filter((_, at) => isEarlier(at)).map((row) => [toEvent(row, merchant)]);
      writeEarlier(book, earlier);
      book.exec("COMMIT");
    }
    migrate(book, rest);
    const events = [MERCHANT, "mer_b"].flatMap((merchant) =>
      ROWS.filter((_, at) => !isEarlier(at)).map((row) => toEvent(row, merchant)),
    );
    for (let at = 0; at < events.length; at += 200)
      await appendEvents(d1, events.slice(at, at + 200));
    d1s.set(name as Written, d1);
  }
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
async function listed(
  filter: ListFilter,
  order: Order,
  limit: number,
  written: Written = "this release",
) {
  const d1 = d1s.get(written) as D1Database; // One for each name.
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
      fc.constantFrom(...(Object.keys(BOOKS) as Written[])),
      async (filter, order, limit, written) => {
        const { ids } = await listed(filter, order, limit, written);
        expect(ids).toEqual(expected(filter, order));
      },
    ),
    { numRuns: 300 },
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
