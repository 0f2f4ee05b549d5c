/** The rows that D1 bills for writes of events: most of what a payment costs. */
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../src/d1/append-events";
import { LEAST_DELETED } from "../../../src/d1/events/feed-writes";
import { FEED_SIZE } from "../../../src/d1/schema";
import { moveEarlier } from "../../../src/d1/transactions/move-earlier";
import { deriveTransactionId } from "../../../src/domain/identity/id";
import { packId } from "../../../src/domain/identity/packed-id";
import type { Event, EventRecord } from "../../../src/domain/transaction/event";
import { STATUS_NUMBERS } from "../../../src/domain/transaction/stored/status-numbers";
import { writeEarlierRows } from "../../support/earlier-tables";
import { env } from "../../support/env";
import { MERCHANT, NOW_MS } from "../../support/examples";
import { ENDS, HOLDS, heldLife, holdLife, life, refunded, toRecord } from "../../support/lives";
import { type Billed, recordedD1 } from "../../support/recorded-d1";

const billed: Billed[] = [];
const d1 = recordedD1(env.DB, billed);

/** The rows that a write is billed for: those of totals, of which there is one for each kind of event in the write, those
 *  of hourly totals, which are mostly two, and all others. */
async function written(
  events: Event[],
): Promise<{ totals: number; hours: number; others: number }> {
  billed.length = 0;
  await appendEvents(
    d1,
    events.map((event) => toRecord(event)),
  );
  const sum = (isCounted: (sql: string) => boolean) =>
    billed.filter(({ sql }) => isCounted(sql)).reduce((rows, line) => rows + line.rows_written, 0);
  const ofTotals = (sql: string) => sql.startsWith("INSERT INTO totals");
  const ofHours = (sql: string) => sql.startsWith("INSERT INTO hourly_totals");
  return {
    totals: sum(ofTotals),
    hours: sum(ofHours),
    others: sum((sql) => !ofTotals(sql) && !ofHours(sql)),
  };
}

let payments = 0;
const key = () => `order-${++payments}`;

/** The merchant's feed has a number, and there is a total for each kind of event. */
beforeEach(async () => {
  for (const end of ENDS) await written(life(key(), end));
  for (const word of [undefined, "cancel"] as const) await written(heldLife(key(), word));
  await written(heldLife(key(), "approve", "completed"));
  for (const hold of HOLDS) await written(holdLife(key(), hold));
  await written(refunded(life(key(), "completed"), [[100, "succeeded"]]));
});

it("A payment whose three events are written together costs four rows, and one for each total", async () => {
  expect(await written(life(key(), "completed"))).toEqual({ others: 4, totals: 3, hours: 2 });
});

it("A payment that is created in one write and charged in the next costs eight rows, and one for each total", async () => {
  const events = life(key(), "completed");
  expect(await written(events.slice(0, 1))).toEqual({ others: 4, totals: 1, hours: 2 });
  expect(await written(events.slice(1))).toEqual({ others: 4, totals: 2, hours: 2 });
});

it("A payment of which each event is written alone costs twelve rows, and one for each total", async () => {
  const [first, claim, end] = life(key(), "completed") as [Event, Event, Event];
  expect(await written([first])).toEqual({ others: 4, totals: 1, hours: 2 });
  expect(await written([claim])).toEqual({ others: 4, totals: 1, hours: 0 });
  expect(await written([end])).toEqual({ others: 4, totals: 1, hours: 2 });
});

it("A write that is repeated costs no rows, whole or in parts", async () => {
  const events = [
    ...life(key(), "completed"),
    ...life(key(), "declined"),
    ...life(key(), "blocked"),
  ];
  await written(events);
  expect(await written(events)).toEqual({ others: 0, totals: 0, hours: 0 });
  expect(await written(events.slice(1, 5))).toEqual({ others: 0, totals: 0, hours: 0 });
});

it("A hundred payments in one write cost four rows each, and three for the totals of all", async () => {
  const events = Array.from({ length: 100 }, () => life(key(), "completed")).flat();
  expect(await written(events)).toEqual({ others: 400, totals: 3, hours: 2 });
});

it("A write costs two rows of hourly totals for each hour and currency in it, the merchant's and that of all", async () => {
  const [dollars] = life(key(), "pending");
  const [euros] = life(key(), "pending", { currency: "EUR" });
  const [other] = life(key(), "pending");
  const hour = new Date(NOW_MS + 3_600_000).toISOString();
  const events = [dollars, euros, { ...(other as Event), created_at: hour }] as Event[];
  expect((await written(events)).hours).toBe(6);
  const [one, two] = [life(key(), "pending"), life(key(), "pending")].flat() as [Event, Event];
  billed.length = 0;
  await appendEvents(d1, [toRecord(one, "mer_one"), toRecord(two, "mer_two")]);
  expect(billed.find(({ sql }) => sql.startsWith("INSERT INTO hourly"))?.rows_written).toBe(3);
});

it.each([
  ["declined", () => life(key(), "declined"), 3],
  ["blocked", () => life(key(), "blocked"), 2],
  ["cancelled", () => life(key(), "cancelled"), 2],
  ["held in review", () => heldLife(key(), undefined), 2],
  ["cancelled in review", () => heldLife(key(), "cancel"), 3],
  ["reviewed and charged", () => heldLife(key(), "approve", "completed"), 5],
  ["authorized and captured", () => holdLife(key(), "captured"), 5],
  ["authorized and voided", () => holdLife(key(), "voided"), 5],
] as const)(
  "A payment that is %s costs four rows, and one for each total",
  async (_, events, totals) => {
    expect(await written(events())).toEqual({ others: 4, totals, hours: 2 });
  },
);

it("A write of a refund costs three rows more, and one that only ends it two", async () => {
  const events = refunded(life(key(), "completed"), [[100, "succeeded"]]);
  await written(events.slice(0, 3));
  expect(await written(events.slice(3))).toEqual({ others: 4 + 3, totals: 2, hours: 2 });
  expect(await written(events)).toEqual({ others: 0, totals: 0, hours: 0 });
  const apart = refunded(life(key(), "completed"), [[100, "succeeded"]]);
  await written(apart.slice(0, 3));
  expect(await written(apart.slice(3, 4))).toEqual({ others: 4 + 3, totals: 1, hours: 0 });
  expect(await written(apart.slice(4))).toEqual({ others: 4 + 2, totals: 1, hours: 2 });
});

it("A merchant's first payment costs two rows more, and a failure code that is new three", async () => {
  const failure = { code: "never_seen", message: "No." };
  expect(await written(life(key(), "declined", {}, failure))).toEqual({
    others: 6,
    totals: 4,
    hours: 2,
  });
  billed.length = 0;
  await appendEvents(d1, [toRecord(life(key(), "pending")[0] as Event, "mer_new")]);
  expect(billed.reduce((rows, line) => rows + line.rows_written, 0)).toBe(9);
});

it("A payment of an earlier release costs a row more when it changes, and four when it is moved", async () => {
  const lives = [1, 2].map(() => life(key(), "completed").map((event) => toRecord(event)));
  await writeEarlierRows(
    lives.map((events) => events.slice(0, 2)),
    Date.now(),
  );
  const [changed, moved] = lives as [EventRecord[], EventRecord[]];
  billed.length = 0;
  await appendEvents(d1, changed.slice(2));
  const others = billed.filter(({ sql }) => !/totals/.test(sql.slice(0, 30)));
  expect(others.reduce((rows, { rows_written }) => rows + rows_written, 0)).toBe(4 + 1);
  for (const rows of [4, 0]) {
    billed.length = 0;
    await moveEarlier(d1, moved.slice(0, 2));
    expect(billed.reduce((sum, { rows_written }) => sum + rows_written, 0)).toBe(rows);
  }
});

it("A write costs a row for each old row that it deletes from the feed, and one for the feed; without any, none", async () => {
  const old = Array.from({ length: LEAST_DELETED }, () => life(key(), "pending")).flat();
  await appendEvents(
    d1,
    old.map((event) => toRecord(event, "mer_old")),
  );
  await env.DB.prepare(
    `UPDATE feed_events SET position = position - 86400000
     WHERE position / ${FEED_SIZE} = (SELECT id FROM feeds WHERE merchant_id = 'mer_old')`,
  ).run();
  for (const rows of [LEAST_DELETED + 1, 0]) {
    const [event] = life(key(), "pending").map((event) => toRecord(event, "mer_old"));
    billed.length = 0;
    await appendEvents(d1, [event as EventRecord], { hot_ms: 3_600_000 });
    const deleting = billed.filter(({ sql }) =>
      /^(UPDATE feeds|DELETE FROM (feed_)?events)/.test(sql),
    );
    expect(deleting).toHaveLength(3);
    expect(deleting.reduce((sum, { rows_written }) => sum + rows_written, 0)).toBe(rows);
  }
});

it("A write that fails changes nothing, not even the totals", async () => {
  const totals = () => env.DB.prepare("SELECT * FROM totals").all();
  const { results } = await totals();
  await env.DB.exec("ALTER TABLE feed_events RENAME TO events_gone");
  try {
    const events = life(key(), "declined", {}, { code: "of_no_total", message: "No." });
    await expect(written(events)).rejects.toThrow(/feed_events/);
    expect((await totals()).results).toEqual(results);
    const code = env.DB.prepare("SELECT * FROM total_codes WHERE code = 'of_no_total'");
    expect(await code.first()).toBeNull();
  } finally {
    await env.DB.exec("ALTER TABLE events_gone RENAME TO feed_events");
  }
});

it("The rows of the last payment are those of its end", async () => {
  const last = `order-${payments + 1}`;
  await written(life(key(), "completed"));
  const row = await env.DB.prepare("SELECT status, version FROM listed_transactions WHERE id = ?")
    .bind(packId(deriveTransactionId(MERCHANT, last)))
    .first();
  expect(row).toEqual({ status: STATUS_NUMBERS.completed, version: 3 });
});
