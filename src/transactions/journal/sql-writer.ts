/** The writes of a shard, with a count of changes that shows whether a command has changed anything. */

/** How many rows one statement inserts. Few sizes, because each is a prepared statement in the cache. Ten rows of ten
 *  columns are within the 100 bound parameters of a statement in a Durable Object,
 *  https://developers.cloudflare.com/durable-objects/platform/limits/. */
const ROWS_PER_STATEMENT = [10, 4, 1];

export class SqlWriter {
  readonly #sql: SqlStorage;
  #begun = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** How many changes were begun, written or not. */
  get begun(): number {
    return this.#begun;
  }

  /** Counts a change that is written later. */
  begin(): void {
    this.#begun += 1;
  }

  write(statement: string, ...bindings: SqlStorageValue[]): void {
    this.#begun += 1;
    this.#sql.exec(statement, ...bindings);
  }

  /** Inserts rows, each with a value for every column, in order. `OR FAIL` needs no statement journal, to
   *  which SQLite would copy every changed page: when a write fails the object is reset anyway.
   *  Source: https://www.sqlite.org/tempfiles.html#statement_journal_files */
  insert(table: string, columns: readonly string[], rows: SqlStorageValue[][]): void {
    const row = `(${columns.map(() => "?").join(", ")})`;
    let at = 0;
    for (const size of ROWS_PER_STATEMENT) {
      const values = Array(size).fill(row).join(", ");
      const statement = `INSERT OR FAIL INTO ${table} (${columns.join(", ")}) VALUES ${values}`;
      for (; at + size <= rows.length; at += size) {
        this.write(statement, ...rows.slice(at, at + size).flat());
      }
    }
  }
}
