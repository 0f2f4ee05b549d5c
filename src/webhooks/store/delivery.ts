/** A delivery, as it is stored. Times are ms. */

import type { DeliveryStatus } from "../../domain/webhook/webhook";

export type Delivery = {
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
  next_at: number | null;
  lease: "sent" | "taken" | null;
  /** When its event happened. */
  happened_at: number | null;
  /** The request that caused its event. */
  traceparent: string | null;
  created_at: number;
  /** When it was last started from the beginning. */
  started_at: number;
  finished_at: number | null;
};

export type NewDelivery = Pick<
  Delivery,
  | "id"
  | "endpoint_id"
  | "message_id"
  | "event_type"
  | "transaction_id"
  | "url"
  | "happened_at"
  | "traceparent"
>;
