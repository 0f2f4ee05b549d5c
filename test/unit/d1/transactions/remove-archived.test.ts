/** The removal of archived transactions from the lists, over Node's own SQLite and the committed migrations. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { appendEvents } from "../../../../src/d1/append-events";
import { eventText } from "../../../../src/d1/events/event-queries";
import { openDatabase } from "../../../../src/d1/query";
import { listTransactions } from "../../../../src/d1/transaction-queries";
import { removeArchived } from "../../../../src/d1/transactions/remove-archived";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { writeEarlier } from "../../../support/earlier-book";
import { readFeed } from "../../../support/feed";
import { life, refunded, toRecord } from "../../../support/lives";
import { memoryD1, migrate, migrationsAround } from "../../../support/memory-book";

const { before, rest } = migrationsAround("compact_book");
const EARLIER = life("order-earlier", "completed").map((event) => toRecord(event, "mer_a"));
const EVENTS = ["order-1", "order-2"].flatMap((key) =>
  life(key, "completed").map((event) => toRecord(event, "mer_a")),
);
const OTHER = life("order-3", "completed").map((event) => toRecord(event, "mer_b"));

let d1: D1Database;
beforeEach(async () => {
  const book = new DatabaseSync(":memory:");
  d1 = memoryD1(book);
  migrate(book, before);
  writeEarlier(book, [EARLIER]);
  migrate(book, rest);
  await appendEvents(d1, [...EVENTS, ...OTHER]);
});

const archivedAs = ({ merchant_id, data }: EventRecord, version = 3) => {
  const { id, created_at } = JSON.parse(data) as Transaction;
  return { merchant_id, id, created_at, version };
};
const list = (merchant: string) => listTransactions(openDatabase(d1), merchant, {}, undefined, 10);
const last = (events: EventRecord[]) => events.at(-1) as EventRecord; // None of them is empty.
const createdMs = (event: EventRecord) => Date.parse(archivedAs(event).created_at);

it("Archived transactions of this release and of earlier ones are no longer listed, and their events stay in the feed", async () => {
  expect((await list("mer_a")).archived_through_ms).toBeNull();
  const archived = [last(EARLIER), last(EVENTS)];
  await removeArchived(
    d1,
    archived.map((event) => archivedAs(event)),
  );
  const page = await list("mer_a");
  expect(page.items).toEqual([EVENTS[2]?.data]);
  expect(page.archived_through_ms).toBe(createdMs(last(EVENTS)));
  const { items } = await readFeed(d1, "mer_a", EVENTS);
  expect(items.toSorted()).toEqual([...EARLIER, ...EVENTS].map(eventText).toSorted());
});

it("A transaction that has changed since it was archived is still listed", async () => {
  await removeArchived(d1, [archivedAs(last(EARLIER), 2), archivedAs(last(EVENTS), 2)]);
  expect((await list("mer_a")).items).toHaveLength(3);
});

it("The newest archived time of a merchant never goes back, and is not that of another merchant", async () => {
  await removeArchived(d1, [archivedAs(last(EVENTS))]);
  const { created_at, ...older } = archivedAs(last(EARLIER));
  await removeArchived(d1, [{ ...older, created_at: "2020-01-01T00:00:00.000Z" }]);
  expect((await list("mer_a")).archived_through_ms).toBe(Date.parse(created_at));
  expect((await list("mer_b")).archived_through_ms).toBeNull();
  expect((await list("mer_none")).archived_through_ms).toBeNull();
});

it("A removal that is repeated changes nothing", async () => {
  const archived = [archivedAs(last(EVENTS)), archivedAs(last(OTHER))];
  await removeArchived(d1, archived);
  const pages = [await list("mer_a"), await list("mer_b")];
  await removeArchived(d1, archived);
  expect([await list("mer_a"), await list("mer_b")]).toEqual(pages);
  expect(pages.map(({ items }) => items.length)).toEqual([2, 0]);
});

it("An event of an archived transaction puts it back into the lists, and only that event into the feed", async () => {
  const all = refunded(life("order-2", "completed"), [[100, "succeeded"]]).map((event) =>
    toRecord(event, "mer_a"),
  );
  await removeArchived(d1, [archivedAs(last(EVENTS))]);
  await appendEvents(d1, all.slice(3, 4));
  expect((await list("mer_a")).items).toContain(all[3]?.data);
  const { items } = await readFeed(d1, "mer_a", [...EVENTS, ...all]);
  expect(items).toHaveLength(EARLIER.length + EVENTS.length + 1);
  expect(items.at(-1)).toBe(eventText(all[3] as EventRecord));
});

it("After D1 was set back to a time before a merchant's first event, its lists go on in the archive again", async () => {
  const [event] = life("order-4", "completed").map((one) => toRecord(one, "mer_c"));
  await removeArchived(d1, [archivedAs(event as EventRecord)]);
  const through = createdMs(event as EventRecord);
  expect((await list("mer_c")).archived_through_ms).toBe(through);
  await appendEvents(d1, [{ ...(event as EventRecord), created_at_ms: through }]);
  expect(await list("mer_c")).toMatchObject({ items: [event?.data], archived_through_ms: through });
});
