/** The shard's SQL as far as it writes, with a count of the writes. */

export class Writer {
  readonly #sql: SqlStorage;
  #writes = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** How many writes have been begun. */
  get writes(): number {
    return this.#writes;
  }

  write(statement: string, ...bindings: SqlStorageValue[]): void {
    this.#writes += 1;
    this.#sql.exec(statement, ...bindings);
  }
}
