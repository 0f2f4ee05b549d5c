/** D1 over Node's own SQLite, as far as the source uses it, and the book's tables from the committed migrations. Tests
 *  inside workerd use the real one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";

const MIGRATIONS = join(import.meta.dirname, "../../migrations");

/** The files of the migrations in order. */
const MIGRATION_FILES = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .sort();

/** The migrations before the first one with this in its name, and from it on. */
export function migrationsAround(name: string): { before: string[]; rest: string[] } {
  const at = MIGRATION_FILES.findIndex((file) => file.includes(name));
  if (at < 0) throw new Error(`no migration ${name}`);
  return { before: MIGRATION_FILES.slice(0, at), rest: MIGRATION_FILES.slice(at) };
}

/** Applies migrations, each in one transaction as D1 does. */
export function migrate(book: DatabaseSync, files: string[] = MIGRATION_FILES): void {
  for (const file of files) {
    book.exec(`BEGIN;${readFileSync(join(MIGRATIONS, file), "utf8")};COMMIT`);
  }
}

type Bound = { query: () => { results: Record<string, unknown>[] } };

/** A binding whose `batch` is one transaction. Like D1 it binds numbers as floats. */
export function memoryD1(book: DatabaseSync): D1Database {
  const bindTo = (sql: string, values: SQLInputValue[]) => {
    const query = () => ({ results: book.prepare(sql).all(...values), success: true, meta: {} });
    return {
      query,
      bind: (...given: SQLInputValue[]) => bindTo(sql, given),
      all: async () => query(),
      run: async () => query(),
      raw: async () => query().results.map((row) => Object.values(row)),
      first: async () => query().results[0] ?? null,
    };
  };
  const batch = async (statements: Bound[]) => {
    book.exec("BEGIN");
    try {
      const results = statements.map((statement) => statement.query());
      book.exec("COMMIT");
      return results;
    } catch (fault) {
      book.exec("ROLLBACK");
      throw fault;
    }
  };
  return { prepare: (sql: string) => bindTo(sql, []), batch } as unknown as D1Database; // Nothing else is used.
}
