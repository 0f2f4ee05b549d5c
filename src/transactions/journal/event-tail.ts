/** The newest events of a journal, in memory. Every destination reads them just after their commit, and reading them from
 *  the tables would cost as much as writing them. */
import type { EventRecord } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import { Queue } from "./queue";

/** For all shards of the isolate. Under full load a tenth of a second has some hundreds of events; a destination that is
 *  further behind reads the tables. Most of the text is shared with the cached transactions. */
const MAX_EVENTS = 4_000;
const MAX_CHARACTERS = 2_000_000;

/** The tail of each event in memory, the oldest event first. A queue and not a cache by position: a map makes an
 *  internalized string of each key that it looks up. */
const tails = new Queue<EventTail>();
let characters = 0;

/** Replaces the texts of an event in place, so that a delivery that is about to be sent has them too.
 *  @returns its parsed `data` */
export type RewriteEvent = (event: EventRecord) => Transaction;

export class EventTail {
  /** In order and without gaps. */
  readonly #events = new Queue<EventRecord>();
  /** The parsed `data` of each. */
  readonly #transactions = new Queue<Transaction>();
  #last = 0;
  /** Up to this position events may have left the tables. They are not read from memory either. */
  #leftThrough = 0;

  /** Adds the event at the next position, and evicts the oldest events of all tails until the bounds hold.
   *  @param transaction its parsed `data` */
  add(event: EventRecord, transaction: Transaction): void {
    this.#events.push(event);
    this.#transactions.push(transaction);
    this.#last = event.position;
    tails.push(this);
    characters += charactersOf(event);
    while (tails.length > 1 && (tails.length > MAX_EVENTS || characters > MAX_CHARACTERS)) {
      const oldest = tails.shift();
      if (oldest) characters -= oldest.#evict();
    }
  }

  /** Events up to a position may have left the tables. */
  leave(through: number): void {
    this.#leftThrough = Math.max(this.#leftThrough, through);
  }

  /** All events after a position; undefined when some of them are no longer in memory. */
  after(position: number): EventRecord[] | undefined {
    if (this.#last === 0 || position < this.#leftThrough) return undefined;
    const count = Math.max(0, this.#last - position);
    if (count > this.#events.length) return undefined;
    return this.#events.last(count);
  }

  /** The transaction as of an event, which is parsed unless it is in memory. */
  transactionOf({ position, data }: EventRecord): Transaction {
    const first = this.#last - this.#events.length + 1;
    return this.#transactions.at(position - first) ?? (JSON.parse(data) as Transaction); // Our own text.
  }

  /** Rewrites the events of a transaction. */
  rewrite(transactionId: string, rewriteEvent: RewriteEvent): void {
    for (const [at, event] of this.#events.last(this.#events.length).entries()) {
      if (event.transaction_id !== transactionId) continue;
      characters -= charactersOf(event);
      this.#transactions.replace(at, rewriteEvent(event));
      characters += charactersOf(event);
    }
  }

  /** @returns how many characters the event had */
  #evict(): number {
    this.#transactions.shift();
    const event = this.#events.shift();
    return event ? charactersOf(event) : 0;
  }
}

function charactersOf({ data, refund }: EventRecord): number {
  return data.length + (refund?.length ?? 0);
}
