/** The reads of a shard. */
import type { CreateRequest } from "../domain/transaction/idempotency";
import { repeatCreate } from "./commands/create";
import { countRepeated } from "./count-commands";
import type { Counters } from "./counters";
import type { Journal } from "./journal/journal";
import { type Address, type EventsReply, notFound, okReply, type Reply } from "./rpc";

/** The transaction as it is now. */
export function findReply(journal: Journal, { merchant_id, transaction_id }: Address): Reply {
  const stored = journal.findText(transaction_id);
  return stored?.merchant_id === merchant_id ? okReply(stored.data) : notFound;
}

/** All events of a transaction, in order. */
export function eventsReply(
  journal: Journal,
  { merchant_id, transaction_id }: Address,
): EventsReply {
  const events = journal.readEvents(transaction_id);
  return events[0]?.merchant_id === merchant_id ? { ok: true, events } : notFound;
}

/** The result of the first create under a key, if there was one. */
export function repeatReply(
  journal: Journal,
  counters: Counters,
  { merchant_id, transaction_id }: Address,
  request: CreateRequest,
): Reply {
  const owned = journal.find(transaction_id);
  if (owned?.merchant_id !== merchant_id) return notFound;
  const result = repeatCreate(journal, request, owned);
  countRepeated(counters, result);
  if (result.kind === "refused") return { ok: false, refusal: result.refusal };
  return { ...okReply(result.data), replayed: true };
}
