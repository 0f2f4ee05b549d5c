/** How SQLite carries out every statement of the Durable Objects. The statements are read from the source, so a new
 *  one is here by itself; one that reads a whole table must be in a list, with the reason for which it may. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { makeDeliveryTables } from "../../src/delivery/tables";
import { makeJournalTables } from "../../src/transaction/journal-tables";
import { openTables } from "../../src/velocity/tables";
import { memoryStorage } from "./sqlite";

const SRC = join(import.meta.dirname, "../../src");
const QUOTA_TABLES = /CREATE TABLE[^`]*/.exec(readFileSync(join(SRC, "quota/object.ts"), "utf8"));

/** The objects by their folders. What counts lives in each of them. */
const OBJECTS: Record<string, (sql: SqlStorage) => void> = {
  transaction: makeJournalTables,
  delivery: makeDeliveryTables,
  velocity: openTables,
  quota: (sql) => void sql.exec(QUOTA_TABLES?.[0] ?? ""),
  telemetry: makeJournalTables,
};
/** They make or upgrade tables, once in an object's life. */
const UPGRADES = ["transaction/journal-tables.ts", "delivery/tables.ts", "velocity/tables.ts"];

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
  FIRST_POSITION: ["(SELECT position FROM events WHERE transaction_id = ? AND sequence = 1)"],
  // The delivery log. By status or event type alone it goes down the key past what the filter leaves out.
  '["position < ?", ...wheres].join(" AND ")': [
    "position < ?",
    "position < ? AND endpoint_id = ?",
    "position < ? AND transaction_id = ?",
  ],
};

/** Calls whose statement is no literal, and why it is no matter here. */
const NO_LITERALS: Record<string, string> = {
  "transaction/writer.ts this.#sql.exec(statement":
    "passes on what `write()` is given, which is read here",
  "transaction/writer.ts this.write(statement": "an INSERT of rows",
  "transaction/dispatchers.ts this.#sql.exec<{first:number|null}>(sql": "the first by the key",
};

/** Statements that read a whole table or index, by how they begin, and why they may. */
const MAY_SCAN: Record<string, string> = {
  "SELECT name, value FROM marks": "some ten rows, once in a start",
  "SELECT destination, failures, until_ms FROM pauses":
    "a row for each destination that fails, once in a start",
  "SELECT name, labels, value FROM counters": "all of them are kept in memory; once in a start",
  "SELECT merchant_id, count(*) AS n FROM waiting":
    "what could not be handed over, counted once in a start",
  "SELECT count(*) AS count FROM parked": "what the stream refuses for good is rare",
  "SELECT events.* FROM events JOIN (SELECT min(position) AS first FROM parked": "the same",
  "SELECT count(*) AS open FROM charges":
    "how many are open is the question; readiness asks once a second",
  "SELECT min(claim.created_at_ms) AS oldest": "the oldest by attempts, up to a thousand; the same",
  "SELECT status, count(*) AS n FROM deliveries": "once, before anything was counted",
  "SELECT enabled FROM endpoints": "twenty endpoints, once in a start",
  "SELECT * FROM endpoints WHERE kind = 'endpoint'": "twenty endpoints, kept in memory afterwards",
  "SELECT id, failures, (SELECT count(*) FROM deliveries":
    "twenty endpoints and the hosts that are delivered to",
  "DELETE FROM endpoints WHERE kind = 'origin'": "the same, once a day",
  "SELECT secret FROM secrets": "five of each of twenty endpoints",
  "UPDATE secrets SET expires_at": "the same",
  "DELETE FROM secrets WHERE": "the same",
  "UPDATE deliveries SET next_at = ? WHERE lease = 'sent'":
    "what is under way, twenty of each endpoint, once in a start",
  "SELECT 1 FROM deliveries LIMIT 1": "one row",
  "SELECT 1 FROM counted_payments LIMIT 1": "one row",
  "SELECT count(*) AS rows, max(position) AS last FROM (SELECT position, at":
    "as many as one sweep deletes",
  "SELECT position, at FROM counted_payments ORDER BY position DESC LIMIT 1": "one row",
  "DELETE FROM subjects WHERE (merchant_id, subject, value) IN": "as many as one sweep deletes",
  "SELECT * FROM windows": "three rows, once in a start",
  "SELECT id FROM merchant": "one row",
};

type Statement = { file: string; sql: string };

const files = Object.keys(OBJECTS).flatMap((folder) =>
  readdirSync(join(SRC, folder))
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
  if (!part) return [sql.replace(/\s+/g, " ").trim()];
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

function scansOf({ file, sql }: Statement): string[] {
  const [folder = ""] = file.split("/");
  const database = new DatabaseSync(":memory:");
  const { sql: storage } = memoryStorage(database);
  OBJECTS[folder]?.(storage);
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
  database.close();
  return plan
    .map(({ detail }) => detail)
    .filter((detail) => /^SCAN (?!json_each|CONSTANT)/.test(detail));
}

it("finds the statements of the objects", () => {
  expect(faults).toEqual([]);
  expect(statements.length).toBeGreaterThan(60);
});

it.each(statements)("reads no table from end to end in $file: $sql", (statement) => {
  const reason = Object.keys(MAY_SCAN).find((start) => statement.sql.startsWith(start));
  if (reason === undefined) expect(scansOf(statement)).toEqual([]);
});

it("lists no reason for a statement that there is not", () => {
  const unused = Object.keys(MAY_SCAN).filter(
    (start) => !statements.some((one) => one.sql.startsWith(start) && scansOf(one).length > 0),
  );
  expect(unused).toEqual([]);
});
