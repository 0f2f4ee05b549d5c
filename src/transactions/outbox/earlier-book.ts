/** Moves a shard's transactions in the book from the tables of earlier releases to those of this one, some at each alarm. A
 *  transaction that changes is moved by the write of its change; this moves the others. */
import { APPEND_LIMITS } from "../../d1/append-events";
import { moveEarlier } from "../../d1/transactions/move-earlier";
import type { EventRecord } from "../../domain/transaction/event";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import type { Checkpoints } from "../journal/checkpoints";

/** A move writes four rows for a transaction, and D1 has one thread for all shards: with sixteen of them this is some
 *  thousand transactions a second. */
const MOVED_EVENTS = 200;
/** Far longer than a healthy call takes. One that takes longer may be repeated without harm. */
const MOVE_TIMEOUT_MS = 10_000;
const RETRY_MS = 30_000;

type Source = {
  checkpoints: Checkpoints;
  eventsAfter(position: number, rows: number, characters: number): EventRecord[];
};

export class EarlierBook {
  readonly #journal: Source;
  readonly #db: D1Database;
  readonly #log: Log;
  #isMoving = false;
  #retryAtMs = 1;

  constructor(journal: Source, db: D1Database, log: Log) {
    this.#journal = journal;
    this.#db = db;
    this.#log = log;
  }

  /** When the next events are due; undefined when every transaction has been moved. */
  get dueAtMs(): number | undefined {
    return this.#movedThrough < this.#until ? this.#retryAtMs : undefined;
  }

  /** Moves the transactions of the next events. Never throws, and does nothing while a move is under way. */
  async move(nowMs: number): Promise<void> {
    if (this.#isMoving || nowMs < (this.dueAtMs ?? Number.POSITIVE_INFINITY)) return;
    this.#isMoving = true;
    try {
      const { checkpoints } = this.#journal;
      const { characters } = APPEND_LIMITS;
      const events = this.#journal.eventsAfter(this.#movedThrough, MOVED_EVENTS, characters);
      await withTimeout(MOVE_TIMEOUT_MS, moveEarlier(this.#db, events));
      checkpoints.set("book_moved_through", events.at(-1)?.position ?? this.#until);
      this.#retryAtMs = 1;
    } catch (fault) {
      this.#retryAtMs = nowMs + RETRY_MS;
      this.#log("error", "book_move.failed", { fault: describeFault(fault) });
    } finally {
      this.#isMoving = false;
    }
  }

  /** The position up to which every transaction has been moved. */
  get #movedThrough(): number {
    return this.#journal.checkpoints.get("book_moved_through") ?? 0;
  }

  /** The position of the last event before this release; 0 in an object that is newer. */
  get #until(): number {
    return this.#journal.checkpoints.get("book_move_until") ?? 0;
  }
}
