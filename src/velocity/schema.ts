/** The tables of a velocity object, by version. docs/storage.md says what each is for. */
import { hasTable, type Migration, migrate } from "../runtime/migrations";
import { carryOver } from "./carry-over";

/** Creates the tables of a new object, or upgrades those of an earlier release. To be called inside
 *  `transactionSync`. Rows of version 1 may be left to be carried over. */
export function migrateVelocity(sql: SqlStorage): void {
  migrate(sql, MIGRATIONS);
}

/** Version 1: the tables as they were when versions were first recorded. The first release had one table,
 *  `payments`. */
function createTables(sql: SqlStorage): void {
  for (const statement of TABLES) sql.exec(statement);
  if (hasTable(sql, "payments")) importPayments(sql);
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS subjects (
    merchant_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    value TEXT NOT NULL,
    id INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, subject, value)
  ) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS subjects_by_seen_at ON subjects (seen_at)",
  `CREATE TABLE IF NOT EXISTS counted_payments (
    subject_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    position INTEGER NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    outcome TEXT,
    released_after INTEGER,
    PRIMARY KEY (subject_id, at, position),
    UNIQUE (transaction_id, subject_id)
  ) WITHOUT ROWID`,
];

/** The first release counted customers alone and named them `merchant/user`; merchant ids have no slash. A
 *  customer's first payment is the oldest one that is still stored. */
function importPayments(sql: SqlStorage): void {
  sql.exec(`
    INSERT INTO subjects (merchant_id, subject, value, id, first_at, seen_at)
    SELECT substr(customer, 1, instr(customer, '/') - 1), 'customer',
           substr(customer, instr(customer, '/') + 1), min(position), min(at), max(at)
    FROM payments GROUP BY customer`);
  sql.exec(`
    INSERT INTO counted_payments
      (subject_id, at, position, transaction_id, user_id, currency, amount_minor)
    SELECT id, at, position, transaction_id, value, currency, amount_minor
    FROM payments JOIN subjects
      ON merchant_id = substr(customer, 1, instr(customer, '/') - 1)
      AND subject = 'customer' AND value = substr(customer, instr(customer, '/') + 1)
    ORDER BY position`);
  sql.exec("DROP TABLE payments");
}

/** Version 2: subjects have no table of their own. The payments of a subject are stored next to each other by time, so
 *  a window is one range of the key, and the first and the newest row tell when the subject was first and last seen. A
 *  subject's first payment is found without the index by ids, which saves a row of it for each new customer. */
function keyBySubject(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE subject_payments (
      subject TEXT NOT NULL,
      at INTEGER NOT NULL,
      position INTEGER NOT NULL,
      transaction_id TEXT NOT NULL,
      user_id TEXT NOT NULL,
      currency TEXT NOT NULL,
      amount_minor INTEGER NOT NULL,
      outcome TEXT,
      released_after INTEGER,
      PRIMARY KEY (subject, at, position)
    ) WITHOUT ROWID`);
  sql.exec(
    "CREATE UNIQUE INDEX subject_payments_by_id ON subject_payments (transaction_id, subject) WHERE position > 1",
  );
  sql.exec(
    "CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), newest_at INTEGER NOT NULL)",
  );
  sql.exec(`
    INSERT INTO clock (id, newest_at)
    SELECT 1, at FROM counted_payments ORDER BY position DESC LIMIT 1`);
  carryOver(sql);
}

const MIGRATIONS: readonly Migration[] = [createTables, keyBySubject];
