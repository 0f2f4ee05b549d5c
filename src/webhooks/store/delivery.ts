/** A delivery, as it is stored. Times are ms. */

import type { DeliveryStatus } from "../../domain/webhook/webhook";

export type Delivery = {
  /** 1, 2, 3 … in a dispatcher, in the order in which deliveries were added. Never used again. */
  position: number;
  id: string;
  endpoint_id: string;
  message_id: string;
  event_type: string;
  transaction_id: string | null;
  url: string;
  status: DeliveryStatus;
  attempts: number;
  /** Attempts since it was last started from the beginning. */
  tries: number;
  /** When the next attempt is due; null when the delivery has ended. */
  next_at: number | null;
  /** When its event happened. */
  happened_at: number | null;
  /** The request that caused its event. */
  traceparent: string | null;
  created_at: number;
  /** When it was last started from the beginning. */
  started_at: number;
  finished_at: number | null;
  /** Its last attempts, as `attempt-log.ts` writes them. */
  log: string;
};

/** With the bytes that are signed and sent each time. */
export type DeliveryWithBody = Delivery & { body: string };

/** The columns of a delivery without its body. */
export const COLUMNS = `position, id, endpoint_id, message_id, event_type, transaction_id, url, status, attempts,
  tries, next_at, happened_at, traceparent, created_at, started_at, finished_at, log`;

export type NewDelivery = Pick<
  Delivery,
  | "endpoint_id"
  | "message_id"
  | "event_type"
  | "transaction_id"
  | "url"
  | "happened_at"
  | "traceparent"
>;
