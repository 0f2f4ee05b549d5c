/** How long the feed keeps events, over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { APPEND_LIMITS, appendEvents } from "../../../../src/d1/append-events";
import { eventText, FeedPlaceExpired, listEvents } from "../../../../src/d1/events/event-queries";
import { LEAST_DELETED, MOST_DELETED } from "../../../../src/d1/events/feed-writes";
import { openDatabase } from "../../../../src/d1/query";
import { FEED_SIZE } from "../../../../src/d1/schema";
import { moveEarlier } from "../../../../src/d1/transactions/move-earlier";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { writeEarlier } from "../../../support/earlier-book";
import { readFeed } from "../../../support/feed";
import { life, toRecord } from "../../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../../support/memory-book";

const DAY_MS = 86_400_000;
const HOT = { hot_ms: 90 * DAY_MS };
const MERCHANT = "mer_a";
const { before, rest } = migrationsAround("compact_book");

let book: DatabaseSync;
let d1: D1Database;
let all: EventRecord[];
beforeEach(() => {
  book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  all = [];
});

let payments = 0;
/** The only event of each of some new payments, one row each. */
function made(count: number, merchant = MERCHANT): EventRecord[] {
  const events = Array.from({ length: count }, () => {
    payments += 1;
    return life(`order-${payments}`, "pending").map((event) => toRecord(event, merchant));
  }).flat();
  all.push(...events);
  return events;
}

/** Writes payments as if it were some days ago. @returns the place of the last one */
async function writeAgo(days: number, count: number, merchant = MERCHANT): Promise<number> {
  const events = made(count, merchant);
  const newest = "coalesce((SELECT max(position) FROM feed_events), 0)";
  const [{ at } = {}] = book.prepare(`SELECT CAST(${newest} AS TEXT) AS at`).all();
  for (let from = 0; from < count; from += 200)
    await appendEvents(d1, events.slice(from, from + 200));
  book.exec(`UPDATE feed_events SET position = position - ${days * DAY_MS} WHERE position > ${at}`);
  const { place } = await feedFrom("oldest");
  return place;
}

const listed = async (merchant: string, after: number | "oldest" | "newest", limit = 1_000) =>
  listEvents(openDatabase(d1), merchant, after, limit);
const feedFrom = async (after: number | "oldest", merchant = MERCHANT) => {
  const page = await listed(merchant, after);
  return { count: page.entries.length, place: page.next };
};
const rowsOf = (table: string) =>
  Number(book.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows);
const deletedThrough = () =>
  Number(book.prepare("SELECT deleted_through FROM feeds").get()?.deleted_through);

describe("the feed of this release", () => {
  beforeEach(() => migrate(book));

  it("A write deletes what is older than the feed keeps, and nothing that is younger", async () => {
    const expired = await writeAgo(91, LEAST_DELETED);
    await writeAgo(89, 50);
    await appendEvents(d1, made(1), HOT);
    expect(await feedFrom("oldest")).toMatchObject({ count: 51 });
    expect(rowsOf("feed_events")).toBe(51);
    expect(deletedThrough()).toBe(expired);
    expect((await readFeed(d1, MERCHANT, all, 7)).items).toEqual(
      all.slice(LEAST_DELETED).map(eventText),
    );
  });

  it("Without a limit nothing is deleted", async () => {
    await writeAgo(1_000, 2 * LEAST_DELETED);
    await appendEvents(d1, made(1), { hot_ms: 0 });
    expect(rowsOf("feed_events")).toBe(2 * LEAST_DELETED + 1);
  });

  it("Few expired rows wait until there are more, so that not every write stores how far the feed is deleted", async () => {
    await writeAgo(91, LEAST_DELETED - 1);
    await appendEvents(d1, made(1), HOT);
    expect(rowsOf("feed_events")).toBe(LEAST_DELETED);
    expect(deletedThrough()).toBe(0);
  });

  it("A write deletes at most twice as many rows of a feed as it can add, so the next writes go on", async () => {
    expect(MOST_DELETED).toBe(2 * APPEND_LIMITS.rows);
    await writeAgo(91, 2 * MOST_DELETED + LEAST_DELETED);
    for (const left of [MOST_DELETED + LEAST_DELETED, LEAST_DELETED, 0]) {
      await appendEvents(d1, made(1), HOT);
      const [{ rows } = {}] = book
        .prepare(`SELECT count(*) AS rows FROM feed_events WHERE position < ${FEED_SIZE} + ?`)
        .all(Date.now() - HOT.hot_ms);
      expect(rows).toBe(left);
    }
  });

  it("A cursor before deleted events has expired, and one at their end goes on", async () => {
    await writeAgo(91, LEAST_DELETED);
    const { entries } = await listed(MERCHANT, "oldest");
    const places = entries.map(({ place }) => place);
    await writeAgo(1, 3);
    await appendEvents(d1, made(1), HOT);
    for (const place of [0, places[0], places.at(-2)]) {
      await expect(listed(MERCHANT, place ?? 0)).rejects.toThrow(FeedPlaceExpired);
    }
    expect(await feedFrom(places.at(-1) ?? 0)).toMatchObject({ count: 4 });
  });

  it("A feed that is marked as deleted up to a place begins behind it, before its rows are deleted", async () => {
    const place = await writeAgo(91, 5);
    await writeAgo(1, 2);
    book.exec(`UPDATE feeds SET deleted_through = ${place}`);
    expect(await feedFrom("oldest")).toMatchObject({ count: 2 });
    expect((await listed(MERCHANT, "newest")).entries).toHaveLength(2);
  });

  it("A cursor that is old does not expire while no event after it was deleted", async () => {
    const place = await writeAgo(200, LEAST_DELETED);
    await writeAgo(1, 1);
    await appendEvents(d1, made(1), HOT);
    expect(await feedFrom(place)).toMatchObject({ count: 2 });
  });

  it("A feed whose events are all deleted goes on behind them, also when its clock was ahead", async () => {
    await writeAgo(91, LEAST_DELETED);
    await appendEvents(d1, made(1), HOT);
    book.exec("DELETE FROM feed_events");
    book.exec(`UPDATE feeds SET deleted_through = deleted_through + ${400 * DAY_MS}`);
    const { place } = await feedFrom("oldest");
    expect(place).toBe(deletedThrough());
    expect((await listed(MERCHANT, "newest")).next).toBe(place);
    await appendEvents(d1, made(2));
    expect(await feedFrom(place)).toEqual({ count: 2, place: place + 2 });
  });

  it("The feeds of other merchants in the same write lose their own old events, and those in no write keep theirs", async () => {
    await writeAgo(91, LEAST_DELETED, "mer_b");
    await writeAgo(91, LEAST_DELETED, "mer_c");
    await appendEvents(d1, [...made(1), ...made(1, "mer_b")], HOT);
    expect(await feedFrom("oldest", "mer_b")).toMatchObject({ count: 1 });
    expect(await feedFrom("oldest", "mer_c")).toMatchObject({ count: LEAST_DELETED });
  });
});

describe("the feed of earlier releases", () => {
  it("Old rows of an earlier release are deleted once their transactions have moved", async () => {
    migrate(book, before);
    const old = made(LEAST_DELETED).map((event) => ({
      ...event,
      created_at_ms: Date.now() - 91 * DAY_MS,
    }));
    const places = old.map((_, at) => Date.now() - 91 * DAY_MS + at);
    writeEarlier(
      book,
      old.map((event) => [event]),
      places,
    );
    migrate(book, rest);
    await appendEvents(d1, made(1), HOT);
    expect(rowsOf("events")).toBe(LEAST_DELETED);
    await moveEarlier(d1, old);
    await appendEvents(d1, made(1), HOT);
    expect(rowsOf("events")).toBe(0);
    await expect(listed(MERCHANT, places[0] ?? 0)).rejects.toThrow(FeedPlaceExpired);
    expect(await feedFrom(places.at(-1) ?? 0)).toMatchObject({ count: 2 });
  });

  it("Rows of the first releases, whose places are no times, are kept by the times of their events", async () => {
    migrate(book, before);
    const young = made(LEAST_DELETED).map((event) => ({ ...event, created_at_ms: Date.now() }));
    writeEarlier(
      book,
      young.map((event) => [event]),
    );
    migrate(book, rest);
    await moveEarlier(d1, young);
    await appendEvents(d1, made(1), HOT);
    expect(rowsOf("events")).toBe(LEAST_DELETED);
    book.exec(`UPDATE events SET created_at = created_at - ${91 * DAY_MS}`);
    await appendEvents(d1, made(1), HOT);
    expect(rowsOf("events")).toBe(0);
  });
});
