/** Writes of events to the book over Node's own SQLite: any batches of any shards, repeated in any way, give one book. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { eventText, listEvents } from "../../../src/d1/events/event-queries";
import { openDatabase } from "../../../src/d1/query";
import { listRefunds } from "../../../src/d1/refund-queries";
import { listTransactions } from "../../../src/d1/transaction-queries";
import { unpackId } from "../../../src/domain/identity/packed-id";
import type { Event, EventRecord } from "../../../src/domain/transaction/event";
import type { Refund } from "../../../src/domain/transaction/refund";
import { toStatus } from "../../../src/domain/transaction/stored/status-numbers";
import { readFeed, textsOfPage } from "../../support/feed";
import { journals, MERCHANTS, steps, toWrites } from "../../support/journals";
import { life, toRecord } from "../../support/lives";
import { memoryD1, migrate } from "../../support/memory-book";

let book: DatabaseSync;
let d1: D1Database;
beforeEach(openBook);

/** A book whose feeds have numbers so high that their positions do not fit into a JavaScript number. */
function openBook(): void {
  book = new DatabaseSync(":memory:");
  migrate(book);
  book.exec("INSERT INTO feeds (id, merchant_id) VALUES (2000000, 'mer_before')");
  d1 = memoryD1(book);
}

const rows = (sql: string) => book.prepare(sql).all();

/** The events that the tests have written. */
let known: EventRecord[] = [];
const readAll = (merchant: string, limit: number, after?: number) =>
  readFeed(d1, merchant, known, limit, after);

describe("any batches of events, repeated and mixed", () => {
  it("Writes in any batches, repeated with other boundaries and by several shards, store each event once", async () => {
    await fc.assert(
      fc.asyncProperty(journals, steps, async (all, written) => {
        openBook();
        known = all.flat();
        const cursors = new Map(MERCHANTS.map((merchant) => [merchant, 0]));
        const followed = new Map<string, string[]>(MERCHANTS.map((merchant) => [merchant, []]));
        const write = async (shard: number, from: number, to: number) => {
          await appendEvents(d1, all[shard]?.slice(from, to) ?? []);
          for (const merchant of MERCHANTS) {
            const { items, place } = await readAll(merchant, 3, cursors.get(merchant));
            followed.get(merchant)?.push(...items);
            cursors.set(merchant, place);
          }
        };
        for (const { shard, from, to } of toWrites(all, written)) await write(shard, from, to);
        await expectBook(all.flat());
        for (const merchant of MERCHANTS) {
          const { items, place } = await readAll(merchant, 100);
          const tail = await listEvents(openDatabase(d1), merchant, "newest", 4);
          expect(textsOfPage(tail, known)).toEqual(items.slice(-4));
          expect(tail).toMatchObject({ hasMore: false, next: place });
          // A reader that follows the feed sees what one sees who reads it at the end.
          expect(followed.get(merchant)).toEqual(items);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("places in a feed", () => {
  const record = (key: string, merchant = "mer_a") =>
    life(key, "completed").map((event) => toRecord(event, merchant));
  beforeEach(() => {
    known = ["order-1", "order-2", "order-3"].flatMap((key) => record(key));
  });

  it("Events that are written after D1 was emptied come after every place that was given out before", async () => {
    await appendEvents(d1, record("order-1"));
    book.exec("UPDATE feed_events SET position = position - 1000"); // As if written a second ago.
    const { items, place } = await readAll("mer_a", 100);
    for (const table of ["feed_events", "listed_transactions", "totals"])
      book.exec(`DELETE FROM ${table}`);
    await appendEvents(d1, record("order-1"));
    expect((await readAll("mer_a", 100, place)).items).toEqual(items);
  });

  it("Places rise while D1's clock stands still or is set back", async () => {
    await appendEvents(d1, record("order-1"));
    book.exec("UPDATE feed_events SET position = position + 1000000000"); // Some days ahead.
    const { place } = await readAll("mer_a", 100);
    await appendEvents(d1, [...record("order-2"), ...record("order-3")]);
    const later = await readAll("mer_a", 1, place);
    expect(later.items).toEqual([...record("order-2"), ...record("order-3")].map(eventText));
    expect(later.place).toBe(place + 6);
  });

  it("Events of other merchants in the same write take no places in a feed", async () => {
    const keys = ["1", "2", "3"];
    const own = (key: string) => [...record(`b-${key}`, "mer_b"), ...record(`a-${key}`)];
    await appendEvents(d1, keys.flatMap(own));
    const sizes = rows(
      "SELECT max(position) - min(position) AS size FROM feed_events GROUP BY position / 4398046511104",
    );
    expect(sizes).toEqual([{ size: 6 }, { size: 6 }]);
  });
});

/** The book has exactly these events, once and in order, and what follows from them. */
async function expectBook(events: EventRecord[]): Promise<void> {
  for (const merchant of MERCHANTS) {
    const own = events.filter(({ merchant_id }) => merchant_id === merchant);
    const { items } = await readAll(merchant, 100);
    expect(items.toSorted()).toEqual(own.map(eventText).toSorted());
    for (const history of Map.groupBy(items.map(parse), (event) => event.transaction_id).values()) {
      expect(history.map(({ sequence }) => sequence)).toEqual(history.map((_, at) => at + 1));
    }
    for (let limit = 1; limit <= items.length + 1; limit++) {
      expect((await readAll(merchant, limit)).items).toEqual(items);
    }
    const last = new Map(own.toSorted(bySequence).map((event) => [event.transaction_id, event]));
    const listed = await listTransactions(openDatabase(d1), merchant, {}, undefined, 100);
    expect(listed.items.toSorted()).toEqual([...last.values()].map(({ data }) => data).toSorted());
    const refunds = own.filter(({ refund }) => refund !== null).toSorted(bySequence);
    const lastOfRefund = new Map(
      refunds.map(({ refund }) => [parseRefund(refund ?? "").id, refund]),
    );
    const listedRefunds = await listRefunds(openDatabase(d1), merchant, {}, undefined, 100);
    expect(listedRefunds.items.toSorted()).toEqual([...lastOfRefund.values()].toSorted());
    const states = rows("SELECT id, version, status FROM listed_transactions");
    for (const { id, version, status } of states) {
      const event = last.get(unpackId(id as Uint8Array));
      const state = [version, toStatus(Number(status))];
      if (event) expect(state).toEqual([event.sequence, JSON.parse(event.data).status]);
    }
  }
  const stored = rows("SELECT type, currency, code, decision, count, amount_minor FROM totals");
  expect(stored.map((row) => JSON.stringify(Object.values(row))).toSorted()).toEqual(
    countedTotals(events).toSorted(),
  );
}

const bySequence = (one: EventRecord, other: EventRecord) => one.sequence - other.sequence;
const parse = (text: string) => JSON.parse(text) as Event;

/** The totals as their definition says, event by event. */
function countedTotals(events: EventRecord[]): string[] {
  const counted = events.map(({ type, data, refund }) => {
    const about = aboutOf(type, parseState(data), refund);
    const { currency, code, amount_minor } = about;
    return { kind: [type, currency, code, parseState(data).risk.decision], amount_minor };
  });
  const kinds = Map.groupBy(counted, ({ kind }) => JSON.stringify(kind));
  return [...kinds].map(([kind, group]) => {
    const amount = group.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    return JSON.stringify([...JSON.parse(kind), group.length, amount]);
  });
}

function aboutOf(type: string, state: Event["data"], refundText: string | null) {
  const { currency, amount_minor, failure, dispute } = state;
  if (refundText !== null) {
    const refund = parseRefund(refundText);
    return { ...refund, code: refund.reversed_at ? "reversed" : (refund.failure?.code ?? "") };
  }
  if (type.startsWith("dispute") && dispute) return { ...dispute, code: dispute.status };
  const code = {
    "transaction.cancelled": state.review?.status === "cancelled" ? "in_review" : "",
    "transaction.processing": state.pending_operation?.type ?? "",
  }[type];
  const captured = type === "transaction.captured" ? state.amount_captured_minor : undefined;
  return { currency, code: code ?? failure?.code ?? "", amount_minor: captured ?? amount_minor };
}

const parseState = (text: string) => JSON.parse(text) as Event["data"];
const parseRefund = (text: string) => JSON.parse(text) as Refund;
