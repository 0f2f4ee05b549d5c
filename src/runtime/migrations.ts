/** Numbered migrations for the SQLite of a Durable Object, as D1 has its own in `migrations/`.
 *
 *  The version of an object's tables is one row of the object. A list of migrations only grows: a migration that was
 *  deployed is never changed or removed, because it has run in some objects. One that leaves
 *  tables that the release before cannot use makes its release final: CHANGELOG says so. */

/** Brings tables from the version before to the next one. A list's first migration finds an object without a
 *  version: a new one, or one of a release that did not record versions. */
export type Migration = (sql: SqlStorage) => void;

/** Runs the migrations that an object does not have yet, in order. An object that is up to date is not written to.
 *  To be called inside `transactionSync`, so that an object has all of them or none.
 *  @param migrations the one at index `n` leads to version `n + 1`
 *  @throws the fault of a migration */
export function migrate(sql: SqlStorage, migrations: readonly Migration[]): void {
  const version = readVersion(sql);
  if (version >= migrations.length) return; // Above: a later release has opened the object.
  for (const migration of migrations.slice(version)) migration(sql);
  sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
  sql.exec(
    version === 0
      ? "INSERT INTO schema_version VALUES (?)"
      : "UPDATE schema_version SET version = ?",
    migrations.length,
  );
}

/** 0 when no version is recorded. */
function readVersion(sql: SqlStorage): number {
  if (!hasTable(sql, "schema_version")) return 0;
  return sql.exec<{ version: number }>("SELECT version FROM schema_version").one().version;
}

/** Whether the object has a table of this name. */
export function hasTable(sql: SqlStorage, name: string): boolean {
  return columnNames(sql, name).length > 0;
}

/** The names of a table's columns; none when there is no such table. */
export function columnNames(sql: SqlStorage, table: string): string[] {
  const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", table);
  return columns.toArray().map(({ name }) => name);
}

/** Adds a column to a table that lacks it; its rows have null there. */
export function addMissingColumn(
  sql: SqlStorage,
  table: string,
  column: string,
  type: string,
): void {
  if (columnNames(sql, table).includes(column)) return;
  sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}
