/** The events of a transaction, in order and without gaps. */
import { eventId } from "../identity/id";
import type { Refund } from "./refund";
import type { Transaction } from "./transaction";

export const EVENT_TYPES = [
  "transaction.created",
  "transaction.review_opened",
  "transaction.review_approved",
  "transaction.processing",
  "transaction.requires_action",
  "transaction.authorized",
  "transaction.captured",
  "transaction.capture_failed",
  "transaction.voided",
  "transaction.void_failed",
  "transaction.capture_expired",
  "transaction.action_expired",
  "transaction.completed",
  "transaction.failed",
  "transaction.cancelled",
  "transaction.erased",
  "dispute.opened",
  "dispute.closed",
  "refund.created",
  "refund.succeeded",
  "refund.failed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** An event. `sequence` is 1, 2, 3 … per transaction; `data` is the whole transaction at that time. */
export type Event = {
  id: string;
  type: EventType;
  sequence: number;
  transaction_id: string;
  created_at: string;
  data: Transaction;
  /** The refund that a `refund.*` event is about. */
  refund?: Refund;
};

/** The event of a transaction's last change: its version is the event's sequence. */
export function toEvent(transaction: Transaction, type: EventType, refund?: Refund): Event {
  return {
    id: eventId(transaction.id, transaction.version),
    type,
    sequence: transaction.version,
    transaction_id: transaction.id,
    created_at: transaction.updated_at,
    data: transaction,
    ...(refund && { refund }),
  };
}

/** An event as it is stored and sent on. `data` is the transaction's final JSON text, the same bytes for
 *  every reader; `position` counts the events of one shard. */
export type EventRecord = {
  position: number;
  merchant_id: string;
  transaction_id: string;
  sequence: number;
  type: EventType;
  created_at_ms: number;
  data: string;
  /** The request that caused it, as a W3C `traceparent`; null for events of before there were any. */
  traceparent: string | null;
  /** The position of the first event of the same transaction. */
  first_position: number;
  /** The JSON text of the refund that a `refund.*` event is about; null for other events. */
  refund: string | null;
};

/** The JSON text that an event announces: the refund for `refund.*`, otherwise the transaction. */
export function announcedText({ data, refund }: Pick<EventRecord, "data" | "refund">): string {
  return refund ?? data;
}
