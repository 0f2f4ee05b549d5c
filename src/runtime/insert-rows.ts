/** Inserts many rows of an object with few statements. */

/** The most bound parameters of a statement in a Durable Object,
 *  https://developers.cloudflare.com/durable-objects/platform/limits/. */
const MAX_BINDINGS = 100;

/** A statement for each number of rows, the largest first. Few sizes, because each is a prepared statement in the cache. */
export type Insert = readonly { rows: number; statement: string }[];

/** Builds the statements for rows of these columns. `OR FAIL` needs no statement journal, to which SQLite would copy every
 *  changed page: when a write fails the object is reset anyway.
 *  Source: https://www.sqlite.org/tempfiles.html#statement_journal_files */
export function prepareInsert(table: string, columns: readonly string[]): Insert {
  const row = `(${columns.map(() => "?").join(", ")})`;
  return [Math.floor(MAX_BINDINGS / columns.length), 4, 1].map((rows) => {
    const values = Array(rows).fill(row).join(", ");
    const statement = `INSERT OR FAIL INTO ${table} (${columns.join(", ")}) VALUES ${values}`;
    return { rows, statement };
  });
}

/** Inserts rows, each with a value for every column, in order. */
export function insertRows(
  sql: Pick<SqlStorage, "exec">,
  insert: Insert,
  rows: SqlStorageValue[][],
): void {
  let at = 0;
  for (const { rows: size, statement } of insert) {
    for (; at + size <= rows.length; at += size) {
      sql.exec(statement, ...rows.slice(at, at + size).flat());
    }
  }
}
