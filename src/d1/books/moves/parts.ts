/** The parts of a merchant's rows in a book, and the statements that copy and compare them. Rows cross as JSON texts that SQLite
 *  makes and reads, so that no integer above 2^53 passes through a number of JavaScript. */
import { FEED_SIZE } from "../../schema";

export const PARTS = ["events", "payments", "refunds", "hours"] as const;
export type Part = (typeof PARTS)[number];

/** A row: the JSON array of its key, and that of its columns. */
export type CopiedRow = { key: string; row: string };

type Statements = {
  /** Keys before and after all rows. */
  first: string;
  last: string;
  /** The rows after a key, in order. ?1: merchant, ?2: the key, ?3: how many */
  read: string;
  /** The rows with some keys, in order. ?1: merchant, ?2: a JSON array of keys */
  find: string;
  /** ?1: merchant, ?2: a JSON array of rows */
  write: string;
  /** ?1: merchant, ?2: a JSON array of keys */
  remove: string;
  /** The last key of so many rows after a key. ?1: merchant, ?2: the key, ?3: how many */
  end: string;
  /** What rows after a key and up to another are in sum. ?1: merchant, ?2 and ?3: the keys */
  summarize: string;
  /** Deletes some rows that are not the merchant's any more or not yet, and returns a row for each. ?1: merchant, ?2: how many,
   *  ?3: the move */
  clean: string;
};

const OF_MERCHANT = "feeds.merchant_id = ?1";
/** The merchant is elsewhere, and nothing is noted any more or was never: so a late statement of an earlier move deletes nothing. */
const IS_COPY =
  "EXISTS (SELECT 1 FROM feed_moves WHERE merchant_id = ?1 AND move = ?3 AND moved_to IS NOT NULL AND is_logged = 0)";
/** D1 binds numbers as floats, and a key in JSON stays what it is. */
const PLACE = `(own.position - feeds.id * ${FEED_SIZE})`;
const EVENTS = `feeds CROSS JOIN feed_events AS own
  ON own.position > feeds.id * ${FEED_SIZE} + (?2 ->> 0) AND own.position < (feeds.id + 1) * ${FEED_SIZE}
  WHERE ${OF_MERCHANT}`;
const EVENT = `json_array(${PLACE}) AS key, json_array(${PLACE}, hex(own.id), own.first, own.sequence) AS row`;

const PAYMENTS = `feeds CROSS JOIN listed_transactions AS own
  ON own.feed = feeds.id AND (own.created_at, own.id) > (?2 ->> 0, unhex(?2 ->> 1))
  WHERE ${OF_MERCHANT}`;
/** A customer's id may have any character: as bytes it stays as it is stored. */
const PAYMENT = `json_array(own.created_at, hex(own.id)) AS key,
  json_array(own.created_at, hex(own.id), own.version, own.status, hex(CAST(own.user_id AS BLOB)), own.amount_minor, own.currency,
    own.updated_at, own.form, own.data) AS row`;

const REFUNDS =
  "refunds AS own WHERE own.merchant_id = ?1 AND (own.created_at, own.id) > (?2 ->> 0, ?2 ->> 1)";
const REFUND = `json_array(own.created_at, own.id) AS key,
  json_array(own.created_at, own.id, own.transaction_id, own.status, own.amount_minor, own.currency, own.sequence, own.data) AS row`;

const COUNTED = [
  "created",
  "created_minor",
  "authorized",
  "completed",
  "completed_minor",
  "declined",
  "blocked",
  "held",
  "rejected",
  "cancelled",
  "refunded",
  "refunded_minor",
  "reversed",
  "reversed_minor",
  "disputed",
  "disputed_minor",
];
const HOURS =
  "hourly_totals AS own WHERE own.merchant_id = ?1 AND (own.hour, own.currency) > (?2 ->> 0, ?2 ->> 1)";
const HOUR = `json_array(own.hour, own.currency) AS key,
  json_array(own.hour, own.currency, ${COUNTED.map((column) => `own.${column}`).join(", ")}) AS row`;

/** Sums of amounts as two, because one of them alone could exceed 64 bits. */
const sums = (column: string) => `sum(${column} / 1000000000), sum(${column} % 1000000000)`;
/** A sum that depends on which row has which value. */
const mixed = (one: string, other: string) =>
  `sum(((${one}) % 1000003 + 1) * ((${other}) % 8191 + 1))`;
const summary = (columns: string[], source: string, by?: string) =>
  by === undefined
    ? `SELECT json_array(${columns.join(", ")}) AS summary FROM ${source}`
    : `SELECT json_array(${by}, ${columns.join(", ")}) AS summary FROM ${source} GROUP BY ${by} ORDER BY ${by}`;

export const STATEMENTS: Record<Part, Statements> = {
  events: {
    first: "[0]",
    last: `[${FEED_SIZE}]`,
    read: `SELECT ${EVENT} FROM ${EVENTS} ORDER BY own.position LIMIT ?3`,
    find: `SELECT ${EVENT} FROM json_each(?2) AS wanted CROSS JOIN feeds CROSS JOIN feed_events AS own
      ON own.position = feeds.id * ${FEED_SIZE} + (wanted.value ->> 0) WHERE ${OF_MERCHANT} ORDER BY own.position`,
    write: `INSERT INTO feed_events (position, id, first, sequence)
      SELECT feeds.id * ${FEED_SIZE} + (value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3
      FROM json_each(?2) CROSS JOIN feeds WHERE ${OF_MERCHANT}`,
    remove: `DELETE FROM feed_events WHERE position IN (
      SELECT feeds.id * ${FEED_SIZE} + (value ->> 0) FROM json_each(?2) CROSS JOIN feeds WHERE ${OF_MERCHANT})`,
    end: `SELECT json_array(${PLACE}) AS key FROM ${EVENTS} ORDER BY own.position LIMIT 1 OFFSET ?3`,
    summarize: summary(
      [
        "count(*)",
        `max(${PLACE})`,
        "sum(own.sequence)",
        "sum(own.first)",
        mixed(PLACE, "own.sequence"),
        mixed(PLACE, "unicode(hex(own.id))"),
      ],
      `${EVENTS} AND own.position <= feeds.id * ${FEED_SIZE} + (?3 ->> 0)`,
    ),
    clean: `DELETE FROM feed_events WHERE position IN (
      SELECT own.position FROM feeds CROSS JOIN feed_events AS own
        ON own.position > feeds.id * ${FEED_SIZE} AND own.position < (feeds.id + 1) * ${FEED_SIZE}
      WHERE ${OF_MERCHANT} AND ${IS_COPY} LIMIT ?2) RETURNING 1 AS n`,
  },
  payments: {
    first: `[${Number.MIN_SAFE_INTEGER},""]`,
    last: `[${Number.MAX_SAFE_INTEGER},""]`,
    read: `SELECT ${PAYMENT} FROM ${PAYMENTS} ORDER BY own.created_at, own.id LIMIT ?3`,
    find: `SELECT ${PAYMENT} FROM json_each(?2) AS wanted CROSS JOIN feeds CROSS JOIN listed_transactions AS own
      ON own.feed = feeds.id AND own.created_at = wanted.value ->> 0 AND own.id = unhex(wanted.value ->> 1)
      WHERE ${OF_MERCHANT} ORDER BY own.created_at, own.id`,
    write: `INSERT INTO listed_transactions
        (feed, created_at, id, version, status, user_id, amount_minor, currency, updated_at, form, data)
      SELECT feeds.id, value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, CAST(unhex(value ->> 4) AS TEXT), value ->> 5,
        value ->> 6, value ->> 7, value ->> 8, value ->> 9
      FROM json_each(?2) CROSS JOIN feeds WHERE ${OF_MERCHANT}`,
    remove: `DELETE FROM listed_transactions WHERE (feed, created_at, id) IN (
      SELECT feeds.id, value ->> 0, unhex(value ->> 1) FROM json_each(?2) CROSS JOIN feeds WHERE ${OF_MERCHANT})`,
    end: `SELECT json_array(own.created_at, hex(own.id)) AS key FROM ${PAYMENTS}
      ORDER BY own.created_at, own.id LIMIT 1 OFFSET ?3`,
    summarize: summary(
      [
        "count(*)",
        sums("own.amount_minor"),
        "sum(own.version)",
        "sum(own.form)",
        "sum(own.updated_at)",
        "sum(length(own.data))",
        mixed("own.created_at", "own.version"),
        mixed("own.created_at", "length(own.data)"),
        mixed("own.created_at", "unicode(substr(hex(own.id), 9))"),
      ],
      `${PAYMENTS} AND (own.created_at, own.id) <= (?3 ->> 0, unhex(?3 ->> 1))`,
      "own.currency, own.status",
    ),
    clean: `DELETE FROM listed_transactions WHERE (feed, created_at, id) IN (
      SELECT own.feed, own.created_at, own.id FROM feeds CROSS JOIN listed_transactions AS own ON own.feed = feeds.id
      WHERE ${OF_MERCHANT} AND ${IS_COPY} LIMIT ?2) RETURNING 1 AS n`,
  },
  refunds: {
    first: '["",""]',
    last: '["~","~"]',
    read: `SELECT ${REFUND} FROM ${REFUNDS} ORDER BY own.created_at, own.id LIMIT ?3`,
    find: `SELECT ${REFUND} FROM json_each(?2) AS wanted CROSS JOIN refunds AS own
      ON own.merchant_id = ?1 AND own.created_at = wanted.value ->> 0 AND own.id = wanted.value ->> 1
      ORDER BY own.created_at, own.id`,
    write: `INSERT INTO refunds (merchant_id, created_at, id, transaction_id, status, amount_minor, currency, sequence, data)
      SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
      FROM json_each(?2)`,
    remove: `DELETE FROM refunds WHERE (merchant_id, created_at, id) IN (
      SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2))`,
    end: `SELECT json_array(own.created_at, own.id) AS key FROM ${REFUNDS}
      ORDER BY own.created_at, own.id LIMIT 1 OFFSET ?3`,
    summarize: summary(
      [
        "count(*)",
        sums("own.amount_minor"),
        "sum(own.sequence)",
        "sum(length(own.data))",
        mixed("unicode(substr(own.id, 31))", "own.sequence"),
        mixed("unicode(substr(own.id, 32))", "length(own.data)"),
      ],
      `${REFUNDS} AND (own.created_at, own.id) <= (?3 ->> 0, ?3 ->> 1)`,
      "own.currency, own.status",
    ),
    clean: `DELETE FROM refunds WHERE (merchant_id, created_at, id) IN (
      SELECT merchant_id, created_at, id FROM refunds WHERE merchant_id = ?1 AND ${IS_COPY} LIMIT ?2) RETURNING 1 AS n`,
  },
  hours: {
    first: '[-1,""]',
    last: `[${Number.MAX_SAFE_INTEGER},""]`,
    read: `SELECT ${HOUR} FROM ${HOURS} ORDER BY own.hour, own.currency LIMIT ?3`,
    find: `SELECT ${HOUR} FROM json_each(?2) AS wanted CROSS JOIN hourly_totals AS own
      ON own.merchant_id = ?1 AND own.hour = wanted.value ->> 0 AND own.currency = wanted.value ->> 1
      ORDER BY own.hour, own.currency`,
    write: `INSERT INTO hourly_totals (merchant_id, hour, currency, ${COUNTED.join(", ")})
      SELECT ?1, value ->> 0, value ->> 1, ${COUNTED.map((_, at) => `value ->> ${at + 2}`).join(", ")}
      FROM json_each(?2)`,
    remove: `DELETE FROM hourly_totals WHERE (merchant_id, hour, currency) IN (
      SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2))`,
    end: `SELECT json_array(own.hour, own.currency) AS key FROM ${HOURS}
      ORDER BY own.hour, own.currency LIMIT 1 OFFSET ?3`,
    summarize: summary(
      [
        "count(*)",
        ...COUNTED.map((column) => sums(`own.${column}`)),
        mixed("own.hour", "own.created + 3 * own.completed + 5 * own.refunded"),
      ],
      `${HOURS} AND (own.hour, own.currency) <= (?3 ->> 0, ?3 ->> 1)`,
      "own.currency",
    ),
    clean: `DELETE FROM hourly_totals WHERE (merchant_id, hour, currency) IN (
      SELECT merchant_id, hour, currency FROM hourly_totals WHERE merchant_id = ?1 AND ${IS_COPY} LIMIT ?2) RETURNING 1 AS n`,
  },
};
