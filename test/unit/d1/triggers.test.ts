/** What D1 derives from events and from the dispatchers' reports: transactions, totals and sums. Over Node's own SQLite and
 *  the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { d1Metrics } from "../../../src/api/operations/d1-metrics";
import { appendEvents } from "../../../src/d1/append-events";
import type { Total } from "../../../src/d1/totals";
import { WRITE_WEBHOOK_COUNTS } from "../../../src/d1/webhook-counts";
import type { Event } from "../../../src/domain/transaction/event";
import { STATUS_NUMBERS, toStatus } from "../../../src/domain/transaction/stored/status-numbers";
import { created, DECLINED, lastEvent, MERCHANT, NOW_MS } from "../../support/examples";
import { HOLDS, heldLife, holdLife, life, refunded, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

let book: DatabaseSync;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
});

/** Writes events as a shard does. */
const write = (events: Event[]) =>
  appendEvents(
    memoryD1(book),
    events.map((event) => toRecord(event)),
  );

/** Writes events as releases before `feeds` did. */
function writeBefore(events: Event[]): void {
  const insert = book.prepare(
    "INSERT INTO events (merchant_id, transaction_id, sequence, type, created_at, data) VALUES (?, ?, ?, ?, ?, ?)",
  );
  for (const { transaction_id, sequence, type, data } of events) {
    insert.run(MERCHANT, transaction_id, sequence, type, NOW_MS, JSON.stringify(data));
  }
}

const LIVES = [
  life("a", "completed", { amount_minor: 100 }),
  life("b", "completed", { amount_minor: 250 }),
  life("c", "completed", { amount_minor: 7, currency: "JPY" }),
  life("d", "declined", { amount_minor: 30 }),
  life("e", "cancelled", { amount_minor: 5 }),
  life("f", "blocked"),
];

const rows = (sql: string) => book.prepare(sql).all();
const totals = () =>
  Object.fromEntries(
    rows("SELECT * FROM totals").map(({ type, currency, code, decision, count, amount_minor }) => [
      `${type} ${currency} ${code} ${decision}`,
      [count, amount_minor],
    ]),
  );
const TOTALS = {
  "transaction.created USD  approve": [4, 385],
  "transaction.created JPY  approve": [1, 7],
  "transaction.created USD  block": [1, 2_000_000],
  "transaction.processing USD  approve": [3, 380],
  "transaction.processing JPY  approve": [1, 7],
  "transaction.completed USD  approve": [2, 350],
  "transaction.completed JPY  approve": [1, 7],
  [`transaction.failed USD ${DECLINED.code} approve`]: [1, 30],
  "transaction.failed USD risk_blocked block": [1, 2_000_000],
  "transaction.cancelled USD  approve": [1, 5],
};

describe("the book's totals", () => {
  it("D1's totals add up all events", async () => {
    migrate(book);
    for (const events of LIVES) await write(events);
    expect(totals()).toEqual(TOTALS);
  });

  it("D1's totals begin with the events that D1 held before it had totals", async () => {
    const { before, rest } = migrationsAround("totals");
    migrate(book, before);
    for (const events of LIVES.slice(0, 3)) writeBefore(events);
    writeBefore(LIVES[3]?.slice(0, 2) ?? []);
    migrate(book, rest);
    await write(LIVES[3]?.slice(2) ?? []);
    for (const events of LIVES.slice(4)) await write(events);
    expect(totals()).toEqual(TOTALS);
  });
});

/** A family's samples, by their label. */
function samplesOf(name: string): Record<string, number> {
  const all = rows("SELECT * FROM totals") as unknown as Total[]; // The table's own columns.
  const { samples = [] } = d1Metrics(all).find((family) => family.name === name) ?? {};
  return Object.fromEntries(
    [...samples].map(({ labels, value }) => [Object.values(labels).join(" "), value]),
  );
}

describe("the metrics of captures and refunds", () => {
  it("What was captured and refunded is summed by currency, each event once", async () => {
    migrate(book);
    const all = [
      ...LIVES,
      holdLife("h1", "captured", { amount_minor: 1_000 }, 600),
      holdLife("h2", "captured at the second attempt", { amount_minor: 70, currency: "JPY" }),
      holdLife("h3", "authorized", { amount_minor: 5_000 }),
      holdLife("h4", "voided", { amount_minor: 6_000 }),
      refunded(holdLife("h5", "captured", { amount_minor: 900 }, 800), [
        [100, "succeeded"],
        [200, "failed"],
        [300, "pending"],
        [50, "succeeded"],
      ]),
      refunded(life("r1", "completed", { currency: "JPY", amount_minor: 9 }), [[9, "succeeded"]]),
    ];
    for (const events of all) await write(events.slice(0, 4));
    for (const events of [...all, ...all]) await write(events);
    expect(samplesOf("payments_completed_amount_minor_total")).toEqual({
      USD: 100 + 250 + 600 + 800,
      JPY: 7 + 70 + 9,
    });
    expect(samplesOf("payments_refunded_amount_minor_total")).toEqual({ USD: 150, JPY: 9 });
    expect(samplesOf("payments_refunds")).toEqual({ pending: 1, succeeded: 3, failed: 1 });
    const events = samplesOf("payments_transaction_events_total");
    expect(events[`refund.failed USD ${DECLINED.code}`]).toBe(1);
    expect(events[`transaction.capture_failed JPY ${DECLINED.code}`]).toBe(1);
    expect(events["transaction.processing USD capture"]).toBe(2);
    expect(events["transaction.processing USD void"]).toBe(1);
  });
});

describe("the gauges of transactions by status", () => {
  it("The gauges of transactions by status equal a count of the rows, also after reviews", async () => {
    migrate(book);
    const lives = [
      ...LIVES,
      life("g", "pending"),
      life("h", "processing"),
      heldLife("i", undefined),
      heldLife("j", undefined),
      heldLife("k", "approve"),
      heldLife("l", "approve", "completed"),
      heldLife("m", "approve", "declined"),
      heldLife("n", "approve", "cancelled"),
      heldLife("o", "approve", "processing"),
      heldLife("p", "reject"),
      heldLife("q", "cancel"),
      ...HOLDS.map((hold, at) => holdLife(`hold-${at}`, hold)),
      refunded(life("r", "completed"), [[100, "pending"]]),
    ];
    for (const [count, events] of lives.entries()) {
      await write(events);
      expect(gauges(), `after ${count + 1} transactions`).toEqual(counted());
    }
    expect(counted()).toEqual({
      pending: 2,
      review: 2,
      processing: 4,
      authorized: 1,
      completed: 8,
      failed: 4,
      cancelled: 6,
    });
  });

  function gauges() {
    const values = Object.entries(samplesOf("payments_transactions"));
    return Object.fromEntries(values.filter(([, value]) => value !== 0));
  }

  function counted() {
    const found = rows("SELECT status, count(*) AS count FROM listed_transactions GROUP BY status");
    return Object.fromEntries(found.map(({ status, count }) => [toStatus(Number(status)), count]));
  }
});

describe("a book from before reviews existed", () => {
  it("A D1 from before there were reviews keeps its transactions and can be used", async () => {
    const { before, rest } = migrationsAround("review_status");
    migrate(book, before);
    for (const events of LIVES) writeBefore(events);
    const columns = "id, idempotency_key, user_id, amount_minor, status, version, created_at";
    const kept = rows(`SELECT ${columns} FROM transactions ORDER BY id`);
    expect(kept).toHaveLength(LIVES.length);
    migrate(book, rest);
    expect(rows(`SELECT ${columns} FROM transactions ORDER BY id`)).toEqual(kept);
    expect(totals()).toEqual(TOTALS);
    await write(heldLife("i", undefined));
    const inReview = `SELECT 1 FROM listed_transactions WHERE status = ${STATUS_NUMBERS.review}`;
    expect(rows(inReview)).toHaveLength(1);
  });
});

describe("the book's transactions", () => {
  it("D1's transactions are in the state of their last event, and their other columns do not change", async () => {
    migrate(book);
    for (const events of LIVES) {
      await write(events.slice(0, 1));
      await write(events.slice(1));
    }
    const states = rows("SELECT * FROM listed_transactions ORDER BY data ->> 'idempotency_key'");
    expect(
      states.map(({ status, version, amount_minor, currency }) =>
        [toStatus(Number(status)), version, amount_minor, currency].join(" "),
      ),
    ).toEqual([
      "completed 3 100 USD",
      "completed 3 250 USD",
      "completed 3 7 JPY",
      "failed 3 30 USD",
      "cancelled 2 5 USD",
      "failed 2 2000000 USD",
    ]);
  });

  it("D1's transactions do not change when an event comes again or late", async () => {
    migrate(book);
    const events = life("a", "completed");
    await write(events);
    const before = rows("SELECT * FROM listed_transactions");
    expect(before).toHaveLength(1);
    for (const event of events.toReversed()) await write([event]);
    expect(rows("SELECT * FROM listed_transactions")).toEqual(before);
  });

  it("D1's refunds do not change when an event comes again or late", async () => {
    migrate(book);
    const events = refunded(life("a", "completed"), [
      [100, "succeeded"],
      [200, "failed"],
    ]);
    await write(events);
    const before = rows("SELECT * FROM refunds");
    expect(before.map(({ status, sequence }) => [status, sequence])).toEqual([
      ["succeeded", 7],
      ["failed", 6],
    ]);
    for (const event of events.toReversed()) await write([event]);
    expect(rows("SELECT * FROM refunds")).toEqual(before);
  });

  it("Two transactions of one key, as shards could only have after a restore, do not stop the writes behind them", async () => {
    migrate(book);
    const { transaction } = created({}, NOW_MS, "a");
    const other = lastEvent({ ...transaction, id: `txn_${"b".repeat(26)}` });
    await write([lastEvent(transaction), other, ...life("c", "completed")]);
    expect(rows("SELECT id FROM listed_transactions")).toHaveLength(3);
  });
});

describe("the sums of the dispatchers' counters", () => {
  const tell = (merchant: string, ...counts: [string, string, number][]) => {
    book.prepare(WRITE_WEBHOOK_COUNTS).run(merchant, JSON.stringify(counts));
  };
  const sums = () =>
    Object.fromEntries(
      rows("SELECT * FROM webhook_totals").map(({ name, labels, value }) => [
        `${name} ${labels}`,
        value,
      ]),
    );

  it("The sums of the dispatchers' counters follow each merchant's counts, and ignore counts that come late or again", () => {
    migrate(book);
    tell("mer_a", ["attempts", "outcome=delivered", 3], ["attempts", "outcome=timeout", 1]);
    tell("mer_b", ["attempts", "outcome=delivered", 10]);
    tell("mer_a", ["attempts", "outcome=delivered", 5]);
    const now = { "attempts outcome=delivered": 15, "attempts outcome=timeout": 1 };
    expect(sums()).toEqual(now);
    tell("mer_a", ["attempts", "outcome=delivered", 5], ["attempts", "outcome=timeout", 1]);
    tell("mer_a", ["attempts", "outcome=delivered", 3]);
    tell("mer_b", ["attempts", "outcome=delivered", 0]);
    expect(sums()).toEqual(now);
  });
});
