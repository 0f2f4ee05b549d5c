/** Failure codes as labels: a processor chooses them, so totals keep a bounded number of them, permanently, and
 *  count every event. Over Node's own SQLite and the committed migrations. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { d1Metrics } from "../../../src/api/operations/d1-metrics";
import { MAX_TOTAL_CODES } from "../../../src/d1/schema";
import type { Total } from "../../../src/d1/totals";
import {
  RESERVED_FAILURE_CODES,
  type Transaction,
} from "../../../src/domain/transaction/transaction";
import { EXAMPLES, MERCHANT, NOW_MS } from "../../support/examples";

const MIGRATIONS = join(import.meta.dirname, "../../../migrations");
const files = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .sort();
const BEFORE = files.findIndex((name) => name.includes("total_codes"));

let book: DatabaseSync;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
});

const migrate = (names: string[]) => {
  for (const name of names) book.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
};

let transactions = 0;
/** Writes the last event of a transaction that failed with this code. */
function fail(code: string, currency = "USD"): void {
  transactions += 1;
  const data: Transaction = {
    ...EXAMPLES.declined,
    id: `txn_${transactions}`,
    currency,
    failure: { code, message: "No." },
  };
  book
    .prepare(
      "INSERT INTO events (merchant_id, transaction_id, sequence, type, created_at, data) VALUES (?, ?, 3, 'transaction.failed', ?, ?)",
    )
    .run(MERCHANT, data.id, NOW_MS, JSON.stringify(data));
}

const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `code-${String(from + at).padStart(3, "0")}`);

/** Events that failed by their label, as `/metrics` shows them. */
function shown(): Map<string, number> {
  const totals = book.prepare("SELECT * FROM totals").all() as Total[]; // Its columns.
  const counts = new Map<string, number>();
  for (const { labels, value } of d1Metrics(totals)[0]?.samples ?? []) {
    const code = String(labels.code);
    counts.set(code, (counts.get(code) ?? 0) + value);
  }
  return counts;
}

const sumOf = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

it("Of any number of failure codes only so many become labels, and the rest are counted as other", () => {
  migrate(files);
  for (let round = 0; round < 2; round++) for (const code of many(500)) fail(code);
  const counts = shown();
  expect(counts.size).toBe(MAX_TOTAL_CODES - RESERVED_FAILURE_CODES.length);
  expect(counts.get("code-000")).toBe(2);
  expect(counts.has("code-499")).toBe(false);
  expect(sumOf(counts)).toBe(1_000);
  expect(counts.get("other")).toBe(1_000 - 2 * (counts.size - 1));
});

it("Our own codes keep their labels, however many codes a processor has given before", () => {
  migrate(files);
  for (const code of many(200)) fail(code);
  for (const code of RESERVED_FAILURE_CODES) fail(code);
  for (const code of RESERVED_FAILURE_CODES) expect(shown().get(code)).toBe(1);
});

it("A processor's code that is called other is counted with the rest", () => {
  migrate(files);
  for (const code of [...many(100), "other"]) fail(code);
  fail("");
  expect(sumOf(shown())).toBe(102);
  expect(shown().get("")).toBe(1);
});

it("Totals with hundreds of codes from before the limit are bounded, keep the commonest and add up as before", () => {
  migrate(files.slice(0, BEFORE));
  for (const code of [...many(300), "other", "risk_blocked"]) {
    fail(code);
    fail(code, "EUR");
  }
  for (const code of many(10, 290)) fail(code);
  const before = shown();
  expect(before.size).toBe(302);
  migrate(files.slice(BEFORE));
  const after = shown();
  expect(sumOf(after)).toBe(sumOf(before));
  expect(after.size).toBeLessThanOrEqual(MAX_TOTAL_CODES + 1);
  for (const code of [...many(10, 290), "risk_blocked"])
    expect(after.get(code)).toBe(before.get(code));
  const sums = () =>
    book.prepare("SELECT sum(count) AS events, sum(amount_minor) AS amount FROM totals").get();
  const counted = sums();
  fail("code-295");
  fail("never-seen");
  expect(after.get("other")).toBe((shown().get("other") ?? 0) - 1);
  expect(sums()).toEqual({
    events: Number(counted?.events) + 2,
    amount: Number(counted?.amount) + 2 * EXAMPLES.declined.amount_minor,
  });
});

it("The trigger's limit is the one that the code names", () => {
  const text = readFileSync(
    join(MIGRATIONS, files.find((name) => name.includes("total_codes_trigger")) ?? ""),
    "utf8",
  );
  const limits = [...text.matchAll(/(?:< |LIMIT )(\d+)/g)].map(([, limit]) => Number(limit));
  expect(limits).toEqual([MAX_TOTAL_CODES, MAX_TOTAL_CODES]);
});
