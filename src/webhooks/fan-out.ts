/** Fan-out: creates one delivery of an event for each subscribed endpoint, with its final body. */

import { eventId } from "../domain/identity/id";
import { announcedText, type EventRecord } from "../domain/transaction/event";
import { readWebhookUrl, TEST_TYPE, webhookBody } from "../domain/webhook/webhook";
import { randomId } from "../runtime/random-id";
import type { Erasure } from "./erasure";
import { type DisabledReason, type Endpoint, formatOrigin } from "./rpc";
import type { Deliveries } from "./store/deliveries";
import type { NewDelivery } from "./store/delivery";
import type { Endpoints } from "./store/endpoints";
import type { Secrets } from "./store/secrets";

const DISABLED_TYPE = "webhook_endpoint.disabled";

type Message = Pick<
  NewDelivery,
  "message_id" | "event_type" | "transaction_id" | "happened_at" | "traceparent"
>;

export class FanOut {
  readonly #endpoints: Endpoints;
  readonly #secrets: Secrets;
  readonly #deliveries: Deliveries;
  readonly #erasure: Pick<Erasure, "ofArriving">;

  constructor(
    endpoints: Endpoints,
    secrets: Secrets,
    deliveries: Deliveries,
    erasure: Pick<Erasure, "ofArriving">,
  ) {
    this.#endpoints = endpoints;
    this.#secrets = secrets;
    this.#deliveries = deliveries;
    this.#erasure = erasure;
  }

  /** Creates the deliveries of a transaction's event: to the endpoints subscribed to its type, and to the transaction's
   *  own `webhook_url`. An event that is accepted again adds none. @returns how many were added */
  addEvent(sent: EventRecord, nowMs: number): number {
    const event = this.#erasure.ofArriving(sent);
    const endpoints = this.#endpoints.subscribedTo(event.type);
    const own = readWebhookUrl(event);
    if (endpoints.length === 0 && own === null) return 0;
    const { type, transaction_id, sequence, traceparent } = event;
    const body = webhookBody(type, event.created_at_ms, announcedText(event));
    const message_id = eventId(transaction_id, sequence);
    const known = this.#deliveries.endpointsWith(transaction_id, message_id);
    const happened_at = event.created_at_ms;
    const message = {
      message_id,
      event_type: type,
      transaction_id,
      happened_at,
      // During a deployment a shard of the previous version may still hand events over.
      traceparent: traceparent ?? null,
    };
    const added = endpoints.filter(({ id }) => !known.has(id));
    for (const endpoint of added) this.#add(message, endpoint, body, nowMs);
    if (own === null || known.has(formatOrigin(own))) return added.length;
    this.#secrets.ensureDefault(nowMs);
    this.#add(message, { id: this.#endpoints.ensureOrigin(own, nowMs), url: own }, body, nowMs);
    return added.length + 1;
  }

  /** Creates a delivery of a test event. @returns the id of the delivery */
  addTest(endpoint: Endpoint, nowMs: number): string {
    const body = webhookBody(TEST_TYPE, nowMs, JSON.stringify({ endpoint_id: endpoint.id }));
    return this.#add(ownMessage(TEST_TYPE, nowMs), endpoint, body, nowMs);
  }

  /** Creates deliveries that tell the merchant's other endpoints that one was disabled. */
  addDisabled({ id, url }: Endpoint, reason: DisabledReason, nowMs: number): void {
    const data = JSON.stringify({ endpoint_id: id, url, reason });
    const body = webhookBody(DISABLED_TYPE, nowMs, data);
    const message = ownMessage(DISABLED_TYPE, nowMs);
    for (const other of this.#endpoints.subscribedTo(DISABLED_TYPE)) {
      this.#add(message, other, body, nowMs);
    }
  }

  #add(message: Message, { id, url }: Pick<Endpoint, "id" | "url">, body: string, nowMs: number) {
    return this.#deliveries.add({ ...message, endpoint_id: id, url }, body, nowMs);
  }
}

export function newEndpointId(): string {
  return randomId("whe");
}

function ownMessage(type: string, nowMs: number): Message {
  const id = randomId("evt");
  return {
    message_id: id,
    event_type: type,
    transaction_id: null,
    happened_at: nowMs,
    traceparent: null,
  };
}
