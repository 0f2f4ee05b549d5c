/** A shard's events as the first version kept them, so that a test can see them brought up to date. */

const STATEMENTS = [
  `CREATE TABLE first_version (
    position INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (transaction_id, sequence)
  )`,
  `INSERT INTO first_version
   SELECT position, merchant_id, transaction_id, sequence, type, created_at_ms, data FROM events`,
  "DROP TABLE events",
  "ALTER TABLE first_version RENAME TO events",
  "DROP TABLE schema_version",
];

/** Rewrites `events`. A running object continues with its cached state: it has to be restarted. */
export function turnBackEvents(sql: SqlStorage): void {
  for (const statement of STATEMENTS) sql.exec(statement);
}
