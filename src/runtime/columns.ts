/** Columns that tables of Durable Objects got after objects were in use. */

/** The names of a table's columns; none when there is no such table. */
export function columnsOf(sql: SqlStorage, table: string): string[] {
  const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", table);
  return columns.toArray().map(({ name }) => name);
}

/** Adds a column that a table made by an earlier version lacks; its rows have null there. */
export function ensureColumn(sql: SqlStorage, table: string, column: string, type: string): void {
  if (columnsOf(sql, table).includes(column)) return;
  sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}
