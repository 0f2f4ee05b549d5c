/** One row for the small values of an object that change with nearly every commit. What is billed is the number of rows
 *  written, not their size: with a row for each value a commit would write a dozen. */

export const STATE_TABLE = `
  CREATE TABLE IF NOT EXISTS state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    counters TEXT,
    checkpoints TEXT
  );
`;

type Column = "counters" | "checkpoints";

export class StateRow {
  readonly #sql: SqlStorage;
  readonly #stored: Partial<Record<Column, string | null>>;
  readonly #serializers: Partial<Record<Column, () => string>> = {};
  #isChanged = false;

  /** @param sql with the table above */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const rows = sql.exec<Record<Column, string | null>>("SELECT counters, checkpoints FROM state");
    this.#stored = rows.toArray()[0] ?? {};
  }

  /** Makes a value part of the row.
   *  @param serialize returns its JSON text, whenever the row is written
   *  @returns the stored value; undefined when there is none */
  add<Value>(column: Column, serialize: () => string): Value | undefined {
    this.#serializers[column] = serialize;
    const stored = this.#stored[column];
    return stored ? (JSON.parse(stored) as Value) : undefined; // Our own text.
  }

  /** Tells that a value has changed, or that the last write was rolled back. */
  changed(): void {
    this.#isChanged = true;
  }

  /** Writes the row, if a value has changed since it was written last. */
  write(): void {
    if (!this.#isChanged) return;
    this.#sql.exec(
      `INSERT INTO state (id, counters, checkpoints) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         counters = excluded.counters, checkpoints = excluded.checkpoints`,
      this.#serialize("counters"),
      this.#serialize("checkpoints"),
    );
    this.#isChanged = false;
  }

  /** What nothing has added yet stays as it is. */
  #serialize(column: Column): string | null {
    return this.#serializers[column]?.() ?? this.#stored[column] ?? null;
  }
}
