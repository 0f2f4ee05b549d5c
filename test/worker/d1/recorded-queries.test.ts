/** The places of all merchants' transactions and refunds, for the reconciliation: each once, in pages whose cost is bounded. */
import { beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/d1/query";
import { listRecorded, type Recorded, type RecordedPlace } from "../../../src/d1/recorded-queries";
import { deriveTransactionId } from "../../../src/domain/identity/id";
import { packId } from "../../../src/domain/identity/packed-id";
import { formatHex } from "../../../src/domain/text/hex";
import { env } from "../../support/env";
import { type Billed, recordedD1 } from "../../support/recorded-d1";

/** More than a page passes. */
const MERCHANTS = 1_205;
/** Every hundredth merchant has so many transactions, a second apart, and half as many refunds. */
const ROWS = 40;
const START_MS = Date.parse("2026-11-22T00:00:00.000Z");
const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)";
const at = (second: number) => new Date(START_MS + second * 1_000).toISOString();

/** A transaction, and a refund of half of them. Two of three transactions are in the table of earlier releases. */
const ALL = Array.from({ length: MERCHANTS }, (_, merchant) => merchant)
  .filter((merchant) => merchant % 100 === 7)
  .flatMap((merchant) =>
    Array.from({ length: ROWS }, (_, row) => {
      const merchant_id = `mer_${String(merchant).padStart(5, "0")}`;
      const id = deriveTransactionId(merchant_id, String(row));
      return { row, merchant_id, id, packed: formatHex(packId(id)), created_at: at(row) };
    }),
  );

const billed: Billed[] = [];
const db = openDatabase(recordedD1(env.DB, billed));

beforeAll(async () => {
  const seeds = [
    `INSERT INTO merchants (id, name, created_at)
     ${NUMBERS} SELECT printf('mer_%05d', i), 'Shop', i FROM n WHERE i < ${MERCHANTS}`,
    `INSERT INTO feeds (merchant_id)
     ${NUMBERS} SELECT printf('mer_%05d', i) FROM n WHERE i < ${MERCHANTS}`,
  ];
  for (const seed of seeds) await env.DB.prepare(seed).run();
  const fromRows = [
    `INSERT INTO transactions (id, merchant_id, idempotency_key, user_id, amount_minor, currency, status, fraud_score,
       version, created_at, last_event)
     SELECT value ->> 'id', value ->> 'merchant_id', 'k', 'u', 1, 'USD', 'completed', 0, 1, value ->> 'created_at', 0
     FROM json_each(?) WHERE value ->> 'row' % 3 > 0`,
    `INSERT INTO listed_transactions
       (feed, created_at, id, version, status, user_id, amount_minor, currency, updated_at, form, data)
     SELECT feeds.id, CAST(round(unixepoch(value ->> 'created_at', 'subsec') * 1000) AS INTEGER), unhex(value ->> 'packed'), 1, 6, 'u',
       1, 'USD', 0, 0, '{}'
     FROM json_each(?) JOIN feeds ON feeds.merchant_id = value ->> 'merchant_id' WHERE value ->> 'row' % 3 = 0`,
    `INSERT INTO refunds (id, merchant_id, transaction_id, status, amount_minor, currency, sequence, created_at, data)
     SELECT replace(value ->> 'id', 'txn_', 're_'), value ->> 'merchant_id', value ->> 'id', 'succeeded', 1, 'USD', 4,
       value ->> 'created_at', '{}'
     FROM json_each(?) WHERE value ->> 'row' % 2 = 0`,
  ];
  const rows = JSON.stringify(ALL);
  for (const seed of fromRows) await env.DB.prepare(seed).bind(rows).run();
});

async function all(kind: "payments" | "refunds", from: string, until: string, limit: number) {
  const rows: Recorded[] = [];
  let after: RecordedPlace | undefined;
  let read = 0;
  for (let pages = 0; pages < 1_000; pages++) {
    billed.length = 0;
    const page = await listRecorded(db, kind, { from, until }, after, limit);
    read = Math.max(
      read,
      billed.reduce((sum, { rows_read }) => sum + rows_read, 0),
    );
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    if (!page.next) return { rows, read };
    after = page.next;
  }
  throw new Error("the pages do not end");
}

describe("listRecorded", () => {
  const OWNERS = 12;
  it.each([1, 7, 40, 100])(
    "Pages of %i have every row once, by merchant and time",
    async (limit) => {
      for (const [kind, count] of [
        ["payments", ROWS],
        ["refunds", ROWS / 2],
      ] as const) {
        const { rows } = await all(kind, at(0), at(ROWS), limit);
        expect(rows).toHaveLength(OWNERS * count);
        const keys = rows.map(
          ({ merchant_id, created_at, id }) => `${merchant_id} ${created_at} ${id}`,
        );
        expect(keys).toEqual([...new Set(keys)].sort());
        for (const { id, transaction_id } of rows) {
          expect(transaction_id).toBe(id.replace(/^re_/, "txn_"));
        }
      }
    },
  );

  it("A range has its beginning and not its end", async () => {
    const { rows } = await all("payments", at(10), at(12), 5);
    expect(new Set(rows.map(({ created_at }) => created_at))).toEqual(new Set([at(10), at(11)]));
    expect(rows).toHaveLength(OWNERS * 2);
    expect((await all("payments", at(ROWS), at(ROWS + 100), 5)).rows).toEqual([]);
  });

  it("A page reads a bounded number of rows, also when nothing lies in the range", async () => {
    /** The merchants that a page passes: to find its end, and for each table their feeds and where theirs would lie. */
    const PASSED = { payments: 5 * 501, refunds: 3 * 501 };
    for (const [from, until] of [
      [at(0), at(ROWS)],
      [at(-1_000), at(0)],
      [at(ROWS - 1), at(ROWS)],
    ] as const) {
      for (const kind of ["payments", "refunds"] as const) {
        const { read } = await all(kind, from, until, 10);
        expect(read, `${kind} ${from}`).toBeLessThanOrEqual(PASSED[kind] + 2 * 10 + 20);
      }
    }
  });
});
