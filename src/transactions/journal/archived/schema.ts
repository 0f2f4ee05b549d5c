/** The tables of a shard's archive, by version of its journal. docs/storage.md says what each is for. */

/** Version 6: the segments of the archive, and where payments are that have left the tables. A row of `archived` is all that
 *  is left of such a payment, so it has nothing but the packed id and the place. */
export function addArchive(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS segments (
      number INTEGER PRIMARY KEY,
      shard TEXT NOT NULL,
      hash TEXT NOT NULL,
      payments INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      last_position INTEGER NOT NULL,
      first_created_at_ms INTEGER NOT NULL,
      last_created_at_ms INTEGER NOT NULL,
      sealed_at_ms INTEGER NOT NULL,
      is_in_book INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS segments_in_book ON segments (number) WHERE is_in_book = 1;
    CREATE TABLE IF NOT EXISTS segment_merchants (
      merchant_id TEXT NOT NULL,
      last_created_at_ms INTEGER NOT NULL,
      number INTEGER NOT NULL,
      first_created_at_ms INTEGER NOT NULL,
      PRIMARY KEY (merchant_id, last_created_at_ms, number)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS segment_merchants_by_first
      ON segment_merchants (merchant_id, first_created_at_ms, last_created_at_ms);
    CREATE TABLE IF NOT EXISTS archived (id BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;`);
}

/** Version 8: payments that an operator has put back, and until when they stay. */
export function addRestored(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS restored (first_position INTEGER PRIMARY KEY, until_ms INTEGER NOT NULL)`);
}

/** Version 10: objects of the archive's bucket that are to be deleted, because their segment was replaced. */
export function addObsolete(sql: SqlStorage): void {
  sql.exec("CREATE TABLE IF NOT EXISTS obsolete_objects (key TEXT PRIMARY KEY) WITHOUT ROWID");
}

/** Version 11: payments that have been put back from the archive, each with the position of its last event of before that. */
export function addPutBack(sql: SqlStorage): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS put_back (first_position INTEGER PRIMARY KEY, through INTEGER NOT NULL)",
  );
}
