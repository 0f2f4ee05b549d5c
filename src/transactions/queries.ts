/** The reads of a shard, and the form of its replies. */
import { transactionOfRefund } from "../domain/identity/id";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { Transaction } from "../domain/transaction/transaction";
import { repeatCreate } from "./commands/create";
import type { CommandResult } from "./commands/result";
import { countRepeated } from "./count-commands";
import type { Counters } from "./counters";
import type { Journal } from "./journal/journal";
import { withNextAction } from "./next-action";
import {
  type Address,
  type EraseReply,
  type EventRanges,
  type EventsReply,
  notFound,
  okReply,
  type RecordsReply,
  type RefundsReply,
  type Reply,
  type ReportReply,
} from "./rpc";

/** The reply to a command. */
export function toReply(journal: Journal, result: CommandResult): Reply {
  if (result.kind === "refused") return { ok: false, refusal: result.refusal };
  const pending = result.kind === "pending";
  const retry_at_ms = pending ? result.retry_at_ms : 0;
  const body = withNextAction(journal, result.data);
  return { ok: true, body, replayed: result.replayed, pending, retry_at_ms };
}

/** The reply to a report. */
export function toReportReply(result: CommandResult): ReportReply {
  if (result.kind === "refused") return { ok: false, refusal: result.refusal };
  const reported = result.kind === "done" ? result.reported : undefined;
  return { ok: true, result: reported ?? "unchanged" };
}

/** The reply to an erasure. */
export function toEraseReply(result: CommandResult): EraseReply {
  if (result.kind === "refused") return { ok: false, refusal: result.refusal };
  if (result.kind === "done" && result.is_waiting) return { ok: true, result: "waiting" };
  const { erased_at } = JSON.parse(result.data) as Transaction; // Our own text.
  return erased_at === undefined
    ? { ok: true, result: "other" }
    : { ok: true, result: "erased", erased_at_ms: Date.parse(erased_at), is_new: result.wrote };
}

/** The transaction as it is now. */
export function findReply(journal: Journal, { merchant_id, transaction_id }: Address): Reply {
  const stored = journal.findText(transaction_id);
  return stored?.merchant_id === merchant_id
    ? okReply(withNextAction(journal, stored.data))
    : notFound;
}

/** All events of a transaction, in order. */
export function eventsReply(
  journal: Journal,
  { merchant_id, transaction_id }: Address,
): EventsReply {
  const events = journal.readEvents(transaction_id);
  return events[0]?.merchant_id === merchant_id ? { ok: true, events } : notFound;
}

/** Events of several transactions of a merchant, without those that do not exist. */
export function eventsOfMany(journal: Journal, { merchant_id, ranges }: EventRanges): EventsReply {
  const events = ranges.flatMap(({ transaction_id, first, last }) =>
    journal.readEvents(transaction_id).filter((event) => {
      const { sequence } = event;
      return event.merchant_id === merchant_id && sequence >= first && sequence <= last;
    }),
  );
  return { ok: true, events };
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
  return toReply(journal, result);
}

/** All refunds of a transaction. */
export function refundsReply(
  journal: Journal,
  { merchant_id, transaction_id }: Address,
): RefundsReply {
  if (journal.findText(transaction_id)?.merchant_id !== merchant_id) return notFound;
  return { ok: true, refunds: journal.refunds.textsOf(transaction_id) };
}

/** Transactions of any merchant with their refunds. */
export function recordsReply(journal: Journal, transactionIds: string[]): RecordsReply {
  journal.load(transactionIds);
  const records = transactionIds.map((id) => {
    const stored = journal.findText(id);
    return stored ? { transaction: stored.data, refunds: journal.refunds.textsOf(id) } : null;
  });
  return { ok: true, records };
}

/** A refund as it is now. */
export function findRefundReply(
  journal: Journal,
  { merchant_id, transaction_id }: Address,
  refundId: string,
): Reply {
  const isOwn =
    transactionOfRefund(refundId) === transaction_id &&
    journal.findText(transaction_id)?.merchant_id === merchant_id;
  const text = isOwn ? journal.refunds.findText(refundId) : undefined;
  return text === undefined ? { ok: false, refusal: { code: "refund_not_found" } } : okReply(text);
}
