/** How SQLite carries out every statement of the Durable Objects. The statements are read from the source, so a new
 *  one is included without a change here. One that reads a whole table must be in a list, with the reason for which
 *  it may. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { migrateErasure } from "../../src/erasures/schema";
import { migrateQuotas } from "../../src/rate-limit/schema";
import { RANGE_COLUMNS } from "../../src/transactions/archive/list-archived";
import { migrateJournal } from "../../src/transactions/journal/schema";
import { migrateVelocity } from "../../src/velocity/schema";
import { COLUMNS } from "../../src/webhooks/store/delivery";
import { IS_EARLIER_ID } from "../../src/webhooks/store/delivery-id";
import { MATCHES, WALKS } from "../../src/webhooks/store/delivery-log";
import { migrateWebhooks } from "../../src/webhooks/store/schema";
import { DEAD, ENDPOINT, ORIGIN_KIND, PENDING } from "../../src/webhooks/store/sql-values";
import { memoryStorage } from "../support/sqlite";

const SRC = join(import.meta.dirname, "../../src");
const flat = (sql: string) => sql.replace(/\s+/g, " ").trim();
/** The objects by their folders. What counts lives in each of them. */
const OBJECTS: Record<string, (sql: SqlStorage) => void> = {
  transactions: migrateJournal,
  webhooks: migrateWebhooks,
  velocity: migrateVelocity,
  "rate-limit": migrateQuotas,
  erasures: migrateErasure,
  observability: migrateJournal,
  runtime: migrateJournal,
};

/** They make or upgrade tables, once in an object's life. */
const UPGRADES = [
  "transactions/journal/schema.ts",
  "transactions/journal/archived/schema.ts",
  "transactions/journal/earlier-events.ts",
  "webhooks/store/schema.ts",
  "webhooks/store/earlier-deliveries.ts",
  "velocity/schema.ts",
  "velocity/carry-over.ts",
  "rate-limit/schema.ts",
  "erasures/schema.ts",
  "runtime/state/move-counters.ts",
  "runtime/migrations.ts",
];

/** Parts of statements that are put in when they run. */
const PARTS: Record<string, string[]> = {
  // Figures: those that group are of the same window as those that do not.
  "keySql ?? \"''\"": ["currency"],
  highSql: ["0"],
  lowSql: ["count(*)"],
  'this.#completedOnly ? "AND (released_after IS NULL OR released_after >= ?3)" : ""': [
    "",
    "AND (released_after IS NULL OR released_after >= ?3)",
  ],
  'keySql ? "GROUP BY 1" : ""': ["", "GROUP BY 1"],
  // What is set aside.
  "this.#table": ["waiting", "book_waiting"],
  // What leaves with a payment.
  table: ["refunds", "payment_details", "next_actions"],
  // Values of columns.
  PENDING: [PENDING],
  DEAD: [DEAD],
  ENDPOINT: [ENDPOINT],
  ORIGIN_KIND: [ORIGIN_KIND],
  // The delivery log.
  "WALKS[walk]": Object.values(WALKS),
  // Lists of the archive.
  "RANGE_COLUMNS[order]": Object.values(RANGE_COLUMNS),
  order: ["desc", "asc"],
  MATCHES: [MATCHES],
  COLUMNS: [COLUMNS],
  IS_EARLIER_ID: [IS_EARLIER_ID],
};

/** Calls whose statement is no literal, and why it is no matter here. */
const NO_LITERALS: Record<string, string> = {
  "transactions/journal/sql-writer.ts this.#sql.exec(statement":
    "passes on what `write()` is given, which is read here",
  "runtime/insert-rows.ts sql.exec(statement": "an INSERT of rows",
  "transactions/outbox/to-webhooks.ts this.#sql.exec<{first:number|null}>(sql":
    "the first by the key",
};

/** Statements that read a whole table or index, by how they begin, and why they may. */
const MAY_SCAN: Record<string, string> = {
  "SELECT counters, checkpoints FROM state": "one row, once in a start",
  "SELECT destination, failures, until_ms FROM pauses":
    "a row for each destination that fails, once in a start",
  "SELECT merchant_id, count(*) AS n FROM waiting":
    "what could not be handed over, counted once in a start",
  "SELECT merchant_id, count(*) AS n FROM book_waiting": "the same, of a book that fails",
  "SELECT count(*) AS count FROM parked": "what the stream refuses for good is rare",
  "SELECT min(position) AS first FROM parked": "the same",
  "SELECT count(*) AS open FROM charges":
    "how many are open is the question; readiness asks once a second",
  "SELECT min(claimed_at_ms) AS oldest": "the oldest by attempts, up to a thousand; the same",
  "SELECT id, position FROM refunds INDEXED BY": "the index of pending refunds, once in a start",
  "SELECT status, count(*) AS n FROM deliveries": "once, before anything was counted",
  "SELECT enabled FROM endpoints": "twenty endpoints, once in a start",
  "SELECT * FROM endpoints WHERE kind = 'endpoint'": "twenty endpoints, kept in memory afterwards",
  "SELECT id, failures FROM endpoints": "twenty endpoints and the hosts that are delivered to",
  "SELECT id, failures, at FROM (SELECT id": "the same",
  "DELETE FROM endpoints WHERE kind = 'origin'": "the same, once a day",
  "SELECT secret FROM secrets": "five of each of twenty endpoints",
  "UPDATE secrets SET expires_at": "the same",
  "DELETE FROM secrets WHERE": "the same",
  "SELECT position, endpoint_id, status FROM deliveries INDEXED BY deliveries_dead":
    "a merchant's dead deliveries, up to 1,000; counts as 50 requests of the merchant's",
  "SELECT 1 FROM deliveries LIMIT 1": "one row",
  "SELECT 1 FROM subject_payments LIMIT 1": "one row",
  "SELECT 1 FROM payment_details LIMIT 1": "one row, once in a start",
  "SELECT 1 FROM next_actions LIMIT 1": "the same",
  "SELECT position, endpoint_id FROM deliveries INDEXED BY deliveries_pending":
    "the index of pending deliveries, once a day",
  "UPDATE endpoints SET resting_until = 0 WHERE resting_until":
    "once, after the clock has gone back",
  "UPDATE subject_payments SET at = ?1 WHERE at >": "the same",
  "SELECT * FROM windows": "three rows, once in a start",
  "SELECT id FROM merchant": "one row",
  "SELECT shard, number, hash FROM segments ORDER BY number DESC LIMIT 1": "one row by the key",
  "SELECT shard, number, hash FROM segments WHERE is_in_book = 1":
    "one row of an index that is mostly empty",
  "SELECT key FROM obsolete_objects LIMIT": "the objects of one segment, until they are deleted",
  "UPDATE erasure SET": "one row",
  "SELECT * FROM erasure": "the same",
  "UPDATE found_payments SET is_waiting = 0": "payments that have to wait; there are few others",
  "SELECT count(*) AS waiting FROM found_payments": "the same",
  "SELECT transaction_id AS id FROM found_payments WHERE is_waiting = 0":
    "the index of those that are due",
  "SELECT 1 FROM archived LIMIT 1": "one row, once in a start",
  "SELECT 1 FROM put_back LIMIT 1": "the same",
  "DELETE FROM restored WHERE until_ms": "what an operator has put back, once in a pass",
  "UPDATE segments SET is_in_book = 1":
    "a row for a thousand payments, when an operator rebuilds the book",
};

/** Statements that read rows that their comparisons leave out, and why they may. */
const MAY_PASS_OVER: Record<string, string> = {
  "SELECT * FROM events WHERE position IN (SELECT coalesce":
    "the inner statement has its own key, and reads one row",
  "UPDATE refunds SET status": "the refunds of a transaction, up to 100",
  "SELECT data FROM refunds WHERE transaction_id = ? AND id": "the same; only their ids are read",
  "SELECT position FROM refunds WHERE transaction_id": "the same",
  "SELECT * FROM events WHERE position > ? AND position <= ?":
    "what a round or a portion has, between two positions",
  "SELECT position, endpoint_id, status FROM deliveries INDEXED BY deliveries_dead":
    "an endpoint's pending deliveries, up to 1,000; counts as 50 requests of the merchant's",
  [`SELECT ${flat(COLUMNS)} FROM deliveries INDEXED BY`]: "MAX_EXAMINED, between two positions",
  [`SELECT ${flat(COLUMNS)} FROM deliveries NOT INDEXED`]: "the same",
  "SELECT endpoint_id FROM deliveries WHERE transaction_id":
    "the deliveries of a transaction, a few",
  "UPDATE deliveries SET next_at = ?1, started_at":
    "an endpoint's retries, once, after the clock has gone back",
  "SELECT position, endpoint_id, event_type": "the deliveries of a transaction, a few",
  "DELETE FROM endpoints WHERE id = ? AND kind": "the inner statement has its own key",
  "UPDATE subject_payments SET released_after": "a subject's payments of eight days, at an erasure",
  "DELETE FROM subject_payments WHERE subject = ?1 AND NOT EXISTS": "the same",
  "UPDATE subject_payments SET outcome = ?1":
    "the inner statement has its own key, and reads one row",
  "SELECT * FROM events WHERE position > ? AND transaction_id IS NOT NULL":
    "the later events of 256 payments, in a pass of the archive",
  "SELECT position FROM events WHERE transaction_id IN ( SELECT transaction_id FROM refunds":
    "the refunds of a transaction, up to 100",
  "SELECT currency AS key, 0 AS high":
    "what a window has more than it had when a payment was counted",
};

type Statement = { file: string; sql: string };

const files = Object.keys(OBJECTS).flatMap((folder) =>
  readdirSync(join(SRC, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter((file) => file.endsWith(".ts") && !UPGRADES.includes(file)),
);
const faults: string[] = [];
const statements = files.flatMap(statementsIn);

/** Every call of `exec` or `write` with a statement. */
function statementsIn(file: string): Statement[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(/[\w#.]+\s*\.(?:exec|write)\b/g)].flatMap(({ 0: call, index }) => {
    if (!/sql|Writer|writer|this\.write/i.test(call)) return [];
    let at = index + call.length;
    if (text[at] === "<") at = closing(text, at, "<", ">") + 1;
    if (text[at] !== "(") return [];
    const rest = text.slice(at + 1);
    const literal = /^\s*(?:"([^"]*)"|`([^`]*)`)/.exec(rest);
    if (literal) return filled(literal[1] ?? literal[2] ?? "", file).map((sql) => ({ file, sql }));
    const name = `${file} ${text.slice(index, at).replace(/\s+/g, "")}(${/^\s*([^,)]*)/.exec(rest)?.[1]}`;
    const isWriteOfAll = /\((\)?|nowMs|Date\.now\(|now)$/.test(name);
    if (!isWriteOfAll && !Object.hasOwn(NO_LITERALS, name)) faults.push(name);
    return [];
  });
}

function closing(text: string, from: number, open: string, close: string): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === open) depth += 1;
    if (text[at] === close && text[at - 1] !== "=") depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error("a type that does not end");
}

/** The statement with each of the parts that it may be given. */
function filled(sql: string, file: string): string[] {
  const part = /\$\{([^}]*)\}/.exec(sql);
  if (!part) return [flat(sql)];
  const [whole, name = ""] = part;
  const values = PARTS[name];
  if (!values) {
    faults.push(`${file}: nothing is known of the part \${${name}}`);
    return [];
  }
  return values.flatMap((value) =>
    filled(
      sql.replace(whole, () => value),
      file,
    ),
  );
}

function databaseOf(file: string): DatabaseSync {
  const [folder = ""] = file.split("/");
  const database = new DatabaseSync(":memory:");
  OBJECTS[folder]?.(memoryStorage(database).sql);
  return database;
}

function planOf(database: DatabaseSync, sql: string): string[] {
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
  return plan.map(({ detail }) => detail);
}

function scansOf({ file, sql }: Statement): string[] {
  const database = databaseOf(file);
  const plan = planOf(database, sql);
  database.close();
  return plan.filter((detail) => /^SCAN (?!json_each|CONSTANT)/.test(detail));
}

/** Columns that a statement compares and its plan does not search by: rows that differ in them are read and passed
 *  over. None where the plan searches for one row by a key that is unique, or the index has the comparison itself. */
function passedOverBy({ file, sql }: Statement): string[] {
  const database = databaseOf(file);
  const rows = (query: string, ...given: string[]) =>
    database.prepare(query).all(...given) as Record<string, string | number | null>[];
  const searches = planOf(database, sql).flatMap((detail) => {
    const search = /^SEARCH (\w+) USING (?:COVERING )?(.+?) \((.+)\)/.exec(detail);
    return search ? [search.slice(1) as [string, string, string]] : [];
  });
  const wheres = sql.slice(Math.max(0, sql.search(/\bWHERE\b/)));
  const faults = searches.flatMap(([table, way, terms]) => {
    const columns = rows("SELECT name, pk FROM pragma_table_info(?)", table);
    const keys = columns.filter(({ pk }) => pk !== 0).map(({ name }) => String(name));
    const index = /^INDEX (\w+)/.exec(way)?.[1] ?? "";
    const parts = rows("SELECT name FROM pragma_index_info(?)", index).map(({ name }) => name);
    const [list] = rows(
      'SELECT "unique" AS one FROM pragma_index_list(?) WHERE name = ?',
      table,
      index,
    );
    const isKey = index === "" || list?.one === 1;
    const isOfOne = (index === "" ? keys : parts).every((name) => terms.includes(`${name}=?`));
    if (/rowid=\?/.test(terms) || (isKey && isOfOne)) return [];
    const [made] = rows("SELECT sql FROM sqlite_schema WHERE name = ?", index);
    const ofIndex = String(made?.sql ?? "").split(" WHERE ")[1] ?? "";
    const searched = `${terms} ${ofIndex} ${/rowid/.test(terms) ? keys.join(" ") : ""}`;
    return columns
      .map(({ name }) => String(name))
      .filter((name) => new RegExp(`\\b${name}\\b\\s*(?:=|<|>|!=|IS |IN |BETWEEN)`).test(wheres))
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(searched));
  });
  database.close();
  return [...new Set(faults)];
}

it("The statements of the objects are found", () => {
  expect(faults).toEqual([]);
  expect(statements.length).toBeGreaterThan(60);
});

it.each(statements)("No table is read from end to end in $file: $sql", (statement) => {
  const reason = Object.keys(MAY_SCAN).find((start) => statement.sql.startsWith(start));
  if (reason === undefined) expect(scansOf(statement)).toEqual([]);
});

it.each(statements)("No rows are read in vain in $file: $sql", (statement) => {
  const reason = Object.keys(MAY_PASS_OVER).find((start) => statement.sql.startsWith(start));
  if (reason === undefined) expect(passedOverBy(statement)).toEqual([]);
});

it("Every exception belongs to a statement that exists", () => {
  const unused = (reasons: Record<string, string>, faultsOf: (one: Statement) => string[]) =>
    Object.keys(reasons).filter(
      (start) => !statements.some((one) => one.sql.startsWith(start) && faultsOf(one).length > 0),
    );
  expect(unused(MAY_SCAN, scansOf)).toEqual([]);
  expect(unused(MAY_PASS_OVER, passedOverBy)).toEqual([]);
});
