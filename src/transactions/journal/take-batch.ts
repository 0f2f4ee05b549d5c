/** Bounds a batch of events by their number and by the length of their text. */
import type { EventRecord } from "../../domain/transaction/event";

/** The first events of a source: at most `rows` of them and `characters` of text, but at least one event. */
export function takeBatch(
  source: Iterable<EventRecord>,
  rows: number,
  characters: number,
): EventRecord[] {
  const events: EventRecord[] = [];
  let size = 0;
  for (const event of source) {
    size += event.data.length + (event.refund?.length ?? 0);
    if (events.length === rows || (events.length > 0 && size > characters)) break;
    events.push(event);
  }
  return events;
}
