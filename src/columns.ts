/** Columns that tables of Durable Objects got after objects were in use. */

/** Adds a column that a table made by an earlier version lacks; its rows have null there. */
export function ensureColumn(sql: SqlStorage, table: string, column: string, type: string): void {
  const known = sql.exec("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", table, column);
  if (known.toArray().length > 0) return;
  sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}
