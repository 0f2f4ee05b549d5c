/** The shard's SQL as far as it writes, with a count of what has been begun. */

/** Statements that insert so many rows at once; few, because each text is a statement to keep ready. Eleven
 *  rows of nine columns are within the hundred bindings that a Durable Object takes in a statement,
 *  https://developers.cloudflare.com/durable-objects/platform/limits/. */
const ROWS_AT_ONCE = [11, 4, 1];

export class SqlWriter {
  readonly #sql: SqlStorage;
  #begun = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** How many changes have been begun, whether or not they are written yet. */
  get begun(): number {
    return this.#begun;
  }

  /** Notes a change that is to be written later. */
  begin(): void {
    this.#begun += 1;
  }

  write(statement: string, ...bindings: SqlStorageValue[]): void {
    this.#begun += 1;
    this.#sql.exec(statement, ...bindings);
  }

  /** Inserts rows, each with a value for every column, in order. With `OR FAIL` SQLite need not be able to take
   *  back half of a statement, for which it would copy every page: a write that fails is the object's end. */
  insert(table: string, columns: readonly string[], rows: SqlStorageValue[][]): void {
    const row = `(${columns.map(() => "?").join(", ")})`;
    let at = 0;
    for (const size of ROWS_AT_ONCE) {
      const values = Array(size).fill(row).join(", ");
      const statement = `INSERT OR FAIL INTO ${table} (${columns.join(", ")}) VALUES ${values}`;
      for (; at + size <= rows.length; at += size) {
        this.write(statement, ...rows.slice(at, at + size).flat());
      }
    }
  }
}
