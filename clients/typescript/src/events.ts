/** Events, as the feed lists them and as webhooks bring them. The document has one flat schema for their `data`, for
 *  code generators; here the `type` decides. */
import type {
  EventList,
  EventType,
  Refund,
  Transaction,
  TransactionEvent,
} from "./generated/schemas.js";

export type RefundEventType = Extract<EventType, `refund.${string}`>;
export type TransactionEventType = Exclude<EventType, RefundEventType>;

type About<Type, Data> = { type: Type; data: Data };
/** `data` is the transaction or the refund at the time of the event. */
type Change = About<TransactionEventType, Transaction> | About<RefundEventType, Refund>;

/** An event of the feed. */
export type PaymentEvent = Omit<TransactionEvent, "type" | "data"> & Change;
/** A page of the feed. */
export type PaymentEventList = Omit<EventList, "data"> & { data: PaymentEvent[] };

/**
 * A verified webhook. `id` is the event's, the same each time it is sent: drop what was processed. Later versions of the
 * API can send other types: ignore what you do not expect.
 */
export type WebhookEvent = { id: string; timestamp: string } & (
  | Change
  | About<"webhook_endpoint.disabled", { endpoint_id: string; url: string; reason: string }>
  | About<"webhook_endpoint.test", { endpoint_id: string }>
);
