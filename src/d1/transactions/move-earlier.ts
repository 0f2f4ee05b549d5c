/** Moves transactions that an earlier release wrote to `listed_transactions`, from the events of their owner. */
import type { EventRecord } from "../../domain/transaction/event";
import type { Transaction } from "../../domain/transaction/transaction";
import { NUMBER_FEEDS } from "../events/feed-writes";
import { toRowKey, toSentRow } from "./listed-row";
import { prepareRows, type Replaced } from "./write-rows";

/** Moves the transactions whose row is as of one of these events. Others are left as they are: those of a later version have a
 *  later event, and those of an earlier one get events that D1 does not have yet, which `appendEvents` writes. Adds nothing to the feed
 *  and counts nothing. May be repeated.
 *  @param events of each transaction in order, as its owner stored them */
export function moveEarlier(db: D1Database, events: EventRecord[]): Promise<void> {
  return writeListed(db, events, "same");
}

/** Writes transactions that were in the archive as of these events, unless the lists have a later version. Adds nothing to the
 *  feed and counts nothing. May be repeated.
 *  @param events one of each transaction, as its owner stored it */
export function restoreListed(db: D1Database, events: EventRecord[]): Promise<void> {
  return writeListed(db, events, "up_to");
}

/** Writes transactions of which the lists have no version, as of these events. Adds nothing to the feed and counts nothing. May be
 *  repeated.
 *  @param events one of each transaction, as its owner stored it */
export function addListed(db: D1Database, events: EventRecord[]): Promise<void> {
  return writeListed(db, events, "none");
}

async function writeListed(
  db: D1Database,
  events: EventRecord[],
  replaced: Replaced,
): Promise<void> {
  if (events.length === 0) return;
  const last = new Map(events.map((event) => [event.transaction_id, event]));
  const rows = [...last.values()].map((event) => {
    const state = JSON.parse(event.data) as Transaction; // Its owner stored it.
    const key = toRowKey(event.merchant_id, state.created_at, event.transaction_id);
    return toSentRow(key, event, state);
  });
  const merchants = JSON.stringify([...new Set(events.map(({ merchant_id }) => merchant_id))]);
  // A row of an earlier release has its feed.
  const feeds = replaced === "same" ? [] : [db.prepare(NUMBER_FEEDS).bind(merchants)];
  await db.batch([...feeds, ...prepareRows(db, rows, replaced)]);
}
