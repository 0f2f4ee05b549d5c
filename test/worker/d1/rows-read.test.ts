/** What D1 reads for every query that there is, beside 50,000 payments and as many events of one merchant.
 *  Rows are time of the one thread of D1, and money; a list must cost what its page holds. */
import { beforeAll, describe, expect, it } from "vitest";
import * as book from "../../../src/d1/append-events";
import * as cursors from "../../../src/d1/cursor-secret";
import * as merchants from "../../../src/d1/merchants";
import { openDatabase } from "../../../src/d1/query";
import * as recorded from "../../../src/d1/recorded-queries";
import * as refunds from "../../../src/d1/refund-queries";
import * as lists from "../../../src/d1/risk/risk-lists";
import * as risk from "../../../src/d1/risk/risk-rules";
import { FEED_SIZE } from "../../../src/d1/schema";
import * as totals from "../../../src/d1/totals";
import * as transactions from "../../../src/d1/transaction-queries";
import * as counts from "../../../src/d1/webhook-counts";
import { MAX_LIST_ENTRIES } from "../../../src/domain/risk/limits";
import { LIST_FIELDS, LIST_NAMES } from "../../../src/domain/risk/rule-set";
import { REFUND_STATUSES } from "../../../src/domain/transaction/refund";
import { STATUSES } from "../../../src/domain/transaction/status";
import { env } from "../../support/env";
import { fillLists } from "../../support/lists";
import { type Billed, recordedD1 } from "../../support/recorded-d1";
import { rulesOf } from "../../support/risk";

const PAYMENTS = 50_000;
const MERCHANT = "mer_large";
const OTHER = "mer_small";
const LIMIT = 10;
/** Rows for each item of a page and the one behind it. Most are read where a customer's payments are listed
 *  whatever their status: for each status the index, the key that it gives and the payment under it. */
const ROWS_OF_AN_ITEM = 4 * STATUSES.length + 3;
const PAGE = (LIMIT + 1) * ROWS_OF_AN_ITEM;
/** A statement about one thing by its name. */
const ONE = 20;

const billed: Billed[] = [];
const d1 = recordedD1(env.DB, billed);
const db = openDatabase(d1);

/** Most of it is one customer's and completed. Another has some of each status but `review`. */
const SEED = `
  WITH RECURSIVE n(i) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?3)
  INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at, earlier, data)
  SELECT (SELECT id FROM feeds WHERE merchant_id = ?1) * ${FEED_SIZE} + i, ?1, printf('txn_%026d', i), 1, 'transaction.created', 1700000000000 + i * 1000, '[]', json_object(
    'idempotency_key', 'key-' || i,
    'user_id', iif(i % 5 = 0, 'mixed', 'loyal'),
    'amount_minor', 100, 'currency', 'USD',
    'status', iif(i % 5 = 0, json_extract(?4, '$[' || (i / 5 % json_array_length(?4)) || ']'), 'completed'),
    'fraud_score', 0,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'),
    'risk', json_object('decision', 'approve')) FROM n`;

/** Refunds, a hundred of each transaction, of which one in a thousand is pending. */
const REFUNDS_OF_ONE = 100;
const SEED_REFUNDS = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PAYMENTS})
  INSERT INTO refunds (id, merchant_id, transaction_id, status, amount_minor, currency, sequence, created_at, data)
  SELECT printf('re_%026d', i), ?1, 'txn_' || (i / ${REFUNDS_OF_ONE}),
    CASE i % 1000 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'succeeded' END, 1, 'USD', 4,
    strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'), '{}' FROM n`;

beforeAll(async () => {
  for (const merchant of [MERCHANT, "mer_first"]) {
    await env.DB.prepare(SEED_REFUNDS).bind(merchant).run();
  }
  const statuses = JSON.stringify(STATUSES.filter((status) => status !== "review"));
  // The large merchant's feed lies between two others.
  await env.DB.prepare("INSERT INTO feeds (merchant_id) VALUES ('mer_first'), (?), (?)")
    .bind(MERCHANT, OTHER)
    .run();
  await env.DB.prepare(SEED).bind("mer_first", 1, 3, statuses).run();
  for (let first = 1; first <= PAYMENTS; first += 10_000) {
    await env.DB.prepare(SEED)
      .bind(MERCHANT, first, first + 9_999, statuses)
      .run();
  }
  await env.DB.prepare(SEED).bind(OTHER, 1, 3, statuses).run();
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO merchants (id, name, created_at) SELECT 'mer_' || i, 'Shop', i FROM n`,
  )
    .bind(PAYMENTS)
    .run();
  // Keys that have ended pile up; those without an end are few.
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
     INSERT INTO api_keys (id, merchant_id, hash, last_four, scopes, created_at, expires_at)
     SELECT 'key_' || i, 'mer_1', 'hash-' || i, '0000', '[]', i, iif(i <= 3, NULL, i) FROM n`,
  ).run();
  await fillLists(MERCHANT, MAX_LIST_ENTRIES);
  await fillLists("mer_1", 100);
});

const statements = new Set<string>();

/** What the statements of one call read together. */
async function rowsReadBy(query: () => Promise<unknown>): Promise<number> {
  billed.length = 0;
  await query();
  expect(billed, "the call went to D1").not.toEqual([]);
  for (const { sql } of billed) statements.add(sql);
  return billed.reduce((sum, { rows_read }) => sum + rows_read, 0);
}

const ORDERS = ["desc", "asc"] as const;

const list = (
  filter: transactions.ListFilter,
  place?: transactions.ListPlace,
  order?: transactions.Order,
) => transactions.listTransactions(db, MERCHANT, filter, place, LIMIT, order);

/** The place behind two pages. */
async function placeInside(filter: transactions.ListFilter, order: transactions.Order) {
  const { next } = await list(filter, undefined, order);
  return (await list(filter, next, order)).next ?? next;
}

const at = (second: number) => (1_700_000_000 + second) * 1_000;
const time = (second: number) => new Date(at(second)).toISOString();
const range = (from_ms?: number, until_ms?: number) => ({ created: { from_ms, until_ms } });
const WINDOWS = {
  "without times": {},
  "from a time": range(at(PAYMENTS / 2)),
  "until a time": range(undefined, at(PAYMENTS / 2)),
  "within times": range(at(20_000), at(30_000)),
  "within times that hold nothing": range(at(-20), at(-10)),
  "until a time long after the cursor": range(undefined, at(PAYMENTS * 2)),
};

const USERS = [undefined, "loyal", "mixed", "nobody"];

/** A place inside of the list, and places before and behind all of it. */
async function placesIn(filter: transactions.ListFilter, order: transactions.Order) {
  return [
    undefined,
    await placeInside(filter, order),
    { created_at: time(10), id: "txn_0" },
    { created_at: time(PAYMENTS * 3), id: "txn_0" },
  ];
}

/** All payments are of 100 in USD. No index has these. */
const ALL = { currency: "USD", amount_minor: { gte: 100, lte: 100 } };
const NONE = { currency: "EUR" };

async function expectReads(
  base: transactions.ListFilter,
  most: number,
  windows: Partial<typeof WINDOWS> = WINDOWS,
): Promise<void> {
  for (const [name, window] of Object.entries(windows)) {
    for (const order of ORDERS) {
      const filter = { ...base, ...window };
      for (const place of await placesIn(filter, order)) {
        const rows = await rowsReadBy(() => list(filter, place, order));
        expect(rows, `${name} ${order} ${JSON.stringify(place)}`).toBeLessThanOrEqual(most);
      }
    }
  }
}

describe("a page of transactions reads no more rows than it holds, times a constant", () => {
  for (const user_id of USERS) {
    for (const status of [undefined, ...STATUSES]) {
      it(`A page of ${user_id ?? "all"}'s ${status ?? "payments"} reads no more rows than it holds, times a constant, or than it examines`, async () => {
        const base = { user_id, status };
        await expectReads(base, PAGE);
        // Of several statuses, the end of what is examined is always looked for.
        const end = user_id !== undefined && status === undefined ? transactions.MAX_EXAMINED : 0;
        const windows = { "within times": WINDOWS["within times"] };
        await expectReads({ ...base, ...ALL }, PAGE + end, windows);
        await expectReads({ ...base, ...NONE }, 2 * transactions.MAX_EXAMINED + ONE, windows);
      });
    }
  }
});

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
  created_at: 1,
  expires_at: null,
};

const KEYS_WITHOUT_END = 4;

type Case = { most: number; run: () => Promise<unknown> };

/** A merchant's entries are a bounded table of their own: what has to read all of them reads this. */
const ALL_ENTRIES = MAX_LIST_ENTRIES + ONE;

/** Every function that queries D1, by its name, with the number of rows that it may read. */
const QUERIES: Record<string, Case[]> = {
  findKeyHolder: [{ most: ONE, run: () => merchants.findKeyHolder(db, "hash-9", 16, 5_000) }],
  findShardCount: [{ most: ONE, run: () => merchants.findShardCount(db) }],
  insertMerchant: [
    {
      most: ONE,
      run: () =>
        merchants.insertMerchant(db, {
          id: "mer_new",
          name: "Shop",
          created_at: 1,
          default_currency: "USD",
        }),
    },
  ],
  findMerchant: [{ most: ONE, run: () => merchants.findMerchant(db, "mer_9") }],
  listMerchants: [{ most: 2 * LIMIT, run: () => merchants.listMerchants(db, LIMIT) }],
  listApiKeys: [{ most: 3 * LIMIT, run: () => merchants.listApiKeys(db, "mer_1", LIMIT) }],
  findApiKey: [{ most: ONE, run: () => merchants.findApiKey(db, "mer_1", "key_9") }],
  insertApiKey: [{ most: ONE + KEYS_WITHOUT_END, run: () => merchants.insertApiKey(db, key, 100) }],
  replaceApiKey: [
    {
      most: ONE + 2 * KEYS_WITHOUT_END,
      run: () => merchants.replaceApiKey(db, { ...key, id: "key_b", hash: "b" }, 100, key, 9),
    },
  ],
  endApiKey: [{ most: ONE, run: () => merchants.endApiKey(db, key, 5) }],
  appendEvents: [
    {
      most: 2 * ONE,
      run: () =>
        book.appendEvents(d1, [
          {
            position: 1,
            merchant_id: MERCHANT,
            transaction_id: `txn_${"0".repeat(25)}7`,
            sequence: 2,
            type: "refund.succeeded",
            created_at_ms: 1,
            data: JSON.stringify({
              idempotency_key: "key-7",
              user_id: "loyal",
              created_at: time(7),
              status: "completed",
              fraud_score: 0,
              currency: "USD",
              amount_minor: 100,
              risk: { decision: "approve" },
            }),
            traceparent: null,
            first_position: 1,
            refund: JSON.stringify({
              id: "re_00000000000000000000000007",
              transaction_id: "txn_0",
              status: "succeeded",
              amount_minor: 1,
              currency: "USD",
              failure: null,
              created_at: time(7),
            }),
          },
        ]),
    },
  ],
  readRisk: [{ most: ALL_ENTRIES, run: () => risk.readRisk(db, MERCHANT, 1) }],
  readRiskVersion: [{ most: ONE, run: () => risk.readRiskVersion(db, MERCHANT) }],
  readRuleSet: [{ most: ONE, run: () => risk.readRuleSet(db, MERCHANT) }],
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
  readTotals: [{ most: 2 * ONE, run: () => totals.readTotals(db, 5_000) }],
  listTransactions: [
    {
      // A step of a backtest: a hundred payments, whatever window it has.
      most: 101 * ROWS_OF_AN_ITEM,
      run: () =>
        transactions.listTransactions(db, MERCHANT, WINDOWS["within times"], undefined, 100),
    },
  ],
  listRefunds: [
    { most: 2 * (LIMIT + 1), run: () => refunds.listRefunds(db, MERCHANT, {}, undefined, LIMIT) },
  ],
  // Three rows for each merchant that a page passes (recorded-queries.test.ts).
  listRecorded: (["payments", "refunds"] as const).map((kind) => ({
    most: 3 * 501 + ONE,
    run: () =>
      recorded.listRecorded(db, kind, { from: time(0), until: time(10) }, undefined, LIMIT),
  })),
  listEvents: ["mer_first", MERCHANT, OTHER, "mer_none"].flatMap((merchant) =>
    [0, 10, PAYMENTS - 5, PAYMENTS * 2].map((after) => ({
      most: 2 * (LIMIT + 1),
      run: () => transactions.listEvents(db, merchant, after, LIMIT),
    })),
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

/** Exported beside the queries, and asking D1 nothing themselves. */
const NO_QUERIES = [
  "DatabaseUnavailable",
  "openDatabase",
  "queryD1",
  "buildRange",
  "countedAs",
  "eventText",
  "toListPage",
  "packEarlier",
  "unpackEvents",
];

it("Every function that queries D1 has a case", () => {
  const modules = import.meta.glob<Record<string, unknown>>("../../../src/d1/**/*.ts", {
    eager: true,
  });
  const functions = Object.entries(modules)
    .filter(([path]) => !path.endsWith("schema.ts"))
    .flatMap(([, module]) => Object.entries(module))
    .filter(([, value]) => typeof value === "function")
    .map(([name]) => name);
  expect(functions.filter((name) => !NO_QUERIES.includes(name)).sort()).toEqual(
    Object.keys(QUERIES).sort(),
  );
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
  // The sessions of the console are not read by a query yet.
  expect(names.filter((name) => !used.has(name))).toEqual(["console_sessions_by_end"]);
});
