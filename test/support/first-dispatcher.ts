/** Turns a dispatcher's tables back to those of the first release, which had no versions, counters or traces. */

const COLUMNS = `position, id, endpoint_id, message_id, event_type, transaction_id, url, status, attempts, tries, next_at,
  created_at, started_at, finished_at`;

export function turnBackDeliveries(sql: SqlStorage): void {
  sql.exec("ALTER TABLE deliveries RENAME TO later_deliveries");
  sql.exec(`CREATE TABLE deliveries (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL, message_id TEXT NOT NULL, event_type TEXT NOT NULL, transaction_id TEXT,
    url TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, tries INTEGER NOT NULL,
    next_at INTEGER, lease TEXT, created_at INTEGER NOT NULL, started_at INTEGER NOT NULL,
    finished_at INTEGER)`);
  sql.exec(`INSERT INTO deliveries (${COLUMNS}) SELECT ${COLUMNS} FROM later_deliveries`);
  for (const table of ["later_deliveries", "state", "erased_transactions", "schema_version"]) {
    sql.exec(`DROP TABLE ${table}`);
  }
}
