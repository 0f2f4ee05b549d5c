/** How much of what waits is taken at a time. */
import type { EventRecord } from "../../domain/transaction/event";

/** The first events of a source, at most `rows` of them and about `characters` of text, but at least one. */
export function takeBatch(
  source: Iterable<EventRecord>,
  rows: number,
  characters: number,
): EventRecord[] {
  const events: EventRecord[] = [];
  let size = 0;
  for (const event of source) {
    size += event.data.length;
    if (events.length === rows || (events.length > 0 && size > characters)) break;
    events.push(event);
  }
  return events;
}
