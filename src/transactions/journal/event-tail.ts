/** The newest events of a journal, as they were written. Every destination wants them within a moment of
 *  their commit, and reading them back from the tables would cost as much as writing them. */
import type { EventRecord } from "../../domain/transaction/event";

/** A tenth of a second under full load is some two hundred; a destination that is further behind reads the
 *  tables. Mostly the same texts as those of the transactions in memory. */
const MAX_EVENTS = 1_000;
const MAX_CHARACTERS = 2_000_000;

export class EventTail {
  /** Of positions one after another, without a gap. */
  #events: EventRecord[] = [];
  #characters = 0;

  add(event: EventRecord): void {
    this.#events.push(event);
    this.#characters += event.data.length;
    const isFull = this.#events.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS;
    // Half at once, so that it does not happen at every event.
    if (isFull) this.#replace(this.#events.slice(Math.ceil(this.#events.length / 2)));
  }

  /** All events after a position; undefined when some of them are no longer here. */
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
