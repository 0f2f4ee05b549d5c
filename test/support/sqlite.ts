/** A Durable Object's SQL storage over Node's own SQLite, as far as the source uses it: `exec` with
 *  its cursor, and `transactionSync`. The tests that run inside workerd meet the real one. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

type Row = Record<string, unknown>;

/** The platform's limit, which Node's SQLite does not have. */
const MOST_BINDINGS = 100;

export type MemoryStorage = {
  sql: SqlStorage;
  transactionSync: <Value>(work: () => Value) => Value;
};

export function memoryStorage(database = new DatabaseSync(":memory:")): MemoryStorage {
  const statements = new Map<string, StatementSync>();

  function exec(query: string, ...given: (SQLInputValue | ArrayBuffer)[]) {
    const bindings = given.map((one) => (one instanceof ArrayBuffer ? new Uint8Array(one) : one));
    if (bindings.length > MOST_BINDINGS) throw new Error("too many bindings for a Durable Object");
    if (/^\s*CREATE/.test(query)) {
      database.exec(query);
      return cursorOf([], 0);
    }
    const statement = statements.get(query) ?? database.prepare(query);
    statements.set(query, statement);
    if (statement.columns().length === 0) {
      return cursorOf([], Number(statement.run(...bindings).changes));
    }
    return cursorOf(
      statement.all(...bindings).map((row) => ({ ...row })),
      0,
    );
  }

  function transactionSync<Value>(work: () => Value): Value {
    database.exec("BEGIN");
    try {
      const value = work();
      database.exec("COMMIT");
      return value;
    } catch (fault) {
      database.exec("ROLLBACK");
      throw fault;
    }
  }

  return { sql: { exec } as unknown as SqlStorage, transactionSync }; // Nothing else of it is used.
}

function cursorOf(rows: Row[], rowsWritten: number) {
  return {
    rowsWritten,
    toArray: () => rows,
    raw: () => rows.map(Object.values).values(),
    one: () => {
      if (rows.length !== 1) throw new Error(`expected one row, not ${rows.length}`);
      return rows[0];
    },
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}
