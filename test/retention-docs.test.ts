/** docs/retention.md names every table that there is, and the tests that see tables shrink exist. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { migrateErasure } from "../src/erasures/schema";
import { migrateQuotas } from "../src/rate-limit/schema";
import { migrateJournal } from "../src/transactions/journal/schema";
import { migrateVelocity } from "../src/velocity/schema";
import { migrateWebhooks } from "../src/webhooks/store/schema";
import { migrate } from "./support/memory-book";
import { memoryStorage } from "./support/sqlite";

const ROOT = join(import.meta.dirname, "..");
const PAGE = readFileSync(join(ROOT, "docs/retention.md"), "utf8");
const COLUMNS = 5;
/** Of every object, and not in the tables of the page. */
const VERSION = "schema_version";

/** The rows of a section's table, each as its cells. */
function rowsOf(title: string): string[][] {
  const [, after = ""] = PAGE.split(`\n## ${title}\n`);
  const [section = ""] = after.split("\n## ");
  return section
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1)
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | ?\|$/g, "").trim()));
}

const namesIn = (cell = "") => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);

const tablesOf = (database: DatabaseSync) =>
  database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map(({ name }) => String(name));

function tablesOfObject(migrateObject: (sql: SqlStorage) => void): string[] {
  const database = new DatabaseSync(":memory:");
  migrateObject(memoryStorage(database).sql);
  const names = tablesOf(database);
  expect(names).toContain(VERSION);
  return names.filter((name) => name !== VERSION);
}

function tablesOfD1(): string[] {
  const database = new DatabaseSync(":memory:");
  migrate(database);
  return tablesOf(database);
}

const SECTIONS: [string, () => string[]][] = [
  ["In each TransactionShard", () => tablesOfObject(migrateJournal)],
  ["In each WebhookDispatcher", () => tablesOfObject(migrateWebhooks)],
  ["In each VelocityShard", () => tablesOfObject(migrateVelocity)],
  ["In each QuotaKeeper", () => tablesOfObject(migrateQuotas)],
  ["In each CustomerEraser", () => tablesOfObject(migrateErasure)],
  ["In D1", tablesOfD1],
];
const TITLES = [...SECTIONS.map(([title]) => title), "In R2"];

describe("docs/retention.md", () => {
  it.each(SECTIONS)("The page has a row for every table, and no other: %s", (title, tables) => {
    const documented = rowsOf(title).flatMap(([name]) => namesIn(name));
    expect(documented.sort()).toEqual(tables().sort());
  });

  it("A row says what makes its table grow and shrink, and names a test or says that it never shrinks", () => {
    for (const row of TITLES.flatMap(rowsOf)) {
      expect(row, row[0]).toHaveLength(COLUMNS);
      const [name, grows, shrinks = "", bytes, test] = row;
      expect(
        [grows, shrinks, bytes].filter((cell) => !cell),
        name,
      ).toEqual([]);
      if (!test) expect(shrinks, name).toMatch(/^never/);
    }
  });

  it("Every test that the page names is in the file that it names", () => {
    const links = [...PAGE.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[\w./-]+)\)/g)];
    expect(links.length).toBeGreaterThan(15);
    const missing = links.filter(([, title = "", file = ""]) => {
      return !readFileSync(join(ROOT, file), "utf8").includes(title);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it("The tables of earlier releases are in the code and in no new deployment", () => {
    const earlier = rowsOf("Of earlier releases").flatMap(([names]) => namesIn(names));
    expect(earlier.length).toBeGreaterThan(4);
    const fresh = SECTIONS.flatMap(([, tables]) => tables());
    const source = ["src", "migrations"]
      .flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
          join(ROOT, folder, name),
        ),
      )
      .filter((name) => /\.(ts|sql)$/.test(name))
      .map((name) => readFileSync(name, "utf8"))
      .join("\n");
    for (const name of earlier) {
      expect(fresh).not.toContain(name);
      expect(source).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});
