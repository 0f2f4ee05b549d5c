/** The book's triggers, over Node's own SQLite and the committed migrations. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { d1Metrics } from "../../../src/api/operations/d1-metrics";
import type { Total } from "../../../src/d1/totals";
import { WRITE_WEBHOOK_COUNTS } from "../../../src/d1/webhook-counts";
import {
  decideCancel,
  decideOutcome,
  decideProcess,
} from "../../../src/domain/transaction/decisions/decide-charge";
import { decideReview } from "../../../src/domain/transaction/decisions/decide-review";
import { type Event, toEvent } from "../../../src/domain/transaction/event";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { created, DECLINED, held, MERCHANT, NOW_MS } from "../../support/examples";

const MIGRATIONS = join(import.meta.dirname, "../../../migrations");
const files = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .sort();
const WITHOUT_TOTALS = files.findIndex((name) => name.includes("totals"));

let book: DatabaseSync;
beforeEach(() => {
  book = new DatabaseSync(":memory:");
});

const migrate = (names: string[]) => {
  for (const name of names) book.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
};

function write(events: Event[]): void {
  const insert = book.prepare(
    "INSERT INTO events (merchant_id, transaction_id, sequence, type, created_at, data) VALUES (?, ?, ?, ?, ?, ?)",
  );
  for (const { transaction_id, sequence, type, data } of events) {
    insert.run(MERCHANT, transaction_id, sequence, type, NOW_MS, JSON.stringify(data));
  }
}

/** A transaction's events from its creation to its end. */
function life(key: string, end: End, fields = {}) {
  const amount = end === "blocked" ? { amount_minor: 2_000_000 } : {};
  const { transaction, events } = created({ ...fields, ...amount }, NOW_MS, key);
  if (end === "pending" || end === "blocked") return events;
  return [...events, ...after(transaction, end)];
}

/** The events of a transaction that was held, and then came out of review, or not. */
function heldLife(key: string, word: "approve" | "reject" | "cancel" | undefined, end?: End) {
  const { transaction, events } = held({}, key);
  if (!word) return events;
  const request = { reviewer: null, note: null };
  const decided =
    word === "cancel"
      ? decideCancel(transaction, NOW_MS)
      : decideReview(transaction, { decision: word, ...request }, NOW_MS);
  if (!decided.ok || !decided.value) throw new Error("not decided");
  const { value } = decided;
  return [...events, ...value.events, ...(end ? after(value.transaction, end) : [])];
}

type End = "pending" | "processing" | "completed" | "declined" | "cancelled" | "blocked";

/** What happens to a pending transaction until its end. */
function after(transaction: Transaction, end: End): Event[] {
  if (end === "cancelled") {
    const cancelled = decideCancel(transaction, NOW_MS);
    return (cancelled.ok && cancelled.value?.events) || [];
  }
  const claimed = decideProcess(transaction, "live", NOW_MS);
  if (!claimed.ok || claimed.value.step !== "claim") throw new Error("not claimed");
  const { change } = claimed.value;
  if (end === "processing") return change.events;
  const result =
    end === "completed"
      ? ({ kind: "settled" } as const)
      : ({ kind: "declined", failure: DECLINED } as const);
  const outcome = decideOutcome(change.transaction, result, NOW_MS);
  return [...change.events, ...((outcome.ok && outcome.value?.events) || [])];
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
  it("D1's totals add up all events", () => {
    migrate(files);
    for (const events of LIVES) write(events);
    expect(totals()).toEqual(TOTALS);
  });

  it("D1's totals begin with the events that D1 held before it had totals", () => {
    migrate(files.slice(0, WITHOUT_TOTALS));
    for (const events of LIVES.slice(0, 3)) write(events);
    write(LIVES[3]?.slice(0, 2) ?? []);
    migrate(files.slice(WITHOUT_TOTALS));
    write(LIVES[3]?.slice(2) ?? []);
    for (const events of LIVES.slice(4)) write(events);
    expect(totals()).toEqual(TOTALS);
  });
});

describe("the gauges of transactions by status", () => {
  it("The gauges of transactions by status equal a count of the rows, also after reviews", () => {
    migrate(files);
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
    ];
    for (const [count, events] of lives.entries()) {
      write(events);
      expect(gauges(), `after ${count + 1} transactions`).toEqual(counted());
    }
    expect(counted()).toEqual({
      pending: 2,
      review: 2,
      processing: 2,
      completed: 4,
      failed: 4,
      cancelled: 3,
    });
  });

  function gauges() {
    const all = rows("SELECT * FROM totals") as unknown as Total[]; // The table's own columns.
    const { samples = [] } =
      d1Metrics(all).find(({ name }) => name === "payments_transactions") ?? {};
    const values = [...samples].map(({ labels, value }) => [String(labels.status), value]);
    return Object.fromEntries(values.filter(([, value]) => value !== 0));
  }

  function counted() {
    const found = rows("SELECT status, count(*) AS count FROM transactions GROUP BY status");
    return Object.fromEntries(found.map(({ status, count }) => [status, count]));
  }
});

describe("a book from before reviews existed", () => {
  it("A D1 from before there were reviews keeps its transactions and can be used", () => {
    const before = files.findIndex((name) => name.includes("review_status"));
    migrate(files.slice(0, before));
    for (const events of LIVES) write(events);
    const kept = rows("SELECT * FROM transactions ORDER BY id");
    expect(kept).toHaveLength(LIVES.length);
    migrate(files.slice(before));
    expect(rows("SELECT * FROM transactions ORDER BY id")).toEqual(kept);
    expect(totals()).toEqual(TOTALS);
    write(heldLife("i", undefined));
    expect(rows("SELECT status FROM transactions WHERE status = 'review'")).toHaveLength(1);
    const indexes = rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
    const names = indexes
      .map(({ name }) => String(name))
      .filter((name) => /^transactions/.test(name));
    expect(names.sort()).toEqual([
      "transactions_by_key",
      "transactions_by_status",
      "transactions_by_user",
    ]);
  });
});

describe("the book's transactions", () => {
  it("D1's transactions are in the state of their last event, and their other columns do not change", () => {
    migrate(files);
    for (const events of LIVES) write(events);
    const states = rows(
      `SELECT idempotency_key, status, version, amount_minor, currency, last_event = (
         SELECT max(position) FROM events WHERE transaction_id = id
       ) AS is_last FROM transactions ORDER BY idempotency_key`,
    );
    expect(states.map((row) => Object.values(row).join(" "))).toEqual([
      "a completed 3 100 USD 1",
      "b completed 3 250 USD 1",
      "c completed 3 7 JPY 1",
      "d failed 3 30 USD 1",
      "e cancelled 2 5 USD 1",
      "f failed 2 2000000 USD 1",
    ]);
  });

  it("D1's transactions do not change when an event comes again or late", () => {
    migrate(files);
    const events = life("a", "completed");
    write(events);
    const before = rows("SELECT * FROM transactions");
    write(events.toReversed());
    expect(rows("SELECT * FROM transactions")).toEqual(before);
  });

  it("D1's transactions have each key of a merchant once", () => {
    migrate(files);
    const { transaction } = created({}, NOW_MS, "a");
    write([toEvent(transaction)]);
    const other = toEvent({ ...transaction, id: `txn_${"b".repeat(26)}` });
    expect(() => write([other])).toThrow(/UNIQUE/);
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
    migrate(files);
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
