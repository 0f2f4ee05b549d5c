/** What D1 reads for every query that there is, beside 100,000 payments and as many events of one merchant.
 *  Rows are time of the one thread of D1, and money; a list must cost what its page holds. */
import { beforeAll, expect, it } from "vitest";
import * as book from "../../../src/d1/append-events";
import * as directory from "../../../src/d1/books/directory";
import { listRecordedInBooks } from "../../../src/d1/books/list-recorded";
import * as moves from "../../../src/d1/books/moves/directory-moves";
import * as leftovers from "../../../src/d1/books/moves/leftovers";
import * as pointers from "../../../src/d1/books/moves/pointers";
import * as sessions from "../../../src/d1/console-sessions";
import * as cursors from "../../../src/d1/cursor-secret";
import * as earlier from "../../../src/d1/erasure/earlier-texts";
import * as erasures from "../../../src/d1/erasure/erase-refunds";
import * as events from "../../../src/d1/events/event-queries";
import * as feed from "../../../src/d1/events/feed-writes";
import * as hours from "../../../src/d1/hourly-totals";
import * as merchants from "../../../src/d1/merchants";
import * as recorded from "../../../src/d1/recorded-queries";
import * as refunds from "../../../src/d1/refund-queries";
import * as reviews from "../../../src/d1/review-queries";
import * as lists from "../../../src/d1/risk/risk-lists";
import * as risk from "../../../src/d1/risk/risk-rules";
import * as totals from "../../../src/d1/totals";
import * as transactions from "../../../src/d1/transaction-queries";
import * as move from "../../../src/d1/transactions/move-earlier";
import * as archive from "../../../src/d1/transactions/remove-archived";
import * as counts from "../../../src/d1/webhook-counts";
import { MAX_LIST_ENTRIES } from "../../../src/domain/risk/limits";
import { LIST_FIELDS, LIST_NAMES } from "../../../src/domain/risk/rule-set";
import { REFUND_STATUSES } from "../../../src/domain/transaction/refund";
import { env } from "../../support/env";
import {
  at,
  CURRENCIES,
  fillLargeBook,
  HELD,
  idOf,
  MERCHANT,
  MOVED,
  MOVING,
  OTHER,
  PAYMENTS,
  REFUNDS_OF_ONE,
  SESSIONS,
  time,
} from "../../support/large-book";
import { ERASED, EVENT } from "../../support/large-book-events";
import { rulesOf } from "../../support/risk";
import {
  billed,
  d1,
  db,
  FEED,
  LIMIT,
  NO_QUERIES,
  ONE,
  ROWS_OF_AN_ITEM,
  rowsReadBy,
  STEPS_OF_MOVES,
  statements,
  WINDOWS,
} from "../../support/rows-read";

beforeAll(fillLargeBook);

it("A page of refunds reads no more rows than it holds, times a constant, or the refunds of one transaction", async () => {
  for (const status of [undefined, ...REFUND_STATUSES]) {
    for (const [name, window] of Object.entries(WINDOWS)) {
      for (const place of [undefined, { created_at: time(PAYMENTS / 2), id: "re_0" }]) {
        const list = (transaction_id?: string) => () =>
          refunds.listRefunds(db, MERCHANT, { transaction_id, status, ...window }, place, LIMIT);
        expect(await rowsReadBy(list()), name).toBeLessThanOrEqual(2 * (LIMIT + 1));
        const most = 2 * REFUNDS_OF_ONE + 2;
        expect(await rowsReadBy(list("txn_250")), name).toBeLessThanOrEqual(most);
        expect(await rowsReadBy(list("txn_none")), name).toBeLessThanOrEqual(2);
      }
    }
  }
});

const entry = {
  id: "rle_new",
  merchant_id: MERCHANT,
  list: LIST_NAMES[0],
  field: LIST_FIELDS[0],
  value: "customer-1",
  note: null,
  created_at: 1,
  expires_at: null,
};

const key: merchants.NewApiKey = {
  id: "key_new",
  merchant_id: "mer_1",
  name: null,
  hash: "hash-new",
  last_four: "0000",
  scopes: ["transactions:read"],
  created_at: 50,
  expires_at: null,
  last_used_at: null,
};

const KEYS_WITHOUT_END = 4;

type Case = { most: number; run: () => Promise<unknown> };

/** A merchant's entries are a bounded table of their own: what has to read all of them reads this. */
const ALL_ENTRIES = MAX_LIST_ENTRIES + ONE;

/** Every function that queries D1, by its name, with the number of rows that it may read. */
const QUERIES: Record<string, Case[]> = {
  findKeyHolder: [
    {
      most: ONE,
      run: () => merchants.findKeyHolder(db, "hash-9", 16, 5_000),
    },
  ],
  findCounts: [{ most: ONE, run: () => merchants.findCounts(db) }],
  insertMerchant: [
    {
      most: ONE,
      run: () =>
        merchants.insertMerchant(db, {
          id: "mer_new",
          name: "Shop",
          created_at: 1,
          default_currency: "USD",
          book: 1,
        }),
    },
  ],
  findBooks: [{ most: 2 * ONE, run: () => directory.findBooks(db, ["mer_1", "mer_9"]) }],
  // Every merchant, when there are several books; an operator creates merchants rarely.
  chooseBook: [{ most: 2 * PAYMENTS + ONE, run: () => directory.chooseBook(db, 2) }],
  countMerchants: [{ most: 2 * PAYMENTS + ONE, run: () => directory.countMerchants(db) }],
  keepBookCount: [{ most: ONE, run: () => directory.keepBookCount(db, 2) }],
  findPointers: [{ most: ONE, run: () => pointers.findPointers(d1, [MERCHANT, OTHER]) }],
  findPointer: [{ most: ONE, run: () => pointers.findPointer({ DB: d1 }, MERCHANT, 1) }],
  followPointers: [
    { most: ONE, run: () => pointers.followPointers({ DB: d1 }, MERCHANT, 2, 1) },
    { most: 2 * ONE, run: () => pointers.followPointers({ DB: d1 }, MERCHANT, 1, 1) },
  ],
  readBook: [{ most: 2 * ONE, run: () => pointers.readBook({ DB: d1 }, MERCHANT) }],
  findLeftover: [{ most: ONE, run: () => leftovers.findLeftover({ DB: d1 }, MERCHANT, 2) }],
  deleteLeftover: [
    { most: 3 * ONE, run: () => leftovers.deleteLeftover({ DB: d1 }, MERCHANT, 2, 1, LIMIT) },
  ],
  findFence: [{ most: ONE, run: () => pointers.findFence(d1, MERCHANT) }],
  removeFence: [{ most: ONE, run: () => pointers.removeFence(d1, MERCHANT, 1) }],
  readMove: [{ most: ONE, run: () => moves.readMove(d1, "mer_1") }],
  listMoves: [{ most: ONE, run: () => moves.listMoves(d1, 100) }],
  findMerchant: [{ most: ONE, run: () => merchants.findMerchant(db, "mer_9") }],
  listMerchants: [{ most: 2 * LIMIT, run: () => merchants.listMerchants(db, key, LIMIT) }],
  listApiKeys: [{ most: 3 * LIMIT, run: () => merchants.listApiKeys(db, "mer_1", LIMIT) }],
  findApiKey: [{ most: ONE, run: () => merchants.findApiKey(db, "mer_1", "key_9") }],
  insertApiKey: [{ most: ONE + KEYS_WITHOUT_END, run: () => merchants.insertApiKey(db, key, 100) }],
  replaceApiKey: [
    {
      most: ONE + 2 * KEYS_WITHOUT_END,
      run: () => merchants.replaceApiKey(db, { ...key, id: "key_b", hash: "b" }, 100, key, 9),
    },
  ],
  noteKeyUse: [{ most: ONE, run: () => merchants.noteKeyUse(db, "key_9", 3_600_000) }],
  endApiKey: [{ most: ONE, run: () => merchants.endApiKey(db, key, 5) }],
  appendEvents: [
    {
      most: 3 * ONE,
      run: () => book.appendEvents(d1, [EVENT]),
    },
  ],
  prepareErasures: [
    {
      // Each is found by the index, read and written by its key.
      most: 5 * REFUNDS_OF_ONE + ONE,
      run: () => d1.batch(erasures.prepareErasures(d1, [ERASED])),
    },
  ],
  // Rows of one step, in the tables of earlier releases.
  eraseEarlierTexts: [MERCHANT, MOVING].flatMap((merchant_id) =>
    ["nobody", "loyal"].map((user_id) => ({
      most: 3 * 200 + FEED,
      run: () =>
        earlier.eraseEarlierTexts(d1, { merchant_id, user_id, through_ms: at(PAYMENTS) }, null),
    })),
  ),
  moveEarlier: [
    { most: 2 * ONE, run: () => move.moveEarlier(d1, [EVENT]) },
    { most: 2 * ONE, run: () => move.moveEarlier(d1, [{ ...EVENT, merchant_id: MOVING }]) },
  ],
  addListed: [{ most: 2 * ONE, run: () => move.addListed(d1, [EVENT]) }],
  restoreListed: [
    { most: 2 * ONE, run: () => move.restoreListed(d1, [EVENT]) },
    { most: 2 * ONE, run: () => move.restoreListed(d1, [{ ...EVENT, merchant_id: MOVING }]) },
  ],
  removeArchived: [
    {
      most: 2 * ONE,
      run: () =>
        archive.removeArchived(d1, [
          { merchant_id: MERCHANT, created_at: time(8), id: idOf(8), version: 1 },
        ]),
    },
  ],
  // Each hour and currency is read and then sorted, whatever the number of payments.
  readHours: (["1h", "24h", "7d", "30d"] as const).flatMap((period) =>
    [undefined, MERCHANT].map((merchant) => ({
      most: 2 * hours.PERIODS[period].hours * CURRENCIES.length + ONE,
      run: () => hours.readHours(db, merchant, period, at(0)),
    })),
  ),
  countReviews: [MERCHANT, HELD, MOVING].map((merchant) => ({
    most: reviews.MAX_COUNTED_REVIEWS + ONE,
    run: () => reviews.countReviews(db, merchant),
  })),
  // Deletes at most fifty that have ended, each of which is read several times.
  insertSession: [
    {
      most: 4 * 50 + ONE,
      run: () =>
        sessions.insertSession(db, {
          id: "session-new",
          credential: "credential-1",
          kind: "api_key",
          created_at: SESSIONS / 2,
          expires_at: SESSIONS * 2,
        }),
    },
  ],
  findSession: [{ most: ONE, run: () => sessions.findSession(db, "session-9", 5_000) }],
  deleteSession: [{ most: ONE, run: () => sessions.deleteSession(db, "session-999") }],
  // No index has the credential: it would be one row more for each sign-in.
  deleteSessionsOf: [
    { most: SESSIONS + ONE, run: () => sessions.deleteSessionsOf(db, "credential-1") },
  ],
  readRisk: [{ most: ALL_ENTRIES, run: () => risk.readRisk(db, MERCHANT, 1) }],
  readRiskVersion: [{ most: ONE, run: () => risk.readRiskVersion(db, MERCHANT) }],
  readRuleSet: [{ most: ONE, run: () => risk.readRuleSet(db, MERCHANT) }],
  listRuleSetVersions: [{ most: ONE, run: () => risk.listRuleSetVersions(db, MERCHANT, 9, 9) }],
  findRuleSet: [{ most: ONE, run: () => risk.findRuleSet(db, MERCHANT, 1) }],
  writeRuleSet: [{ most: ONE, run: () => risk.writeRuleSet(db, MERCHANT, 0, rulesOf({}), 1) }],
  addListEntry: [{ most: 2 * ALL_ENTRIES, run: () => lists.addListEntry(db, entry) }],
  removeListEntry: [{ most: ONE, run: () => lists.removeListEntry(db, MERCHANT, "rle_0", 1) }],
  findListEntry: [
    { most: ONE, run: () => lists.findListEntry(db, MERCHANT, `rle_${MERCHANT}9`, 1) },
  ],
  listListEntries: [undefined, ...LIST_NAMES].flatMap((list) =>
    [undefined, ...LIST_FIELDS].flatMap((field) =>
      [undefined, 1, 2_500].map((before) => ({
        most: (LIMIT + 1) * 2 * LIST_NAMES.length * LIST_FIELDS.length,
        run: () => lists.listListEntries(db, MERCHANT, { list, field }, before, LIMIT, 1),
      })),
    ),
  ),
  keepCursorSecret: [{ most: ONE, run: () => cursors.keepCursorSecret(d1, "00".repeat(32)) }],
  readTotals: [{ most: 2 * ONE, run: () => totals.readTotals(d1, 5_000) }],
  listTransactions: [
    {
      // A step of a backtest: a hundred payments, whatever window it has.
      most: 101 * ROWS_OF_AN_ITEM,
      run: () =>
        transactions.listTransactions(db, MERCHANT, WINDOWS["within times"], undefined, 100),
    },
    // All others are in list-rows-read.test.ts.
    ...[{ user_id: "mixed" }, { status: "completed" } as const].map((filter) => ({
      most: (LIMIT + 1) * ROWS_OF_AN_ITEM,
      run: () => transactions.listTransactions(db, MERCHANT, filter, undefined, LIMIT),
    })),
  ],
  listRefunds: [
    { most: 2 * (LIMIT + 1), run: () => refunds.listRefunds(db, MERCHANT, {}, undefined, LIMIT) },
  ],
  // Five rows for each merchant that a page passes (recorded-queries.test.ts).
  listRecordedInBooks: (["payments", "refunds"] as const).map((kind) => ({
    most: 5 * 501 + ONE,
    run: () =>
      listRecordedInBooks([db], kind, { from: time(0), until: time(10) }, undefined, LIMIT),
  })),
  listRecorded: (["payments", "refunds"] as const).map((kind) => ({
    most: 5 * 501 + ONE,
    run: () =>
      recorded.listRecorded(db, kind, { from: time(0), until: time(10) }, undefined, LIMIT),
  })),
  listEvents: ["mer_first", MERCHANT, OTHER, MOVING, "mer_none"].flatMap((merchant) =>
    (["oldest", 10, MOVED - 5, PAYMENTS - 5, PAYMENTS * 2, "newest"] as const).map((after) => {
      // The older half of one is in the table of earlier releases.
      const most = 2 * (LIMIT + 1) + (merchant === MOVING ? FEED + 1 : 0);
      return { most, run: () => events.listEvents(db, merchant, after, LIMIT) };
    }),
  ),
  writeWebhookCounts: [
    {
      most: ONE,
      run: () =>
        counts.writeWebhookCounts(d1, MERCHANT, [{ name: "attempts", labels: "", value: 1 }]),
    },
  ],
};

for (const [name, cases] of Object.entries(QUERIES)) {
  it(`The query ${name} reads a bounded number of rows`, async () => {
    for (const { most, run } of cases) {
      expect(await rowsReadBy(run), JSON.stringify(billed)).toBeLessThanOrEqual(most);
    }
  });
}

it("A write that deletes old rows of the feed reads a bounded number of rows, and few when none are old", async () => {
  const ofPast = { hot_ms: 10 * Date.now() };
  expect(await rowsReadBy(() => book.appendEvents(d1, [EVENT], ofPast))).toBeLessThan(4 * ONE);
  const most = 6 * (feed.MOST_DELETED + feed.LEAST_DELETED);
  for (const merchant of [MERCHANT, MOVING, OTHER]) {
    const event = { ...EVENT, merchant_id: merchant, sequence: 3 };
    const write = () => book.appendEvents(d1, [event], { hot_ms: 90 * 86_400_000 });
    expect(await rowsReadBy(write), merchant).toBeLessThanOrEqual(most);
  }
});

it("The count of a merchant's reviews ends at its limit", async () => {
  expect(await reviews.countReviews(db, MERCHANT)).toBe(0);
  expect(await reviews.countReviews(db, HELD)).toBe(reviews.MAX_COUNTED_REVIEWS);
});

it("Every function that queries D1 has a case", () => {
  const modules = import.meta.glob<Record<string, unknown>>("../../../src/d1/**/*.ts", {
    eager: true,
  });
  const functions = Object.entries(modules)
    .filter(([path]) => !path.endsWith("schema.ts"))
    .flatMap(([, module]) => Object.entries(module))
    .filter(([, value]) => typeof value === "function")
    .map(([name]) => name);
  expect(
    functions.filter((name) => ![...NO_QUERIES, ...STEPS_OF_MOVES].includes(name)).sort(),
  ).toEqual(Object.keys(QUERIES).sort());
});

it("Each index is used by a query: it is billed for each row that is written", async () => {
  const used = new Set<string>();
  for (const sql of statements) {
    const numbers = [...sql.matchAll(/\?(\d*)/g)].map(([, number], at) => Number(number || at + 1));
    const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...Array.from({ length: Math.max(0, ...numbers) }, () => null))
      .all<{ detail: string }>();
    for (const { detail } of plan.results) {
      for (const [, index] of detail.matchAll(/INDEX (\w+)/g)) if (index) used.add(index);
    }
  }
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
  ).all<{ name: string }>();
  const names = results.map(({ name }) => name);
  expect(names.filter((name) => !used.has(name))).toEqual([]);
});
