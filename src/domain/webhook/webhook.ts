/** Webhooks: what is sent, to which endpoints, and how an attempt ends. `retry-schedule.ts` has when it is attempted
 *  again. */
import { formatTime } from "../time/format-time";
import { EVENT_TYPES, type EventRecord } from "../transaction/event";

/** The event types that an endpoint can subscribe to. `*` subscribes to all. */
export const WEBHOOK_TYPES = [...EVENT_TYPES, "webhook_endpoint.disabled"] as const;
/** Endpoints of a merchant. Every event is matched against each of them. */
export const MAX_ENDPOINTS = 20;
/** `pending` until an attempt succeeds, or until no attempt is left. */
export const DELIVERY_STATUSES = ["pending", "succeeded", "dead"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];
export const TEST_TYPE = "webhook_endpoint.test";
/** Secrets that sign at the same time, at most: several rotations in a row overlap. */
export const MAX_RETAINED_SECRETS = 5;

/** How an attempt ended. `error` is one of our codes; what the receiver sent is not stored. */
export type AttemptResult = {
  status_code: number | null;
  error: AttemptError | null;
  duration_ms: number;
  /** The delay that the receiver requested; 0 for none. */
  retry_after_ms: number;
};
export type AttemptError =
  | "timeout"
  | "connection_failed"
  | "redirect"
  | "http_status"
  | "url_refused";

/** The body of a webhook: the event with the own bytes of what it announces. */
export function webhookBody(type: string, createdAtMs: number, dataText: string): string {
  const timestamp = formatTime(createdAtMs);
  return `{"type":"${type}","timestamp":"${timestamp}","data":${dataText}}`;
}

/** The URL that the transaction of an event names, if it does. It receives the events of the transaction's refunds too. */
export function readWebhookUrl(event: EventRecord): string | null {
  if (event.data.includes('"webhook_url":null')) return null;
  return (JSON.parse(event.data) as { webhook_url: string | null }).webhook_url; // Our own text.
}

export function matchesFilter(filter: readonly string[], type: string): boolean {
  return filter.includes("*") || filter.includes(type);
}
