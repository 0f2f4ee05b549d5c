/** Which events go into one request to Kafka, and how a refused request is split. */
import type { EventRecord } from "../../domain/transaction/event";

/** Records of one request. */
const MAX_RECORDS = 100;

/** The first events, of different transactions, that fit into one request. */
export function differentTransactions(events: EventRecord[]): EventRecord[] {
  const seen = new Set<string>();
  const end = events.findIndex(({ transaction_id }) => {
    if (seen.has(transaction_id) || seen.size === MAX_RECORDS) return true;
    seen.add(transaction_id);
    return false;
  });
  return end === -1 ? events : events.slice(0, end);
}

/** Splits a refused request: into others and suspects if some but not all events are suspects, otherwise into halves.
 *  @param suspects indexes of the events that the server names */
export function splitRequest(
  events: EventRecord[],
  suspects: number[] = [],
): [EventRecord[], EventRecord[]] {
  const suspected = new Set(suspects);
  const [suspectEvents, others] = partition(events, (_, at) => suspected.has(at));
  if (suspectEvents.length > 0 && others.length > 0) return [others, suspectEvents];
  const middle = Math.ceil(events.length / 2);
  return [events.slice(0, middle), events.slice(middle)];
}

export function partition<Item>(
  items: Item[],
  isFirst: (item: Item, at: number) => boolean,
): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item, at) => !isFirst(item, at))];
}
