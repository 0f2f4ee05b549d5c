/** A book of a large merchant beside others, as rows and without a shard that has written them. */
import { toHour } from "../../src/d1/hourly-totals";
import { FEED_SIZE } from "../../src/d1/schema";
import { unpackId } from "../../src/domain/identity/packed-id";
import { MAX_LIST_ENTRIES } from "../../src/domain/risk/limits";
import { parseHex } from "../../src/domain/text/hex";
import { STATUSES, type Status } from "../../src/domain/transaction/status";
import { STATUS_NUMBERS } from "../../src/domain/transaction/stored/status-numbers";
import { withEarlierTables } from "./earlier-tables";
import { env } from "./env";
import { fillLists } from "./lists";

export const PAYMENTS = 100_000;
export const MERCHANT = "mer_large";
export const OTHER = "mer_small";
/** A fifth of its 10,000 payments is in review. */
export const HELD = "mer_held";
/** The older half of its payments is in the tables of earlier releases. */
export const MOVING = "mer_moving";
export const MOVED = 5_000;

/** The time of the payment with this number: milliseconds since 1970, and as text. */
export const at = (second: number) => (1_700_000_000 + second) * 1_000;
export const time = (second: number) => new Date(at(second)).toISOString();

/** The packed id of the payment with this number, in hex. */
const PACKED = "printf('%034x', i * 64)";
export const idOf = (number: number): string =>
  unpackId(parseHex((number * 64).toString(16).padStart(34, "0")));

const NUMBERS =
  "WITH RECURSIVE n(i) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?3)";
const FEED = "(SELECT id FROM feeds WHERE merchant_id = ?1)";
const USER = "iif(i % 5 = 0, 'mixed', 'loyal')";
/** Numbers of statuses, or their names. */
const STATUS = (completed: string) =>
  `iif(i % 5 = 0, json_extract(?4, '$[' || (i / 5 % json_array_length(?4)) || ']'), ${completed})`;
const TEXT =
  "json_object('user_id', 'x', 'status', 'completed', 'description', hex(zeroblob(100)))";

/** Most of it is one customer's and completed. Another has some of each status but `review`. */
const SEED_LISTED = `
  ${NUMBERS} INSERT INTO listed_transactions
    (feed, created_at, id, version, status, user_id, amount_minor, currency, updated_at, form, data)
  SELECT ${FEED}, 1700000000000 + i * 1000, unhex(${PACKED}), 1, ${STATUS(`${STATUS_NUMBERS.completed}`)}, ${USER}, 100,
    'USD', 1700000000000 + i * 1000, 0, ${TEXT} FROM n`;
const SEED_FEED = `
  ${NUMBERS} INSERT INTO feed_events (position, id, first, sequence)
  SELECT ${FEED} * ${FEED_SIZE} + i, unhex(${PACKED}), 1, 1 FROM n`;
/** The same in the tables of earlier releases. */
const SEED_EARLIER = [
  `${NUMBERS} INSERT INTO events (position, merchant_id, transaction_id, sequence, type, created_at, earlier, data)
   SELECT ${FEED} * ${FEED_SIZE} + i, ?1, printf('txn_%026d', i), 1, 'transaction.created',
     1700000000000 + i * 1000, '[]', ${TEXT} FROM n`,
  `${NUMBERS} INSERT INTO transactions (id, merchant_id, idempotency_key, user_id, amount_minor, currency, status,
     fraud_score, version, created_at, last_event)
   SELECT printf('txn_%026d', i), ?1, 'key', ${USER}, 100, 'USD', ${STATUS("'completed'")}, 0, 1,
     strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'), ${FEED} * ${FEED_SIZE} + i FROM n`,
];

/** Payments of a merchant, from one number to another. */
async function seed(merchant: string, first: number, last: number, statuses: readonly Status[]) {
  const numbers = JSON.stringify(statuses.map((status) => STATUS_NUMBERS[status]));
  await env.DB.batch([
    env.DB.prepare(SEED_LISTED).bind(merchant, first, last, numbers),
    env.DB.prepare(SEED_FEED).bind(merchant, first, last),
  ]);
}

/** The same as an earlier release has written it. */
async function seedEarlier(
  merchant: string,
  first: number,
  last: number,
  statuses: readonly Status[],
) {
  const [events, transactions] = SEED_EARLIER.map((sql) => env.DB.prepare(sql));
  if (!events || !transactions) throw new Error("no statements");
  await withEarlierTables(() =>
    env.DB.batch([
      events.bind(merchant, first, last),
      transactions.bind(merchant, first, last, JSON.stringify(statuses)),
    ]),
  );
}

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
  const statuses = STATUSES.filter((status) => status !== "review");
  // The large merchant's feed lies between two others.
  await env.DB.prepare("INSERT INTO feeds (merchant_id) VALUES ('mer_first'), (?), (?), (?), (?)")
    .bind(MERCHANT, OTHER, HELD, MOVING)
    .run();
  await seed("mer_first", 1, 3, statuses);
  for (let first = 1; first <= PAYMENTS; first += 10_000) {
    await seed(MERCHANT, first, first + 9_999, statuses);
  }
  await seed(OTHER, 1, 3, statuses);
  await seed(HELD, 1, 10_000, ["review"]);
  await seedEarlier(MOVING, 1, MOVED, statuses);
  await seed(MOVING, MOVED + 1, 2 * MOVED, statuses);
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
