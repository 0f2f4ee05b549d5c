/** The tables of a shard's journal, by version. docs/storage.md says what each is for. */
import {
  addMissingColumn,
  columnNames,
  hasTable,
  type Migration,
  migrate,
} from "../../runtime/migrations";
import { moveCountersToState } from "../../runtime/state/move-counters";
import { STATE_TABLE } from "../../runtime/state/state-row";
import { addArchive, addObsolete, addPutBack, addRestored } from "./archived/schema";

/** Creates the tables of a new object, or upgrades those of an earlier release. To be called inside
 *  `transactionSync`. */
export function migrateJournal(sql: SqlStorage): void {
  migrate(sql, MIGRATIONS);
}

/** Version 1: the tables as they were when versions were first recorded. Earlier releases are recognised by what
 *  their tables lack. */
function createTables(sql: SqlStorage): void {
  const columns = columnNames(sql, "events");
  const isNew = columns.length === 0;
  if (!isNew && !columns.includes("first_position")) linkEvents(sql);
  const hasPauses = hasTable(sql, "pauses");
  sql.exec(JOURNAL_TABLES);
  if (!isNew && !hasPauses) movePause(sql);
}

/** Version 2: counters and checkpoints in one row, an event in one index, and rows in `charges` only for charges that
 *  have been tried without an outcome. A new object has its tables in this form from the start. */
function reduceRows(sql: SqlStorage): void {
  moveCountersToState(sql);
  if (!hasTable(sql, "marks")) return;
  sql.exec(`
    INSERT INTO state (id, checkpoints)
    SELECT 1, json_set(json_group_object(name, value), '$.charges_stored_through',
      (SELECT coalesce(max(position), 0) FROM events)) FROM marks WHERE true
    ON CONFLICT (id) DO UPDATE SET checkpoints = excluded.checkpoints`);
  sql.exec("DROP TABLE marks");
  sql.exec("DROP INDEX IF EXISTS events_by_first");
}

/** A pause of the book was a row of `marks` before every destination had a row in `pauses`. */
function movePause(sql: SqlStorage): void {
  const mark = "FROM marks WHERE name = 'book_paused_until_ms'";
  sql.exec(`INSERT INTO pauses SELECT 'book', 1, value ${mark} AND value > unixepoch() * 1000`);
  sql.exec(`DELETE ${mark}`);
}

/** The events of a transaction are found through its first event. Ids are random, so an index by id changes another
 *  page for nearly every row; with the first events alone it has one row for each transaction. The other index has
 *  only the events that the first one does not have, so that each event is in one index. */
const EVENTS_TABLE = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL,
    traceparent TEXT,
    first_position INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS first_events ON events (transaction_id) WHERE sequence = 1;
  CREATE UNIQUE INDEX IF NOT EXISTS later_events ON events (first_position, sequence)
    WHERE sequence > 1;
`;

/** Copies the events of a release that did not link them to the first event of their transaction. */
function linkEvents(sql: SqlStorage): void {
  addMissingColumn(sql, "events", "traceparent", "TEXT");
  sql.exec("ALTER TABLE events RENAME TO unlinked_events");
  sql.exec(EVENTS_TABLE);
  sql.exec(`
    INSERT INTO events
    SELECT position, merchant_id, transaction_id, sequence, type, created_at_ms, data, traceparent,
      (SELECT first.position FROM unlinked_events AS first
         WHERE first.transaction_id = unlinked_events.transaction_id AND first.sequence = 1)
    FROM unlinked_events ORDER BY position`);
  sql.exec("DROP TABLE unlinked_events");
}

const JOURNAL_TABLES = `
  ${EVENTS_TABLE}
  CREATE TABLE IF NOT EXISTS charges (
    transaction_id TEXT PRIMARY KEY,
    attempts INTEGER NOT NULL,
    next_attempt_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS charges_by_time ON charges (next_attempt_at_ms);
  CREATE TABLE IF NOT EXISTS reviews (
    transaction_id TEXT PRIMARY KEY,
    expires_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS reviews_by_expiry ON reviews (expires_at_ms);
  CREATE TABLE IF NOT EXISTS parked (
    position INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    parked_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS parked_by_transaction ON parked (transaction_id);
  CREATE TABLE IF NOT EXISTS waiting (position INTEGER PRIMARY KEY, merchant_id TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS waiting_by_merchant ON waiting (merchant_id);
  ${STATE_TABLE}
  CREATE TABLE IF NOT EXISTS pauses (
    destination TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** Version 3: refunds, and the time of the claim of an operation without an outcome. */
function addRefunds(sql: SqlStorage): void {
  addMissingColumn(sql, "events", "refund", "TEXT");
  sql.exec(REFUNDS_TABLE);
  addMissingColumn(sql, "charges", "claimed_at_ms", "INTEGER");
  sql.exec(`
    UPDATE charges SET claimed_at_ms = (
      SELECT claim.created_at_ms FROM events AS first
      JOIN events AS claim ON claim.first_position = first.position AND claim.sequence > 1
        AND claim.type = 'transaction.processing'
      WHERE first.transaction_id = charges.transaction_id AND first.sequence = 1)`);
}

/** The refunds of a transaction are few and are read together. The index has those whose outcome is not known yet. */
const REFUNDS_TABLE = `
  CREATE TABLE IF NOT EXISTS refunds (
    transaction_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    sent_minor INTEGER,
    data TEXT NOT NULL,
    PRIMARY KEY (transaction_id, position)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS pending_refunds ON refunds (id) WHERE status = 'pending';
`;

/** Version 4: what the processor needs to charge a payment, what its customer has to do, and the operations that wait for
 *  that. */
function addPaymentDetails(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS payment_details (
      transaction_id TEXT PRIMARY KEY,
      data TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS next_actions (
      transaction_id TEXT PRIMARY KEY,
      data TEXT NOT NULL
    ) WITHOUT ROWID;`);
  addMissingColumn(sql, "charges", "awaits_action", "INTEGER NOT NULL DEFAULT 0");
}

/** Version 5: an event's row has what it changed (`stored-event.ts`). The rows so far stay in a table of their own, from
 *  which an alarm moves them (`earlier-events.ts`). The release before cannot read the new rows. */
function packEvents(sql: SqlStorage): void {
  const [row] = sql.exec("SELECT 1 FROM events LIMIT 1").toArray();
  sql.exec(row ? "ALTER TABLE events RENAME TO earlier_events" : "DROP TABLE events");
  sql.exec(`
    CREATE TABLE events (
      position INTEGER PRIMARY KEY,
      first_position INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      type INTEGER NOT NULL,
      created_at_ms INTEGER NOT NULL,
      form INTEGER NOT NULL,
      data TEXT NOT NULL,
      traceparent TEXT,
      refund TEXT,
      merchant_id TEXT,
      transaction_id TEXT
    );
    CREATE UNIQUE INDEX events_by_transaction ON events (transaction_id) WHERE transaction_id IS NOT NULL;
    CREATE UNIQUE INDEX events_of_transaction ON events (first_position, sequence) WHERE sequence > 1;`);
}

/** Version 7: the position up to which the book may have transactions in the tables of earlier releases
 *  (`outbox/earlier-book.ts`). */
function markBook(sql: SqlStorage): void {
  const tables = ["events", "earlier_events"].filter((name) => hasTable(sql, name));
  const last = tables
    .map((name) => `SELECT max(position) AS position FROM ${name}`)
    .join(" UNION ALL ");
  sql.exec(`
    INSERT INTO state (id, checkpoints)
    SELECT 1, json_object('book_move_until', max(position)) FROM (${last}) HAVING max(position) IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET checkpoints = json_patch(coalesce(checkpoints, '{}'), excluded.checkpoints)`);
}

/** Version 9: events that the book of their merchant could not take yet (`outbox/book-destination.ts`). */
function addBookWaiting(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS book_waiting (position INTEGER PRIMARY KEY, merchant_id TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS book_waiting_by_merchant ON book_waiting (merchant_id);`);
}

const MIGRATIONS: readonly Migration[] = [
  createTables,
  reduceRows,
  addRefunds,
  addPaymentDetails,
  packEvents,
  addArchive,
  markBook,
  addRestored,
  addBookWaiting,
  addObsolete,
  addPutBack,
];
