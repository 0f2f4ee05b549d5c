/** The totals by hour over Node's own SQLite: any batches of any shards, repeated in any way, are counted once, in the hours
 *  of the events; and the rows that a chart shows are their sums. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { type HoursTotal, PERIODS, type Period, readHours } from "../../../src/d1/hourly-totals";
import { openDatabase } from "../../../src/d1/query";
import type { EventRecord } from "../../../src/domain/transaction/event";
import type { Refund } from "../../../src/domain/transaction/refund";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { writeEarlier } from "../../support/earlier-book";
import { created, MERCHANT, NOW_MS } from "../../support/examples";
import { journals, MERCHANTS, steps, toWrites } from "../../support/journals";
import { life, toRecord } from "../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../support/memory-book";

const HOUR_MS = 3_600_000;
let book: DatabaseSync;
let d1: D1Database;
beforeEach(openBook);

function openBook(): void {
  book = new DatabaseSync(":memory:");
  migrate(book);
  d1 = memoryD1(book);
}

const rows = (sql: string) => book.prepare(sql).all();

/** Journals whose events lie hours apart, those of a transaction in order. */
const timed = fc
  .tuple(journals, fc.infiniteStream(fc.integer({ min: 0, max: 20 * HOUR_MS })))
  .map(([all, gaps]) => all.map((journal) => journal.map(later(gaps))));

function later(gaps: Iterator<number>) {
  const ends = new Map<string, number>();
  return (event: EventRecord): EventRecord => {
    const before = ends.get(event.transaction_id) ?? NOW_MS;
    const created_at_ms = before + gaps.next().value;
    ends.set(event.transaction_id, created_at_ms);
    return { ...event, created_at_ms };
  };
}

type Counts = Record<string, number>;

/** What an event counts as, by the definition in docs/storage.md, with its currency and its amount. */
function define({ type, data, refund: refundText }: EventRecord) {
  const state = JSON.parse(data) as Transaction;
  const refund = refundText === null ? undefined : (JSON.parse(refundText) as Refund);
  const { currency, amount_minor, amount_captured_minor, failure, dispute } = state;
  const named = (name: string, minor?: number, code = currency) => ({ name, minor, code });
  switch (type) {
    case "transaction.created":
      return named("created", amount_minor);
    case "transaction.authorized":
      return named("authorized");
    case "transaction.completed":
      return named("completed", amount_minor);
    case "transaction.captured":
      return named("completed", amount_captured_minor);
    case "transaction.failed":
      if (failure?.code === "risk_blocked") return named("blocked");
      return named(failure?.code === "review_rejected" ? "rejected" : "declined");
    case "transaction.review_opened":
      return named("held");
    case "transaction.cancelled":
    case "transaction.voided":
    case "transaction.capture_expired":
      return named("cancelled");
    case "refund.succeeded":
      return named("refunded", refund?.amount_minor);
    case "refund.failed":
      return refund?.reversed_at ? named("reversed", refund.amount_minor) : undefined;
    case "dispute.opened":
      return named("disputed", dispute?.amount_minor, dispute?.currency);
    default:
      return undefined;
  }
}

/** The rows that these events make, by their key. Counters that are 0 are left out. */
function countHours(events: EventRecord[]): Record<string, Counts> {
  const found: Record<string, Counts> = {};
  for (const event of events) {
    const counted = define(event);
    if (!counted) continue;
    const { name, minor, code } = counted;
    for (const merchant of [event.merchant_id, ""]) {
      const key = [merchant, Math.floor(event.created_at_ms / HOUR_MS), code].join(" ");
      found[key] ??= {};
      const row = found[key] ?? {};
      row[name] = (row[name] ?? 0) + 1;
      if (minor !== undefined) row[`${name}_minor`] = (row[`${name}_minor`] ?? 0) + minor;
    }
  }
  return found;
}

function storedHours(): Record<string, Counts> {
  return Object.fromEntries(
    rows("SELECT * FROM hourly_totals").map(({ merchant_id, hour, currency, ...counts }) => [
      [merchant_id, hour, currency].join(" "),
      withoutZeros(counts as Counts),
    ]),
  );
}

const withoutZeros = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

const COUNTED_TYPES: Record<string, string> = {
  created: "type = 'transaction.created'",
  completed: "type IN ('transaction.completed', 'transaction.captured')",
  refunded: "type = 'refund.succeeded'",
  reversed: "type = 'refund.failed' AND code = 'reversed'",
  disputed: "type = 'dispute.opened'",
};

/** The hours of all merchants together and of each add up to the totals of all events. */
function expectSums(): void {
  for (const [name, condition] of Object.entries(COUNTED_TYPES)) {
    const counted = `SELECT currency, sum(count) AS events, sum(amount_minor) AS minor FROM totals
      WHERE ${condition} GROUP BY currency ORDER BY currency`;
    for (const whose of ["= ''", "<> ''"]) {
      const summed = `SELECT currency, sum(${name}) AS events, sum(${name}_minor) AS minor FROM hourly_totals
        WHERE merchant_id ${whose} AND ${name} > 0 GROUP BY currency ORDER BY currency`;
      expect(rows(summed), `${name} of merchants ${whose}`).toEqual(rows(counted));
    }
  }
}

it("Writes in any batches, repeated with other boundaries and by several shards, count each event once in its hour", async () => {
  await fc.assert(
    fc.asyncProperty(timed, steps, async (all, taken) => {
      openBook();
      for (const { shard, from, to } of toWrites(all, taken)) {
        await appendEvents(d1, all[shard]?.slice(from, to) ?? []);
      }
      expect(storedHours()).toEqual(countHours(all.flat()));
      expectSums();
    }),
    { numRuns: 100 },
  );
});

it("What is written again after D1 was restored to an earlier state, or emptied, is counted as before", async () => {
  const events = ["a", "b", "c"].flatMap((key, at) =>
    life(key, "completed").map((event) => ({
      ...toRecord(event),
      created_at_ms: NOW_MS + at * HOUR_MS,
    })),
  );
  await appendEvents(d1, events.slice(0, 4));
  const earlier = book.prepare("SELECT * FROM hourly_totals").all();
  expect(earlier).not.toEqual([]);
  await appendEvents(d1, events);
  const whole = storedHours();
  const tables = ["feed_events", "listed_transactions", "totals", "hourly_totals"];
  for (const table of tables) book.exec(`DELETE FROM ${table}`);
  await appendEvents(d1, events.slice(0, 4));
  expect(rows("SELECT * FROM hourly_totals")).toEqual(earlier);
  await appendEvents(d1, events);
  expect(storedHours()).toEqual(whole);
});

it("A payment whose customer has not acted in time is counted as cancelled", async () => {
  const [event] = life("a", "pending").map((event) => toRecord(event));
  await appendEvents(d1, [{ ...(event as EventRecord), type: "transaction.action_expired" }]);
  expect(Object.values(storedHours())).toEqual([{ cancelled: 1 }, { cancelled: 1 }]);
});

it("A write that fails counts nothing", async () => {
  const events = life("a", "completed").map((event) => toRecord(event));
  book.exec("ALTER TABLE feed_events RENAME TO events_gone");
  await expect(appendEvents(d1, events)).rejects.toThrow(/feed_events/);
  expect(rows("SELECT * FROM hourly_totals")).toEqual([]);
});

const { before: BEFORE_FILL, rest } = migrationsAround("fill_hourly_totals");
const FILL = rest.slice(0, 1);

/** A book of the release of that migration, with these events in its tables. */
function openFilled(groups: EventRecord[][]): void {
  book = new DatabaseSync(":memory:");
  migrate(book, BEFORE_FILL);
  writeEarlier(book, groups);
}

it("The migration counts the stored events of the last 31 days as they would have been counted when they were written", async () => {
  const hour = Math.floor(Date.now() / HOUR_MS);
  await fc.assert(
    fc.asyncProperty(
      timed,
      fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
      async (all, sizes) => {
        // The first event is 30 days old, so those that follow it within hours are younger.
        const shift = (hour - 30 * 24) * HOUR_MS - NOW_MS;
        const moved = all
          .flat()
          .map((event) => ({ ...event, created_at_ms: event.created_at_ms + shift }));
        openBook();
        await appendEvents(d1, moved);
        const counted = storedHours();
        const histories = Map.groupBy(moved, ({ transaction_id }) => transaction_id);
        openFilled([...histories.values()].flatMap((events) => toChunks(events, sizes)));
        migrate(book, FILL);
        expect(storedHours()).toEqual(counted);
        migrate(book, FILL);
        expect(storedHours()).toEqual(counted);
      },
    ),
    { numRuns: 100 },
  );
});

function toChunks(events: EventRecord[], sizes: Iterator<number>): EventRecord[][] {
  const chunks: EventRecord[][] = [];
  for (let at = 0; at < events.length; ) {
    const size = sizes.next().value ?? 1;
    chunks.push(events.slice(at, at + size));
    at += size;
  }
  return chunks;
}

it("The migration leaves the hours before the last 31 days as they are, and counts what the release before has written", async () => {
  const recent = Math.floor(Date.now() / HOUR_MS);
  const events = [recent - 745, recent - 744, recent].map((hour, at) => {
    const [event] = life(`order-${at}`, "pending").map((event) => toRecord(event));
    return { ...(event as EventRecord), created_at_ms: hour * HOUR_MS };
  });
  await appendEvents(d1, events);
  const counted = storedHours();
  const hours = rows("SELECT * FROM hourly_totals");
  openFilled(events.map((event) => [event]));
  for (const row of hours) {
    const places = Object.keys(row).map(() => "?");
    book.prepare(`INSERT INTO hourly_totals VALUES (${places})`).run(...Object.values(row));
  }
  book.exec(`DELETE FROM hourly_totals WHERE hour = ${recent}`); // As that release leaves it.
  book.exec("UPDATE hourly_totals SET created = created + 5");
  migrate(book, FILL);
  const old = [`${MERCHANT} ${recent - 745} USD`, ` ${recent - 745} USD`];
  for (const key of old) counted[key] = { ...counted[key], created: 6 };
  expect(storedHours()).toEqual(counted);
});

it("The migration counts nothing where there are more events than D1 could read in time", async () => {
  const [event] = life("a", "pending").map((event) => toRecord(event));
  openFilled([[{ ...(event as EventRecord), created_at_ms: Date.now() }]]);
  book.exec(`DROP TRIGGER events_write_transactions;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO events SELECT position + i, '', '', 1, '', 0, '{}', '[]', NULL FROM events, n`);
  migrate(book, FILL);
  expect(storedHours()).toEqual({});
  book.exec("DELETE FROM events WHERE position = (SELECT max(position) FROM events)");
  migrate(book, FILL);
  expect(Object.keys(storedHours())).toHaveLength(2);
});

/** The points of a chart from the counted hours. */
function chart(events: EventRecord[], merchant: string, period: Period, nowMs: number) {
  const { hours, hours_of_point } = PERIODS[period];
  const begin = (hour: number) => Math.floor(hour / hours_of_point) * hours_of_point;
  const last = begin(Math.floor(nowMs / HOUR_MS));
  const points: Record<string, Counts> = {};
  for (const [key, counts] of Object.entries(countHours(events))) {
    const [whose, hour, currency] = key.split(" ");
    const point = begin(Number(hour));
    if (whose !== merchant || point > last || point <= last - hours) continue;
    points[`${point} ${currency}`] ??= {};
    const sum = points[`${point} ${currency}`] ?? {};
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  return points;
}

const toPoints = (found: HoursTotal[]) =>
  Object.fromEntries(
    found.map(({ hour, currency, ...counts }) => {
      const numbers = Object.entries(counts).map(([name, count]) => [name, Number(count)]);
      return [`${hour} ${currency}`, withoutZeros(Object.fromEntries(numbers) as Counts)];
    }),
  );

const PERIOD_NAMES = Object.keys(PERIODS) as Period[]; // The record's own keys.

it("A chart of each period shows the sums of its hours, for a merchant and for all", async () => {
  const moments = fc.integer({ min: NOW_MS, max: NOW_MS + 800 * HOUR_MS });
  await fc.assert(
    fc.asyncProperty(timed, moments, async (all, nowMs) => {
      openBook();
      for (const journal of all) await appendEvents(d1, journal);
      for (const merchant of [undefined, ...MERCHANTS]) {
        for (const period of PERIOD_NAMES) {
          const found = await readHours(openDatabase(d1), merchant, period, nowMs);
          const { hours, hours_of_point } = PERIODS[period];
          expect(new Set(found.map(({ hour }) => hour)).size).toBeLessThanOrEqual(31);
          expect(hours % hours_of_point).toBe(0);
          const expected = chart(all.flat(), merchant ?? "", period, nowMs);
          expect(toPoints(found), `${merchant} ${period}`).toEqual(expected);
        }
      }
    }),
    { numRuns: 50 },
  );
});

it("A day of a chart begins at midnight UTC, an hour at the whole hour, and the one under way is included", async () => {
  const at = (time: string) => Date.parse(`2026-11-${time}:00.000Z`);
  const times = ["22T23:59", "23T00:00", "23T09:59", "23T10:00", "23T10:59", "23T11:00"];
  await appendEvents(
    d1,
    times.map((time, order) => {
      const { events } = created({}, NOW_MS, `order-${order}`);
      return { ...toRecord(events[0] as (typeof events)[number]), created_at_ms: at(time) };
    }),
  );
  const read = async (period: Period) =>
    (await readHours(openDatabase(d1), undefined, period, at("23T10:30"))).map(
      ({ hour, created: count }) => [new Date(hour * HOUR_MS).toISOString().slice(8, 13), count],
    );
  expect(await read("1h")).toEqual([
    ["23T09", 1],
    ["23T10", 2],
  ]);
  expect(await read("30d")).toEqual([
    ["22T00", 1],
    ["23T00", 5],
  ]);
});

it("Amounts are exact above the safe integers of a number, and above 64 bits when they are summed", async () => {
  const most = 2n ** 63n - 1n;
  for (const at of [1, 2, 3]) {
    const [event] = life(`order-${at}`, "pending").map((event) => toRecord(event));
    const created_at_ms = NOW_MS - at * HOUR_MS;
    await appendEvents(d1, [{ ...(event as EventRecord), created_at_ms }]);
  }
  book.exec(`UPDATE hourly_totals SET created_minor = ${most}`);
  const found = await readHours(openDatabase(d1), undefined, "30d", NOW_MS);
  expect(found.map(({ created_minor }) => created_minor)).toEqual([3n * most]);
});
