/** The tables of a velocity object, and how those of an earlier release become them. docs/storage.md says
 *  what each is for. */

/** A subject's payments lie together, in the order of their times: what a window holds is one range. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS subjects (
    merchant_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    value TEXT NOT NULL,
    id INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, subject, value)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS subjects_by_seen_at ON subjects (seen_at);
  CREATE TABLE IF NOT EXISTS counted_payments (
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
  ) WITHOUT ROWID;
`;

/** Makes the tables. To be called inside a transaction. */
export function openTables(sql: SqlStorage): void {
  sql.exec(TABLES);
  const earlier = sql.exec(
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'payments'",
  );
  if (earlier.toArray().length > 0) takeOverCustomers(sql);
}

/** The first release counted customers alone, in a table that named them `merchant/user`; merchant ids
 *  have no slash. Their first payment is the first that is still held. */
function takeOverCustomers(sql: SqlStorage): void {
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
