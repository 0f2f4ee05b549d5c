/** What each step of a move reads and writes, beside many rows of other merchants and of the same one. */
import { expect, it } from "vitest";
import { advanceMove, KEEP_MS } from "../../../src/d1/books/moves/advance";
import { env } from "../../support/env";
import { type Billed, recordedD1 } from "../../support/recorded-d1";

const PAYMENTS = 3_000;
const NUMBERS = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PAYMENTS})`;

async function fill(merchant: string): Promise<void> {
  const seeds = [
    "INSERT INTO merchants (id, name, created_at) VALUES (?1, 'Shop', 1)",
    "INSERT INTO feeds (merchant_id) VALUES (?1)",
    `INSERT INTO feed_events (position, id, first, sequence)
     ${NUMBERS} SELECT feeds.id * 4398046511104 + i, zeroblob(17), 1, 1 FROM n, feeds WHERE merchant_id = ?1`,
    `INSERT INTO listed_transactions (feed, created_at, id, version, status, user_id, amount_minor, currency, updated_at, form, data)
     ${NUMBERS} SELECT feeds.id, i, zeroblob(17), 1, 6, 'u', 1, 'USD', 0, 0, '{}' FROM n, feeds WHERE merchant_id = ?1`,
    `INSERT INTO refunds (id, merchant_id, transaction_id, status, amount_minor, currency, sequence, created_at, data)
     ${NUMBERS} SELECT printf('re_%06d', i), ?1, 'txn', 'succeeded', 1, 'USD', 4, '2026-11-22T00:00:00.000Z', '{}' FROM n WHERE i < 500`,
    `INSERT INTO hourly_totals ${NUMBERS} SELECT ?1, i, 'USD', 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 FROM n WHERE i < 800`,
  ];
  for (const seed of seeds) await env.DB.prepare(seed).bind(merchant).run();
}

it("Each step of a move reads and writes a bounded number of rows, whatever else there is", async () => {
  for (const merchant of ["mer_before", "mer_moved", "mer_then"]) await fill(merchant);
  const billed: Billed[] = [];
  const books = [env.DB, env.BOOK_2].map((db) => recordedD1(db as D1Database, billed));
  const [DB, BOOK_2] = books as [D1Database, D1Database];
  let nowMs = Date.now();
  const most = { read: 0, written: 0 };
  const all = { read: 0, written: 0 };
  let compared = 0;
  for (let step = 0; ; step++) {
    if (step > 100) throw new Error("the move does not end");
    billed.length = 0;
    const made = await advanceMove({ DB, BOOK_2 }, "mer_moved", 2, nowMs);
    const read = billed.reduce((sum, { rows_read }) => sum + rows_read, 0);
    const written = billed.reduce((sum, { rows_written }) => sum + rows_written, 0);
    all.read += read;
    all.written += written;
    if (made?.phase === "verifying") compared = Math.max(compared, read);
    else most.read = Math.max(most.read, read);
    most.written = Math.max(most.written, written);
    if (made?.wait_ms) nowMs += KEEP_MS;
    if (made?.phase === "done") break;
  }
  // A page of 1,000 events is read, written and read again; 500 rows of each table are deleted.
  expect(most.read).toBeLessThanOrEqual(15_000);
  expect(most.written).toBeLessThanOrEqual(6_000);
  // Every row of a part in both books, in one or two ranges.
  expect(compared).toBeLessThanOrEqual(5 * PAYMENTS + 100);
  expect(all.written / PAYMENTS).toBeLessThan(8);
  expect(all.read / PAYMENTS).toBeLessThan(60);
});
