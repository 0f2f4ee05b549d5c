/** The tables of a merchant's webhooks, by version. docs/storage.md says what each is for. */
import { addMissingColumn, type Migration, migrate } from "../../runtime/migrations";
import { moveCountersToState } from "../../runtime/state/move-counters";
import { STATE_TABLE } from "../../runtime/state/state-row";
import { IS_EARLIER_ID } from "./delivery-id";
import { moveAtStart } from "./earlier-deliveries";

/** Creates the tables of a new object, or upgrades those of an earlier release. To be called inside
 *  `transactionSync`. */
export function migrateWebhooks(sql: SqlStorage): void {
  migrate(sql, MIGRATIONS);
}

/** Version 1: the tables as they were when versions were first recorded. Deliveries of earlier releases lack two
 *  columns. */
function createTables(sql: SqlStorage): void {
  sql.exec(DELIVERY_TABLES);
  addMissingColumn(sql, "deliveries", "happened_at", "INTEGER");
  addMissingColumn(sql, "deliveries", "traceparent", "TEXT");
}

const DELIVERY_TABLES = `
  ${STATE_TABLE}
  CREATE TABLE IF NOT EXISTS merchant (id TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    events TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    disabled_reason TEXT,
    created_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    rests INTEGER NOT NULL DEFAULT 0,
    resting_until INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS secrets (
    position INTEGER PRIMARY KEY,
    endpoint_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    expires_at INTEGER
  );
  CREATE TABLE IF NOT EXISTS deliveries (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    transaction_id TEXT,
    url TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    next_at INTEGER,
    lease TEXT,
    happened_at INTEGER,
    traceparent TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER
  );
  CREATE TABLE IF NOT EXISTS bodies (delivery INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS deliveries_pending
    ON deliveries (endpoint_id, next_at) WHERE status = 'pending';
  CREATE INDEX IF NOT EXISTS deliveries_under_way
    ON deliveries (endpoint_id, next_at) WHERE lease IS NOT NULL;
  CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (started_at) WHERE status = 'pending';
  CREATE INDEX IF NOT EXISTS deliveries_by_endpoint ON deliveries (endpoint_id, position);
  CREATE INDEX IF NOT EXISTS deliveries_by_transaction ON deliveries (transaction_id, position);
  CREATE INDEX IF NOT EXISTS deliveries_dead ON deliveries (position) WHERE status = 'dead';
  CREATE INDEX IF NOT EXISTS deliveries_finished
    ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS attempts (
    delivery INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status_code INTEGER,
    error TEXT,
    PRIMARY KEY (delivery, number)
  ) WITHOUT ROWID;
`;

/** Version 3: a delivery is one row, with its body and its attempts, and has the indexes that a query needs. Leases are
 *  in memory. One that was running ends when it would have ended. */
function mergeDeliveryTables(sql: SqlStorage): void {
  // The numbering, which `numbering.ts` continues.
  sql.exec(
    `INSERT INTO state (id, checkpoints)
       SELECT 1, json_object('position', seq) FROM sqlite_sequence WHERE name = 'deliveries'
     ON CONFLICT (id) DO UPDATE SET checkpoints = excluded.checkpoints`,
  );
  sql.exec("ALTER TABLE deliveries RENAME TO earlier_deliveries");
  sql.exec(MERGED_DELIVERIES);
  moveAtStart(sql);
  for (const index of EARLIER_INDEXES) sql.exec(`DROP INDEX IF EXISTS deliveries_${index}`);
  sql.exec(DELIVERY_INDEXES);
}

const EARLIER_INDEXES = [
  ...["pending", "under_way", "open"],
  ...["by_endpoint", "by_transaction", "dead", "finished"],
];

const MERGED_DELIVERIES = `
  CREATE TABLE deliveries (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    transaction_id TEXT,
    url TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    next_at INTEGER,
    happened_at INTEGER,
    traceparent TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    log TEXT NOT NULL,
    body TEXT NOT NULL
  )
`;

/** `started_at` is in the index of pending deliveries so that the sweep reads no row for those that are young. */
const DELIVERY_INDEXES = `
  CREATE INDEX deliveries_pending
    ON deliveries (endpoint_id, next_at, started_at) WHERE status = 'pending';
  CREATE INDEX deliveries_by_transaction
    ON deliveries (transaction_id, position) WHERE transaction_id IS NOT NULL;
  CREATE INDEX deliveries_dead ON deliveries (position) WHERE status = 'dead';
  CREATE INDEX deliveries_by_earlier_id ON deliveries (id) WHERE ${IS_EARLIER_ID};
`;

/** Version 4: transactions whose customer's data was erased, until no event from before can arrive any more. */
function addErased(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE erased_transactions (
      transaction_id TEXT PRIMARY KEY,
      until_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX erased_transactions_by_end ON erased_transactions (until_ms)`);
}

const MIGRATIONS: readonly Migration[] = [
  createTables,
  moveCountersToState,
  mergeDeliveryTables,
  addErased,
];
