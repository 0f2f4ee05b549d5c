/** The writes of a shard, with a count of changes that shows whether a command has changed anything. */
import { type Insert, insertRows } from "../../runtime/insert-rows";

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

  insert(insert: Insert, rows: SqlStorageValue[][]): void {
    if (rows.length === 0) return;
    this.#begun += 1;
    insertRows(this.#sql, insert, rows);
  }
}
