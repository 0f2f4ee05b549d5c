/** Several books as one destination. A book that fails delays only its own merchants: their events are set aside in the table
 *  `book_waiting`, and those of others pass them. */
import { APPEND_LIMITS } from "../../d1/append-events";
import { isMoved } from "../../d1/books/moves/pointers";
import {
  afterFailure,
  type Backoff,
  type BackoffState,
  NO_BACKOFF,
} from "../../domain/time/backoff";
import { dueAtMs, isDue } from "../../domain/time/clock";
import type { EventRecord } from "../../domain/transaction/event";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import { FIRST_BOOK } from "../../settings";
import type { EventStore } from "../journal/event-store";
import { partition } from "./kafka-request";
import { MAX_HOPS, type MerchantBooks } from "./merchant-books";
import type { StoredBackoffs } from "./stored-backoff";
import { WaitingEvents } from "./waiting-events";

/** Far longer than a healthy write. With a read of the directory before it, it ends within the timeout of a delivery. */
const APPEND_TIMEOUT_MS = 4_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 30_000 };
/** A move refuses writes for some seconds at its end. */
const MOVING_BACKOFF: Backoff = { first_ms: 500, most_ms: 4_000 };
/** Of one merchant in a retry, so that others take part in it. */
const MAX_RETRIED_EVENTS = 50;

type Append = (db: D1Database, events: EventRecord[]) => Promise<void>;
type Source = { backoffs: StoredBackoffs; events: EventStore };

/** The name of a book's backoff, stored beside those of whole destinations. */
const backoffName = (book: number): string => `book/${book}`;

export class BookDestination {
  readonly #waiting: WaitingEvents;
  readonly #backoffs: StoredBackoffs;
  readonly #books: MerchantBooks;
  readonly #append: Append;
  readonly #log: Log;
  /** The books that fail. */
  readonly #failing = new Map<number, BackoffState>();
  /** The merchants that no book takes for a moment, because they are being moved. */
  readonly #moving = new Map<string, BackoffState>();
  /** The last delivery: the next one begins after it, because the events of a merchant must arrive in order. */
  #delivery: Promise<void> = Promise.resolve();

  /** @param sql with the journal's tables
   *  @param append writes events to a book. May be repeated with the same events */
  constructor(
    sql: SqlStorage,
    { backoffs, events }: Source,
    books: MerchantBooks,
    append: Append,
    log: Log,
  ) {
    this.#waiting = new WaitingEvents(sql, events, "book_waiting");
    this.#backoffs = backoffs;
    this.#books = books;
    this.#append = append;
    this.#log = log;
    for (let book = FIRST_BOOK; book <= books.count; book += 1) {
      const backoff = backoffs.get(backoffName(book));
      if (backoff) this.#failing.set(book, backoff);
    }
  }

  /** How many events are set aside. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** The position of the first event that is set aside, of a merchant or of all (null); undefined when there is none. */
  waitingFrom(merchantId: string | null): number | undefined {
    return this.#waiting.firstOf(merchantId);
  }

  /** When the next retry is due; undefined when no events wait. */
  get retryAtMs(): number | undefined {
    const times = this.#waiting.merchants.map((merchantId) => this.#retryAtMsOf(merchantId));
    return times.length === 0
      ? undefined
      : dueAtMs(Math.min(...times), Date.now(), BACKOFF.most_ms);
  }

  /** When this resolves, every event is either written or set aside. */
  deliver(events: EventRecord[]): Promise<void> {
    const delivery = this.#delivery.then(() => this.#deliver(events));
    this.#delivery = delivery.catch(() => {});
    return delivery;
  }

  /** Every event is delivered again from the first one on, to the books that merchants are in now. */
  rewind(): void {
    this.#books.forget();
    this.#waiting.clear();
  }

  async #deliver(events: EventRecord[]): Promise<void> {
    const [behind, others] = partition(events, ({ merchant_id }) => this.#waiting.has(merchant_id));
    this.#waiting.add(behind);
    await Promise.all([this.#send(others), this.#send(this.#takeDue())]);
  }

  /** The first waiting events of merchants whose retry is due, as many as one write holds. */
  #takeDue(): EventRecord[] {
    const now = Date.now();
    const events: EventRecord[] = [];
    let { characters } = APPEND_LIMITS;
    for (const merchantId of this.#waiting.merchants) {
      if (!isDue(this.#retryAtMsOf(merchantId), now, BACKOFF.most_ms)) continue;
      const rows = Math.min(MAX_RETRIED_EVENTS, APPEND_LIMITS.rows - events.length);
      if (rows === 0 || characters <= 0) break;
      const own = this.#waiting.read(merchantId, rows, characters);
      characters -= own.reduce((sum, { data }) => sum + data.length, 0);
      events.push(...own);
    }
    return events;
  }

  /** Where it is not known in which book a merchant is, the directory failed, which is in the first one. */
  #retryAtMsOf(merchantId: string): number {
    const failing = this.#failing.get(this.#books.known(merchantId) ?? FIRST_BOOK);
    return Math.max(failing?.until_ms ?? 0, this.#moving.get(merchantId)?.until_ms ?? 0);
  }

  async #send(events: EventRecord[]): Promise<void> {
    await this.#books.read(events.map(({ merchant_id }) => merchant_id)).catch((fault) => {
      this.#failed(FIRST_BOOK, fault, events.length);
    });
    await this.#sendToBooks(events, 0);
  }

  /** Writes the events of each book. When this resolves, every event is written or set aside.
   *  @param hops how many books have refused them because their merchants are in another one */
  async #sendToBooks(events: EventRecord[], hops: number): Promise<void> {
    const groups = Map.groupBy(events, ({ merchant_id }) => this.#books.known(merchant_id));
    await Promise.all(
      [...groups].map(async ([book, own]) => {
        const outcome = book === undefined ? "failed" : await this.#write(book, own);
        if (outcome === "written") this.#written(own);
        else if (outcome === "failed" || book === undefined) this.#waiting.add(own);
        else await this.#follow(book, own, hops);
      }),
    );
  }

  async #write(book: number, events: EventRecord[]): Promise<"written" | "moved" | "failed"> {
    const failing = this.#failing.get(book);
    if (failing && !isDue(failing.until_ms, Date.now(), BACKOFF.most_ms)) return "failed";
    try {
      await withTimeout(APPEND_TIMEOUT_MS, this.#append(this.#books.db(book), events));
      this.#failing.delete(book);
      this.#backoffs.delete(backoffName(book));
      return "written";
    } catch (fault) {
      if (isMoved(fault)) return "moved";
      this.#failed(book, fault, events.length);
      return "failed";
    }
  }

  /** A write failed as a whole because merchants in it are in another book: theirs go there, each alone, and the others are
   *  written. */
  async #follow(book: number, events: EventRecord[], hops: number): Promise<void> {
    let moved: Set<string>;
    try {
      moved = await this.#books.follow(
        book,
        events.map(({ merchant_id }) => merchant_id),
      );
    } catch (fault) {
      this.#failed(book, fault, events.length);
      return this.#waiting.add(events);
    }
    const [own, others] = partition(events, ({ merchant_id }) => moved.has(merchant_id));
    // Without any the book has them again.
    const isOver = hops === MAX_HOPS;
    if (isOver) this.#hold(own.length > 0 ? own : others);
    const retried = isOver && own.length === 0 ? [] : others;
    const merchants = isOver ? [] : Map.groupBy(own, ({ merchant_id }) => merchant_id).values();
    await Promise.all([
      this.#sendToBooks(retried, Math.min(hops + 1, MAX_HOPS)),
      ...[...merchants].map((of) => this.#sendToBooks(of, hops + 1)),
    ]);
  }

  #hold(events: EventRecord[]): void {
    for (const merchantId of new Set(events.map(({ merchant_id }) => merchant_id))) {
      const before = this.#moving.get(merchantId) ?? NO_BACKOFF;
      this.#moving.set(merchantId, afterFailure(before, Date.now(), MOVING_BACKOFF));
    }
    this.#waiting.add(events);
  }

  #failed(book: number, fault: unknown, rows: number): void {
    const backoff = afterFailure(this.#failing.get(book) ?? NO_BACKOFF, Date.now(), BACKOFF);
    this.#failing.set(book, backoff);
    this.#backoffs.set(backoffName(book), backoff);
    this.#log("error", "book.waiting", { book, rows, fault: describeFault(fault) });
  }

  /** Most events were never set aside. */
  #written(events: EventRecord[]): void {
    if (this.#waiting.count === 0) return;
    const waited = events.filter(({ merchant_id }) => this.#waiting.has(merchant_id));
    this.#waiting.remove(waited);
    for (const { merchant_id } of waited) this.#moving.delete(merchant_id);
  }
}
