/** The feed of a book without owners: its texts come from the events that a test has written. */
import { expect } from "vitest";
import { eventText, type FeedPage, listEvents } from "../../src/d1/events/event-queries";
import { openDatabase } from "../../src/d1/query";
import { eventId } from "../../src/domain/identity/id";
import type { EventRecord } from "../../src/domain/transaction/event";

/** The items of a page. @param written the events that the book may have */
export function textsOfPage({ entries }: FeedPage, written: EventRecord[]): string[] {
  const texts = new Map(
    written.map((event) => [eventId(event.transaction_id, event.sequence), eventText(event)]),
  );
  return entries.map(({ event, transaction_id, sequence }) =>
    event ? eventText(event) : (texts.get(eventId(transaction_id, sequence)) ?? "not written"),
  );
}

/** The whole feed in pages of `limit`, and where it ends. @param after a place; undefined for the beginning */
export async function readFeed(
  d1: D1Database,
  merchant: string,
  written: EventRecord[],
  limit = 100,
  after?: number,
) {
  const items: string[] = [];
  let place: number | "oldest" = after ?? "oldest";
  for (;;) {
    const page: FeedPage = await listEvents(openDatabase(d1), merchant, place, limit);
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    items.push(...textsOfPage(page, written));
    if (!page.hasMore) return { items, place: page.next };
    expect(page.next, "a page that is not the last moves on").toBeGreaterThan(Number(after ?? -1));
    if (place !== "oldest") expect(page.next).toBeGreaterThan(place);
    place = page.next;
  }
}
