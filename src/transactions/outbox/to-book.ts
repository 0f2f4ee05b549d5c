/** D1 as a destination: the book, which lists read. */
import { APPEND_LIMITS, appendEvents } from "../../d1/append-events";
import type { EventRecord } from "../../domain/transaction/event";
import type { Env } from "../../env";
import type { EventTail } from "../journal/event-tail";
import type { Delivery } from "./destination";

/** Long enough for a payment's creation and charge to join one write, also for a client that is far away: together they
 *  write half as many billed rows as apart. Each write costs D1's one thread about a millisecond, whatever it holds, and
 *  the shards share that thread. The book is written before it is read, so it may be late. */
const GATHER_MS = 500;

/** @param hotMs how long the feed keeps events; 0: for ever */
export function toBook(
  { DB }: Pick<Env, "DB">,
  tail: Pick<EventTail, "transactionOf">,
  hotMs: number,
): Delivery {
  const options = { read: (event: EventRecord) => tail.transactionOf(event), hot_ms: hotMs };
  return {
    max_batch: APPEND_LIMITS,
    gather_ms: () => GATHER_MS,
    deliver: (events) => appendEvents(DB, events, options),
  };
}
