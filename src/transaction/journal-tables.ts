/** The tables of a shard's journal. docs/storage.md says what each is for. */
import { ensureColumn } from "../columns";
import { COUNTERS_TABLE } from "../telemetry/counts";

/** Makes the tables, or brings those of an earlier version up to date. */
export function makeJournalTables(sql: SqlStorage): void {
  sql.exec(JOURNAL_TABLES);
  ensureColumn(sql, "events", "traceparent", "TEXT");
}

const JOURNAL_TABLES = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL,
    traceparent TEXT,
    UNIQUE (transaction_id, sequence)
  );
  CREATE TABLE IF NOT EXISTS charges (
    transaction_id TEXT PRIMARY KEY,
    attempts INTEGER NOT NULL,
    next_attempt_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS reviews (
    transaction_id TEXT PRIMARY KEY,
    expires_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS reviews_by_expiry ON reviews (expires_at_ms);
  CREATE TABLE IF NOT EXISTS parked (
    position INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    parked_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS parked_by_transaction ON parked (transaction_id);
  CREATE TABLE IF NOT EXISTS waiting (position INTEGER PRIMARY KEY, merchant_id TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS waiting_by_merchant ON waiting (merchant_id);
  ${COUNTERS_TABLE}
  CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;
