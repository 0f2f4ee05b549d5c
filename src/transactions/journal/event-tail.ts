/** The newest events of a journal, in memory. Every destination reads them just after their commit, and reading them from
 *  the tables would cost as much as writing them. */
import type { EventRecord } from "../../domain/transaction/event";

/** Under full load a tenth of a second has some two hundred events; a destination that is further behind reads the tables.
 *  Most of the text is shared with the cached transactions. */
const MAX_EVENTS = 1_000;
const MAX_CHARACTERS = 2_000_000;

export class EventTail {
  /** Without a gap between their positions. */
  #events: EventRecord[] = [];
  #characters = 0;

  add(event: EventRecord): void {
    this.#events.push(event);
    this.#characters += event.data.length;
    const isFull = this.#events.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS;
    // Half of them, so that this does not happen for every event.
    if (isFull) this.#replace(this.#events.slice(Math.ceil(this.#events.length / 2)));
  }

  /** All events after a position; undefined when some of them are no longer in memory. */
  after(position: number): EventRecord[] | undefined {
    const [first] = this.#events;
    if (!first || position < first.position - 1) return undefined;
    return this.#events.slice(position - first.position + 1);
  }

  #replace(events: EventRecord[]): void {
    this.#events = events;
    this.#characters = events.reduce((sum, { data }) => sum + data.length, 0);
  }
}
