/** The methods of a merchant's webhook dispatcher, as its callers see them, and what they take and return. Times are
 *  ms since 1970. */
import type { EventRecord } from "../domain/transaction/event";
import type { AttemptResult, DeliveryStatus } from "../domain/webhook/webhook";
import type { Delivery } from "./store/delivery";

/** Ids of hosts that transactions name by their own URLs begin so; the host follows. */
const ORIGIN = "origin:";

/** The id that stands for the host of a transaction's own URL. */
export function formatOrigin(url: string): string {
  return `${ORIGIN}${new URL(url).origin}`;
}

/** Whether an id stands for the host of a transaction's own URL. */
export function isOrigin(id: string): boolean {
  return id.startsWith(ORIGIN);
}

/** As many deliveries are examined for one page at most, whatever their filter leaves out. */
export const MAX_EXAMINED = 1_000;

export type DisabledReason = "gone" | "failing";

/** An endpoint as its merchant sees it. Times are ms. */
export type Endpoint = {
  id: string;
  url: string;
  description: string | null;
  events: string[];
  enabled: boolean;
  disabled_reason: DisabledReason | null;
  failing_since: number | null;
  created_at: number;
};

/** What is undefined stays as it is. */
export type EndpointChange = {
  [Field in "url" | "events" | "enabled" | "description"]?: Endpoint[Field] | undefined;
};

/** Stands in an endpoint's place for the secret of the URLs that transactions name for themselves. */
export const DEFAULT_SECRET = "default";

export type Attempt = {
  number: number;
  started_at: number;
  duration_ms: number;
  status_code: number | null;
  error: string | null;
};

export type DeliveryFilter = {
  endpoint_id?: string | undefined;
  status?: DeliveryStatus | undefined;
  event_type?: string | undefined;
  transaction_id?: string | undefined;
};

/** A delivery with its attempts. `next_at` is null while an attempt is under way. */
export type ShownDelivery = Omit<Delivery, "log"> & { log: Attempt[] };

export type DeliveryPage = {
  deliveries: ShownDelivery[];
  /** The position below which the next page begins; undefined when there is nothing more to examine. */
  next: number | undefined;
};

export type Recovered = { redelivered: number; has_more: boolean };

/** What travels through the queues: names only, never a body or a secret. */
export type DeliveryNotice = { merchant_id: string; delivery_id: string; number: number };

/** One attempt to be made, as handed out to the consumer. */
export type AttemptOrder = {
  delivery_id: string;
  number: number;
  url: string;
  message_id: string;
  body: string;
  secrets: string[];
  traceparent: string | null;
};

export type AttemptReport = {
  delivery_id: string;
  number: number;
  started_at_ms: number;
  result: AttemptResult;
};

/** A transaction whose customer's data was erased. Later events of it are left as they are. */
export type ErasedTransaction = { id: string; erased_at_ms: number };

export interface WebhookDispatcherRpc {
  /** The event types that any enabled endpoint subscribes to, or `*`. */
  wanted(): string[];
  /** Takes events over. Idempotent: an event that was taken over before makes no second delivery. */
  accept(events: EventRecord[]): void;
  /** The registered endpoints, oldest first. */
  endpoints(): Endpoint[];
  /** @param id a random one if there is none
   *  @returns undefined when the merchant has as many as there may be */
  addEndpoint(
    given: Pick<Endpoint, "url" | "description" | "events" | "enabled">,
    id?: string,
  ): { endpoint: Endpoint; secret: string } | "exists" | undefined;
  /** @returns undefined when there is no such endpoint */
  changeEndpoint(id: string, change: EndpointChange): Endpoint | undefined;
  /** Ends the endpoint's open deliveries as dead. @returns whether there was such an endpoint */
  removeEndpoint(id: string): boolean;
  /** Makes a new secret for an endpoint or for `DEFAULT_SECRET`; the old ones sign for `overlapMs` more.
   *  @returns undefined when there is no such endpoint */
  rotateSecret(id: string, overlapMs: number): string | undefined;
  /** Makes a delivery of a test event. @returns undefined when there is no such endpoint */
  sendTest(id: string): ShownDelivery | undefined;
  /** Restarts failed deliveries that were created in a range. @returns undefined when there is no such endpoint */
  recover(id: string, sinceMs: number, untilMs: number): Recovered | undefined;
  /** A page of the log, newest first, below the position `before`. */
  deliveries(filter: DeliveryFilter, before: number | undefined, limit: number): DeliveryPage;
  delivery(id: string): ShownDelivery | undefined;
  /** Restarts a delivery. @returns undefined when it or its endpoint is gone */
  redeliver(id: string): ShownDelivery | undefined;
  /** The attempts that a queue consumer is to make. One that was handed out before is left out. */
  take(notices: DeliveryNotice[]): AttemptOrder[];
  /** Records results of attempts. Idempotent: an attempt is recorded once. */
  report(reports: AttemptReport[]): void;
  /** Ends a delivery without attempts left as dead. Idempotent. */
  giveUp(deliveryId: string): void;
  /** Erases the customer's data in the deliveries of transactions. Idempotent.
   *  @returns how many were changed; null when it cannot be done yet */
  erase(transactions: ErasedTransaction[]): number | null;
}
