/** D1 as a destination: the books, which lists read. */
import { APPEND_LIMITS, appendEvents } from "../../d1/append-events";
import { addListed } from "../../d1/transactions/move-earlier";
import type { EventRecord } from "../../domain/transaction/event";
import type { Log } from "../../observability/log";
import { FIRST_BOOK } from "../../settings";
import type { ArchivedPayments } from "../journal/archived/archived-payments";
import type { EventStore } from "../journal/event-store";
import type { EventTail } from "../journal/event-tail";
import { BookDestination } from "./book-destination";
import type { Delivery } from "./destination";
import type { MerchantBooks } from "./merchant-books";
import type { StoredBackoffs } from "./stored-backoff";

/** Long enough for a payment's creation and charge to join one write, also for a client that is far away: together they
 *  write half as many billed rows as apart. Each write costs D1's one thread about a millisecond, whatever it holds, and
 *  the shards share that thread. The book is written before it is read, so it may be late. */
const GATHER_MS = 500;

type Source = {
  tail: Pick<EventTail, "transactionOf">;
  backoffs: StoredBackoffs;
  events: EventStore;
  archived: Pick<ArchivedPayments, "putBackThrough">;
};

/** @param sql with the journal's tables
 *  @param hotMs how long the feed keeps events; 0: for ever */
export function toBook(
  sql: SqlStorage,
  journal: Source,
  books: MerchantBooks,
  hotMs: number,
  log: Log,
): Delivery {
  const options = {
    read: (event: EventRecord) => journal.tail.transactionOf(event),
    hot_ms: hotMs,
  };
  const append = async (db: D1Database, events: EventRecord[]) => {
    // Events of before a payment was in the archive come only when the book is written again. It had them, and not any more the
    // row that says so.
    const last = journal.archived.putBackThrough(events);
    if (last.length > 0) await addListed(db, journal.events.readAt(last));
    await appendEvents(db, events, options);
  };
  const common = { max_batch: APPEND_LIMITS, gather_ms: () => GATHER_MS };
  const destination = new BookDestination(sql, journal, books, append, log);
  // While there were several, events may have been set aside.
  if (books.count === FIRST_BOOK && destination.waiting === 0) {
    const db = books.db(FIRST_BOOK);
    return { ...common, deliver: (events) => append(db, events) };
  }
  return {
    ...common,
    deliver: (events) => destination.deliver(events),
    due_at_ms: () => destination.retryAtMs,
    waiting: () => destination.waiting,
    waiting_from: (merchantId) => destination.waitingFrom(merchantId),
    rewind: () => destination.rewind(),
  };
}
