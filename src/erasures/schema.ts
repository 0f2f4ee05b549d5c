/** The tables of an erasure, by version. docs/storage.md says what each is for. */
import { type Migration, migrate } from "../runtime/migrations";

/** Creates the tables of a new object, or upgrades those of an earlier release. To be called inside
 *  `transactionSync`. */
export function migrateErasure(sql: SqlStorage): void {
  migrate(sql, MIGRATIONS);
}

function createTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE erasure (
      id TEXT PRIMARY KEY,
      merchant_id TEXT NOT NULL,
      user_id TEXT,
      traceparent TEXT,
      created_at_ms INTEGER NOT NULL,
      completed_at_ms INTEGER,
      place TEXT,
      counts TEXT NOT NULL,
      failures INTEGER NOT NULL,
      due_at_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE found_payments (
      transaction_id TEXT PRIMARY KEY,
      is_waiting INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX found_payments_due ON found_payments (transaction_id) WHERE is_waiting = 0`);
}

const MIGRATIONS: readonly Migration[] = [createTables];
