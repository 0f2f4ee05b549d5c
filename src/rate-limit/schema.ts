/** The tables of a quota keeper, by version. docs/storage.md says what each is for. */
import { type Migration, migrate } from "../runtime/migrations";

/** Creates the tables of a new object, or upgrades those of an earlier release. To be called inside
 *  `transactionSync`. */
export function migrateQuotas(sql: SqlStorage): void {
  migrate(sql, MIGRATIONS);
}

/** Version 1: the tables as they were when versions were first recorded. Objects of the first release have no
 *  `holds`. */
function createTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS windows (
      policy TEXT PRIMARY KEY,
      ends_at_ms INTEGER NOT NULL,
      leased INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS holds (
      task TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      ends_at_ms INTEGER NOT NULL
    ) WITHOUT ROWID`);
}

const MIGRATIONS: readonly Migration[] = [createTables];
