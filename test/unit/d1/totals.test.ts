/** Failure codes as labels: a processor chooses them, so totals keep a bounded number of them, permanently, and
 *  count every event. Over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { d1Metrics } from "../../../src/api/operations/d1-metrics";
import { appendEvents } from "../../../src/d1/append-events";
import type { Total } from "../../../src/d1/totals";
import { MAX_TOTAL_CODES } from "../../../src/d1/totals-schema";
import { deriveTransactionId } from "../../../src/domain/identity/id";
import type { Event } from "../../../src/domain/transaction/event";
import { RESERVED_FAILURE_CODES } from "../../../src/domain/transaction/transaction";
import { EXAMPLES, lastEvent, MERCHANT, NOW_MS } from "../../support/examples";
import { refunded, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

let book: DatabaseSync;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
});

let transactions = 0;
/** The last event of a transaction that failed with this code. */
function failed(code: string, currency = "USD"): Event {
  transactions += 1;
  const failure = { code, message: "No." };
  const id = deriveTransactionId(MERCHANT, `order-${transactions}`);
  return lastEvent({ ...EXAMPLES.declined, id, currency, failure });
}

const write = (events: Event[]) =>
  appendEvents(
    memoryD1(book),
    events.map((event) => toRecord(event)),
  );

/** Writes each event alone, in this order. */
async function fail(...codes: string[]): Promise<void> {
  for (const code of codes) await write([failed(code)]);
}

/** Writes an event as releases before `feeds` did. */
function failBefore(code: string, currency?: string): void {
  const { transaction_id, sequence, type, data } = failed(code, currency);
  book
    .prepare(
      "INSERT INTO events (merchant_id, transaction_id, sequence, type, created_at, data) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(MERCHANT, transaction_id, sequence, type, NOW_MS, JSON.stringify(data));
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

it("Of any number of failure codes only so many become labels, and the rest are counted as other", async () => {
  migrate(book);
  await fail(...many(500));
  await write(many(500).map((code) => failed(code)));
  const counts = shown();
  expect(counts.size).toBe(MAX_TOTAL_CODES - RESERVED_FAILURE_CODES.length);
  expect(counts.get("code-000")).toBe(2);
  expect(counts.has("code-499")).toBe(false);
  expect(sumOf(counts)).toBe(1_000);
  expect(counts.get("other")).toBe(1_000 - 2 * (counts.size - 1));
});

it("The first failure codes of one write become labels, in the order of its events", async () => {
  migrate(book);
  await write(many(500).map((code) => failed(code)));
  const labels = many(MAX_TOTAL_CODES - RESERVED_FAILURE_CODES.length - 1);
  expect([...shown().keys()].toSorted()).toEqual([...labels, "other"]);
});

it("The failure codes of captures and refunds share the limit", async () => {
  migrate(book);
  const life = refunded([lastEvent(EXAMPLES.completed)], [[1, "failed"]]);
  const [refundFailed] = life.slice(-1);
  if (!refundFailed?.refund) throw new Error("no refund");
  for (const code of many(100)) {
    const event = failed(code);
    await write([{ ...event, type: "transaction.capture_failed" }]);
    const refund = { ...refundFailed.refund, failure: { code, message: "No." } };
    const data = { ...refundFailed.data, id: failed(code).transaction_id };
    await write([{ ...refundFailed, transaction_id: data.id, data, refund }]);
  }
  const counts = shown();
  expect(counts.size).toBe(MAX_TOTAL_CODES - RESERVED_FAILURE_CODES.length);
  expect(counts.get("code-000")).toBe(2);
  expect(counts.get("other")).toBe(2 * (100 - (counts.size - 1)));
});

it("Our own codes keep their labels, however many codes a processor has given before", async () => {
  migrate(book);
  await fail(...many(200), ...RESERVED_FAILURE_CODES);
  for (const code of RESERVED_FAILURE_CODES) expect(shown().get(code)).toBe(1);
});

it("A D1 with more failure codes than the limit, from a release with a higher one, gets no further labels", async () => {
  migrate(book);
  for (const code of many(MAX_TOTAL_CODES)) {
    book.prepare("INSERT INTO total_codes VALUES (?)").run(code);
  }
  await fail("code-000", "never-seen");
  expect([...shown()]).toEqual([
    ["code-000", 1],
    ["other", 1],
  ]);
});

it("A processor's code that is called other is counted with the rest", async () => {
  migrate(book);
  await fail(...many(100), "other", "");
  expect(sumOf(shown())).toBe(102);
  expect(shown().get("")).toBe(1);
});

it("Totals with hundreds of codes from before the limit are bounded, keep the commonest and add up as before", async () => {
  const { before: earlier, rest } = migrationsAround("total_codes");
  migrate(book, earlier);
  for (const code of [...many(300), "other", "risk_blocked"]) {
    failBefore(code);
    failBefore(code, "EUR");
  }
  for (const code of many(10, 290)) failBefore(code);
  const before = shown();
  expect(before.size).toBe(302);
  migrate(book, rest);
  const after = shown();
  expect(sumOf(after)).toBe(sumOf(before));
  expect(after.size).toBeLessThanOrEqual(MAX_TOTAL_CODES + 1);
  for (const code of [...many(10, 290), "risk_blocked"])
    expect(after.get(code)).toBe(before.get(code));
  const sums = () =>
    book.prepare("SELECT sum(count) AS events, sum(amount_minor) AS amount FROM totals").get();
  const counted = sums();
  await fail("code-295", "never-seen");
  expect(after.get("other")).toBe((shown().get("other") ?? 0) - 1);
  expect(sums()).toEqual({
    events: Number(counted?.events) + 2,
    amount: Number(counted?.amount) + 2 * EXAMPLES.declined.amount_minor,
  });
});
