/** The numbered migrations of Durable Objects, and the tables of every earlier release that they upgrade. */
import { expect, it } from "vitest";
import { migrateQuotas } from "../../../src/rate-limit/schema";
import { type Migration, migrate } from "../../../src/runtime/migrations";
import { migrateJournal } from "../../../src/transactions/journal/schema";
import { migrateVelocity } from "../../../src/velocity/schema";
import { migrateWebhooks } from "../../../src/webhooks/store/schema";
import { type MemoryStorage, memoryStorage } from "../../support/sqlite";

/** Each adds its number to a table, and the first one creates it. */
const NUMBERED: Migration[] = [1, 2, 3].map((number) => (sql) => {
  if (number === 1) sql.exec("CREATE TABLE ran (number INTEGER)");
  sql.exec("INSERT INTO ran VALUES (?)", number);
});

const open = ({ sql, transactionSync }: MemoryStorage, migrations: Migration[]) =>
  transactionSync(() => migrate(sql, migrations));
const rowsOf = ({ sql }: MemoryStorage, table: string) =>
  sql.exec(`SELECT * FROM ${table}`).toArray();
const versionOf = (storage: MemoryStorage) => rowsOf(storage, "schema_version");
const ran = (storage: MemoryStorage) => rowsOf(storage, "ran").map(({ number }) => number);

it("A new object runs every migration in order and records the version", () => {
  const storage = memoryStorage();
  open(storage, NUMBERED);
  expect(ran(storage)).toEqual([1, 2, 3]);
  expect(versionOf(storage)).toEqual([{ version: 3 }]);
});

it("An object runs only the migrations after its recorded version", () => {
  const storage = memoryStorage();
  open(storage, NUMBERED.slice(0, 1));
  open(storage, NUMBERED);
  expect(ran(storage)).toEqual([1, 2, 3]);
  expect(versionOf(storage)).toEqual([{ version: 3 }]);
});

it("An object that is up to date is not written to", () => {
  const storage = memoryStorage();
  open(storage, NUMBERED);
  const statements: string[] = [];
  const sql = {
    exec: (statement: string, ...bindings: SqlStorageValue[]) => {
      statements.push(statement);
      return storage.sql.exec(statement, ...bindings);
    },
  } as SqlStorage; // Nothing else of it is used.
  migrate(sql, NUMBERED);
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter((statement) => !statement.startsWith("SELECT"))).toEqual([]);
});

it("An object that a later release has migrated is not changed", () => {
  const storage = memoryStorage();
  open(storage, NUMBERED);
  open(storage, NUMBERED.slice(0, 2));
  expect(ran(storage)).toEqual([1, 2, 3]);
  expect(versionOf(storage)).toEqual([{ version: 3 }]);
});

it("All missing migrations run again after one of them has failed", () => {
  const storage = memoryStorage();
  open(storage, NUMBERED.slice(0, 1));
  const failing: Migration = () => {
    throw new Error("disk full");
  };
  const [first, second] = NUMBERED as [Migration, Migration];
  expect(() => open(storage, [first, second, failing])).toThrow("disk full");
  expect(ran(storage)).toEqual([1]);
  expect(versionOf(storage)).toEqual([{ version: 1 }]);
  open(storage, NUMBERED);
  expect(ran(storage)).toEqual([1, 2, 3]);
});

const EVENTS = `position INTEGER PRIMARY KEY, merchant_id TEXT NOT NULL, transaction_id TEXT NOT NULL,
  sequence INTEGER NOT NULL, type TEXT NOT NULL, created_at_ms INTEGER NOT NULL, data TEXT NOT NULL`;
const FIRST_SHARD = `
  CREATE TABLE events (${EVENTS}, UNIQUE (transaction_id, sequence));
  CREATE TABLE charges (transaction_id TEXT PRIMARY KEY, attempts INTEGER NOT NULL,
    next_attempt_at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;`;
const PARKED = `CREATE TABLE parked (position INTEGER PRIMARY KEY, transaction_id TEXT NOT NULL,
  parked_at INTEGER NOT NULL);`;
const LINKED_SHARD = FIRST_SHARD.replace(
  ", UNIQUE (transaction_id, sequence)",
  ", traceparent TEXT, first_position INTEGER NOT NULL",
);
const PAUSES = `CREATE TABLE pauses (destination TEXT PRIMARY KEY, failures INTEGER NOT NULL,
  until_ms INTEGER NOT NULL) WITHOUT ROWID;`;
const DELIVERIES = `position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, endpoint_id TEXT NOT NULL,
  message_id TEXT NOT NULL, event_type TEXT NOT NULL, transaction_id TEXT, url TEXT NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, tries INTEGER NOT NULL, next_at INTEGER, lease TEXT, created_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL, finished_at INTEGER`;
const WINDOWS = `CREATE TABLE windows (policy TEXT PRIMARY KEY, ends_at_ms INTEGER NOT NULL,
  leased INTEGER NOT NULL) WITHOUT ROWID`;

/** The tables that releases before version 1 made, by what was new in them. */
const EARLIER: [string, (sql: SqlStorage) => void, string][] = [
  ["a transaction shard of the first release", migrateJournal, FIRST_SHARD],
  [
    "a transaction shard with an index of charges",
    migrateJournal,
    `${FIRST_SHARD}
    CREATE INDEX charges_by_time ON charges (next_attempt_at_ms);`,
  ],
  ["a transaction shard with parked events", migrateJournal, FIRST_SHARD + PARKED],
  [
    "a transaction shard with traces",
    migrateJournal,
    `${FIRST_SHARD}${PARKED}
    ALTER TABLE events ADD COLUMN traceparent TEXT;`,
  ],
  ["a transaction shard with linked events", migrateJournal, LINKED_SHARD + PARKED],
  ["a transaction shard with pauses", migrateJournal, LINKED_SHARD + PARKED + PAUSES],
  [
    "a webhook dispatcher of the first release",
    migrateWebhooks,
    `
    CREATE TABLE deliveries (${DELIVERIES});`,
  ],
  [
    "a webhook dispatcher with times of events",
    migrateWebhooks,
    `
    CREATE TABLE deliveries (${DELIVERIES}, happened_at INTEGER);`,
  ],
  [
    "a velocity shard of the first release",
    migrateVelocity,
    `
    CREATE TABLE payments (position INTEGER PRIMARY KEY, transaction_id TEXT NOT NULL UNIQUE,
      customer TEXT NOT NULL, at INTEGER NOT NULL, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL);
    CREATE INDEX payments_by_customer ON payments (customer, at, currency, amount_minor);`,
  ],
  ["a quota keeper of the first release", migrateQuotas, WINDOWS],
];

/** Every column and index, apart from their order. */
function schemaOf({ sql }: MemoryStorage): string[] {
  return sql
    .exec<{ one: string }>(
      `SELECT tables.name || '.' || columns.name || ' ' || columns.type || ' ' || columns."notnull" AS one
         FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'
       UNION ALL SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`,
    )
    .toArray()
    .map(({ one }) => one)
    .sort();
}

it.each(EARLIER)(
  "An earlier object gets the tables of a new object: %s",
  (_, migrateObject, tables) => {
    const earlier = memoryStorage();
    earlier.sql.exec(tables.trim());
    earlier.transactionSync(() => migrateObject(earlier.sql));
    const fresh = memoryStorage();
    fresh.transactionSync(() => migrateObject(fresh.sql));
    expect(schemaOf(earlier)).toEqual(schemaOf(fresh));
    expect(versionOf(earlier)).toEqual(versionOf(fresh));
  },
);
