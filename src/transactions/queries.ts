/** What a shard tells a merchant without changing anything. */
import type { CreateRequest } from "../domain/transaction/idempotency";
import { repeatedCreate } from "./commands/command";
import type { Counters } from "./counters";
import type { Journal } from "./journal/journal";
import { countRepeated } from "./metrics";
import { type Address, type EventsReply, notFound, okReply, type Reply } from "./rpc";

/** The transaction as it is now. */
export function findReply(journal: Journal, { merchant_id, transaction_id }: Address): Reply {
  const held = journal.findText(transaction_id);
  return held?.merchant_id === merchant_id ? okReply(held.data) : notFound;
}

/** All events of a transaction in order. */
export function eventsReply(
  journal: Journal,
  { merchant_id, transaction_id }: Address,
): EventsReply {
  const events = journal.eventsOf(transaction_id);
  return events[0]?.merchant_id === merchant_id ? { ok: true, events } : notFound;
}

/** What the first create under a key was answered, if there was one. */
export function repeatReply(
  journal: Journal,
  counters: Counters,
  { merchant_id, transaction_id }: Address,
  request: CreateRequest,
): Reply {
  const held = journal.find(transaction_id);
  if (held?.merchant_id !== merchant_id) return notFound;
  const answer = repeatedCreate(journal, request, held);
  countRepeated(counters, answer);
  if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
  return { ...okReply(answer.data), replayed: true };
}
