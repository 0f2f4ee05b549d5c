/** The shard's SQL as far as it writes, with a count of what has been begun. */

/** Durable Objects take a hundred, https://developers.cloudflare.com/durable-objects/platform/limits/. */
const MAX_BINDINGS = 100;
/** Statements that insert so many rows at once; few, because each text is a statement to keep ready. */
const ROWS_AT_ONCE = [12, 4, 1];

export class Writer {
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

  /** Inserts rows, in order. @param into `INSERT INTO table (columns)` */
  insert(into: string, rows: SqlStorageValue[][]): void {
    const columns = rows[0]?.length ?? 0;
    const row = `(${Array(columns).fill("?").join(", ")})`;
    let at = 0;
    for (const size of ROWS_AT_ONCE) {
      if (size * columns > MAX_BINDINGS) continue;
      const statement = `${into} VALUES ${Array(size).fill(row).join(", ")}`;
      for (; at + size <= rows.length; at += size) {
        this.write(statement, ...rows.slice(at, at + size).flat());
      }
    }
  }
}
