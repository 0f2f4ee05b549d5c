/** What D1 reads for every page of transactions that there can be, beside 100,000 payments of one merchant. */
import { beforeAll, describe, expect, it } from "vitest";
import { listTransactions } from "../../../src/d1/transaction-queries";
import type { ListPlace } from "../../../src/d1/transactions/list-source";
import * as selection from "../../../src/d1/transactions/select-rows";
import { STATUSES } from "../../../src/domain/transaction/status";
import {
  fillLargeBook,
  idOf,
  MERCHANT,
  MOVED,
  MOVING,
  PAYMENTS,
  time,
} from "../../support/large-book";
import {
  db,
  FEED,
  LIMIT,
  ONE,
  ROWS_OF_AN_ITEM,
  rowsReadBy,
  WINDOWS,
} from "../../support/rows-read";

const PAGE = (LIMIT + 1) * ROWS_OF_AN_ITEM;

beforeAll(fillLargeBook);

const list = (
  filter: selection.ListFilter,
  place?: ListPlace,
  order?: selection.Order,
  merchant = MERCHANT,
) => listTransactions(db, merchant, filter, place, LIMIT, order);

/** The place behind two pages. */
async function placeInside(filter: selection.ListFilter, order: selection.Order) {
  const { next } = await list(filter, undefined, order);
  return (await list(filter, next, order)).next ?? next;
}

const USERS = [undefined, "loyal", "mixed", "nobody"];

/** A place inside of the list, and places before and behind all of it. */
async function placesIn(filter: selection.ListFilter, order: selection.Order) {
  return [
    undefined,
    await placeInside(filter, order),
    { created_at: time(10), id: idOf(0) },
    { created_at: time(PAYMENTS * 3), id: idOf(0) },
  ];
}

/** All payments are of 100 in USD. No index has these. */
const ALL = { currency: "USD", amount_minor: { gte: 100, lte: 100 } };
const NONE = { currency: "EUR" };

async function expectReads(
  base: selection.ListFilter,
  most: number,
  windows: Partial<typeof WINDOWS> = WINDOWS,
): Promise<void> {
  for (const [name, window] of Object.entries(windows)) {
    for (const order of selection.ORDERS) {
      const filter = { ...base, ...window };
      for (const place of await placesIn(filter, order)) {
        const rows = await rowsReadBy(() => list(filter, place, order));
        expect(rows, `${name} ${order} ${JSON.stringify(place)}`).toBeLessThanOrEqual(most);
      }
    }
  }
}

it("A page across the tables of two releases reads no more rows than twice as many", async () => {
  for (const user_id of USERS) {
    for (const status of [undefined, "completed", "pending"] as const) {
      for (const filter of [{}, ALL, NONE]) {
        for (const order of selection.ORDERS) {
          const examined = filter === ALL || filter === NONE ? 4 * selection.MAX_EXAMINED : 0;
          for (const second of [0, 10, MOVED - 5, MOVED, MOVED + 5, 2 * MOVED]) {
            const place = { created_at: time(second), id: idOf(second) };
            const rows = await rowsReadBy(() =>
              list({ user_id, status, ...filter }, place, order, MOVING),
            );
            expect(rows, `${user_id} ${status} ${order}`).toBeLessThanOrEqual(
              2 * PAGE + examined + ONE,
            );
          }
        }
      }
    }
  }
});

describe("a page of transactions reads no more rows than it holds, times a constant", () => {
  for (const user_id of USERS) {
    for (const status of [undefined, ...STATUSES]) {
      it(`A page of ${user_id ?? "all"}'s ${status ?? "payments"} reads no more rows than it holds, times a constant, or than it examines`, async () => {
        const base = { user_id, status };
        await expectReads(base, PAGE);
        // Of several statuses, the end of what is examined is always looked for.
        const end = user_id !== undefined && status === undefined ? selection.MAX_EXAMINED : 0;
        const windows = { "within times": WINDOWS["within times"] };
        await expectReads({ ...base, ...ALL }, PAGE + end, windows);
        await expectReads({ ...base, ...NONE }, 2 * selection.MAX_EXAMINED + ONE + FEED, windows);
      });
    }
  }
});
