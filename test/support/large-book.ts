/** A book of a large merchant beside others, as rows and without a shard that has written them. */
import { toHour } from "../../src/d1/hourly-totals";
import { FEED_SIZE } from "../../src/d1/schema";
import { MAX_LIST_ENTRIES } from "../../src/domain/risk/limits";
import { STATUSES } from "../../src/domain/transaction/status";
import { env } from "./env";
import { fillLists } from "./lists";

export const PAYMENTS = 100_000;
export const MERCHANT = "mer_large";
export const OTHER = "mer_small";
/** A fifth of its 10,000 payments is in review. */
export const HELD = "mer_held";

/** The time of the payment with this number: milliseconds since 1970, and as text. */
export const at = (second: number) => (1_700_000_000 + second) * 1_000;
export const time = (second: number) => new Date(at(second)).toISOString();

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
export const REFUNDS_OF_ONE = 100;
const SEED_REFUNDS = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PAYMENTS})
  INSERT INTO refunds (id, merchant_id, transaction_id, status, amount_minor, currency, sequence, created_at, data)
  SELECT printf('re_%026d', i), ?1, 'txn_' || (i / ${REFUNDS_OF_ONE}),
    CASE i % 1000 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'succeeded' END, 1, 'USD', 4,
    strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'), '{}' FROM n`;

/** Hours of forty days, in these currencies. */
const HOURS = 960;
export const CURRENCIES = ["EUR", "JPY", "USD"];
const SEED_HOURS = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${HOURS})
  INSERT INTO hourly_totals SELECT whose.value, ?3 - i, currency.value, ${Array(16).fill(1).join()}
  FROM n, json_each(?1) AS whose, json_each(?2) AS currency`;

export const SESSIONS = 1_000;
const SEED_SESSIONS = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${SESSIONS})
  INSERT INTO console_sessions (id, credential, kind, created_at, expires_at)
  SELECT 'session-' || i, 'credential-' || (i % 500), 'api_key', 0, i FROM n`;

/** Most payments are the large merchant's. */
export async function fillLargeBook(): Promise<void> {
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
  await env.DB.prepare("INSERT INTO feeds (merchant_id) VALUES (?)").bind(HELD).run();
  await env.DB.prepare(SEED).bind(HELD, 1, 10_000, '["review"]').run();
  const whose = JSON.stringify(["", MERCHANT, OTHER]);
  await env.DB.prepare(SEED_HOURS)
    .bind(whose, JSON.stringify(CURRENCIES), toHour(at(0)) + 1)
    .run();
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
  await env.DB.prepare(SEED_SESSIONS).run();
  await fillLists(MERCHANT, MAX_LIST_ENTRIES);
  await fillLists("mer_1", 100);
}
