/** A shard's events as earlier releases kept them, so that a test can see them brought up to date. */
import type { EventRecord } from "../../src/domain/transaction/event";
import { Journal } from "../../src/transactions/journal/journal";

const FIRST_COLUMNS = [
  "position",
  "merchant_id",
  "transaction_id",
  "sequence",
  "type",
  "created_at_ms",
  "data",
] as const;
const FIRST_VERSION = `CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  data TEXT NOT NULL,
  UNIQUE (transaction_id, sequence)
)`;

const WHOLE_COLUMNS = [...FIRST_COLUMNS, "traceparent", "first_position", "refund"] as const;
const WHOLE_TEXTS = [
  `CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL,
    traceparent TEXT,
    first_position INTEGER NOT NULL,
    refund TEXT
  )`,
  "CREATE UNIQUE INDEX first_events ON events (transaction_id) WHERE sequence = 1",
  "CREATE UNIQUE INDEX later_events ON events (first_position, sequence) WHERE sequence > 1",
];

/** Rewrites `events` as the first version had it. A running object continues with its cached state: it has to be
 *  restarted. */
export function turnBackEvents(sql: SqlStorage): void {
  rewrite(sql, [FIRST_VERSION], FIRST_COLUMNS);
  sql.exec("DROP TABLE schema_version");
}

/** Rewrites `events` as version 4 had it: each with its whole text. */
export function turnBackToWholeTexts(sql: SqlStorage): void {
  rewrite(sql, WHOLE_TEXTS, WHOLE_COLUMNS);
  sql.exec("UPDATE schema_version SET version = 4");
}

function rewrite(sql: SqlStorage, tables: string[], columns: readonly (keyof EventRecord)[]): void {
  const journal = new Journal(sql);
  const records = journal.events.readAfter(0, journal.lastPosition);
  sql.exec("DROP TABLE events");
  for (const table of tables) sql.exec(table);
  const places = columns.map(() => "?").join(", ");
  for (const record of records) {
    const values = columns.map((column) => record[column]);
    sql.exec(`INSERT INTO events (${columns.join(", ")}) VALUES (${places})`, ...values);
  }
}
