/** What the event of an erasure does in D1, over Node's own SQLite. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { eraseEarlierTexts } from "../../../src/d1/erasure/earlier-texts";
import { listEvents } from "../../../src/d1/events/event-queries";
import { openDatabase } from "../../../src/d1/query";
import { listTransactions } from "../../../src/d1/transaction-queries";
import { decideErasure, eraseTexts } from "../../../src/domain/erasure/erase-texts";
import type { Event, EventRecord } from "../../../src/domain/transaction/event";
import { writeEarlier } from "../../support/earlier-book";
import { CUSTOMER, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import { tablesWith, textsIn } from "../../support/erasure/scan";
import { life, refunded, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";
import { memoryStorage } from "../../support/sqlite";

const MERCHANT = "mer_a";
let book: DatabaseSync;
let d1: D1Database;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
  migrate(book);
  d1 = memoryD1(book);
});
/** A book with what the release before this form of rows wrote. */
function openEarlierBook(transactions: EventRecord[][]): void {
  const { before, rest } = migrationsAround("compact_book");
  book = new DatabaseSync(":memory:");
  migrate(book, before);
  writeEarlier(book, transactions);
  migrate(book, rest);
  d1 = memoryD1(book);
}

const namesCustomer = (event: Event): Event => ({
  ...event,
  data: { ...event.data, ...CUSTOMER },
  ...(event.refund && { refund: { ...event.refund, ...REFUND_TEXTS } }),
});
const recordsOf = (events: Event[]) => events.map((event) => toRecord(event, MERCHANT));
const refundedLife = (key: string) =>
  refunded(life(key, "completed"), [
    [1_000, "succeeded"],
    [2_000, "failed"],
  ]);
/** A payment's events, and those that an erasure leaves of them. */
function erasedLife(key: string): { before: EventRecord[]; after: EventRecord[] } {
  const events = refundedLife(key).map(namesCustomer);
  const last = events.at(-1);
  if (!last) throw new Error("a life without events");
  const erased = decideErasure(last.data, Date.parse(last.created_at) + 1).events;
  const before = recordsOf(events);
  const after = before.map((event) => ({ ...event, ...eraseTexts(event) }));
  return { before, after: [...after, ...recordsOf(erased)] };
}
const found = () => tablesWith(memoryStorage(book).sql, TEXTS);
const dump = (table: string, without: string) =>
  JSON.stringify(book.prepare(`SELECT * FROM ${table} WHERE data NOT LIKE ?`).all(`%${without}%`));

it("The event of an erasure removes every text of the payment and its refunds, and nothing of others", async () => {
  const { before, after } = erasedLife("k");
  await appendEvents(d1, recordsOf(refundedLife("other")));
  const others = [
    dump("listed_transactions", '"k"'),
    dump("refunds", after[0]?.transaction_id ?? ""),
  ];
  await appendEvents(d1, before);
  expect(found()).not.toEqual([]);
  await appendEvents(d1, after.slice(-1));
  expect(found()).toEqual([]);
  expect([
    dump("listed_transactions", '"k"'),
    dump("refunds", after[0]?.transaction_id ?? ""),
  ]).toEqual(others);
  const list = (user_id: string) =>
    listTransactions(openDatabase(d1), MERCHANT, { user_id }, undefined, 10);
  expect((await list(CUSTOMER.user_id)).items).toEqual([]);
  expect((await list("erased")).items).toEqual([after.at(-1)?.data]);
});

it("Writes of before the erasure that arrive after it change nothing, and a rebuild writes what is left", async () => {
  const { before, after } = erasedLife("k");
  await appendEvents(d1, before);
  await appendEvents(d1, after.slice(-1));
  const written = tablesWith(memoryStorage(book).sql, [CUSTOMER.user_id]);
  for (const late of [before, before.slice(-2), after]) await appendEvents(d1, late);
  expect([...written, ...found()]).toEqual([]);
  const totals = JSON.stringify(book.prepare("SELECT * FROM totals ORDER BY type, code").all());
  const rows = JSON.stringify(book.prepare("SELECT * FROM refunds").all());
  book.exec("DELETE FROM listed_transactions; DELETE FROM refunds; DELETE FROM totals");
  await appendEvents(d1, after);
  expect(found()).toEqual([]);
  expect(JSON.stringify(book.prepare("SELECT * FROM totals ORDER BY type, code").all())).toBe(
    totals,
  );
  expect(book.prepare("SELECT data FROM refunds").all()).toEqual(
    JSON.parse(rows).map(({ data }: { data: string }) => ({ data })),
  );
});

it("A write of a refund's outcome that arrives only after the erasure changes nothing", async () => {
  const { before, after } = erasedLife("k");
  const at = before.findIndex(({ type }) => type === "refund.succeeded");
  await appendEvents(d1, before.slice(0, at));
  await appendEvents(d1, after.slice(-1));
  await appendEvents(d1, before.slice(at));
  expect(found()).toEqual([]);
});

it("Refunds of after the erasure keep their texts", async () => {
  const { before, after } = erasedLife("k");
  await appendEvents(d1, before);
  const [last, refund] = [after.at(-1), before.findLast(({ refund }) => refund !== null)];
  if (!last || !refund) throw new Error("a life without a refund");
  const later = { ...last, sequence: last.sequence + 1, type: "refund.created" as const };
  await appendEvents(d1, [last, { ...later, refund: refund.refund }]);
  const texts = book.prepare("SELECT data FROM refunds WHERE sequence = ?").all(later.sequence);
  expect(texts).toEqual([{ data: refund.refund }]);
});

it("The row that an earlier release has of a payment is deleted by the event", async () => {
  const { before, after } = erasedLife("k");
  openEarlierBook([before]);
  await appendEvents(d1, after.slice(-1));
  expect(book.prepare("SELECT * FROM transactions").all()).toEqual([]);
  expect(tablesWith(memoryStorage(book).sql, TEXTS).map((text) => text.split(":")[0])).toEqual(
    expect.not.arrayContaining(["listed_transactions", "transactions"]),
  );
});

it("An erasure counts in no hour and in no sum of failures", async () => {
  const { before, after } = erasedLife("k");
  await appendEvents(d1, before);
  const hours = JSON.stringify(book.prepare("SELECT * FROM hourly_totals").all());
  await appendEvents(d1, after.slice(-1));
  expect(JSON.stringify(book.prepare("SELECT * FROM hourly_totals").all())).toBe(hours);
  const counted = book.prepare("SELECT code, count FROM totals WHERE type = 'transaction.erased'");
  expect(counted.all()).toEqual([{ code: "", count: 1 }]);
});

it("Rows of events that earlier releases wrote are erased in steps, and those of other customers are the same", async () => {
  const { before, after } = erasedLife("k");
  const others = Array.from({ length: 450 }, (_, at) =>
    recordsOf(life(`other-${at}`, "completed")),
  );
  const ofAnother = before.map((event) => ({ ...event, merchant_id: "mer_b" }));
  openEarlierBook([...others.slice(0, 300), before, ...others.slice(300), ofAnother]);
  const own = before[0]?.transaction_id ?? "";
  const rest = () =>
    book.prepare("SELECT data, earlier FROM events WHERE transaction_id <> ?").all(own);
  const customer = {
    merchant_id: MERCHANT,
    user_id: CUSTOMER.user_id,
    through_ms: Date.parse("2030-01-01T00:00:00Z"),
  };
  const kept = rest();
  let steps = 0;
  let erased = 0;
  for (let next: string | null = null; ; steps += 1) {
    const step = await eraseEarlierTexts(d1, customer, next);
    erased += step.erased;
    next = step.next;
    if (next === null) break;
  }
  expect({ steps, erased }).toEqual({ steps: 2, erased: 1 });
  expect(rest()).toEqual(kept);
  const left = book.prepare("SELECT * FROM events WHERE merchant_id = ?").all(MERCHANT);
  expect(textsIn(JSON.stringify(left), TEXTS)).toEqual([]);
  const page = await listEvents(openDatabase(d1), MERCHANT, "oldest", 2_000);
  const texts = page.entries.filter(({ transaction_id }) => transaction_id === own);
  expect(texts.map(({ event }) => event?.data)).toEqual(after.slice(0, -1).map(({ data }) => data));
});
