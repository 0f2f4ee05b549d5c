/** The newest events of a journal, in memory. Every destination reads them just after their commit, and reading them from
 *  the tables would cost as much as writing them. */
import type { EventRecord } from "../../domain/transaction/event";
import { BoundedCache } from "../../runtime/bounded-cache";
import { CachePartition } from "../../runtime/cache-partition";

/** For all shards of the isolate. Under full load a tenth of a second has some hundreds of events; a destination that is
 *  further behind reads the tables. Most of the text is shared with the cached transactions. */
const cache = new BoundedCache<EventRecord>({
  max_entries: 8_000,
  max_weight: 4_000_000,
  weigh: ({ data, refund }) => data.length + (refund?.length ?? 0),
});

export class EventTail {
  /** By position. The oldest are evicted first, so those that are left have no gap. */
  readonly #events = new CachePartition(cache);
  #last = 0;

  add(event: EventRecord): void {
    this.#events.set(String(event.position), event);
    this.#last = event.position;
  }

  /** All events after a position; undefined when some of them are no longer in memory. */
  after(position: number): EventRecord[] | undefined {
    if (this.#last === 0) return undefined;
    const found: EventRecord[] = [];
    for (let at = position + 1; at <= this.#last; at++) {
      const event = this.#events.peek(String(at));
      if (!event) return undefined;
      found.push(event);
    }
    return found;
  }
}
