/** Attempts from the dispatcher's side: which ones a consumer makes, their results, and what follows for the delivery
 *  and its endpoint. Call it inside a transaction. */
import { MAX_ATTEMPTS } from "../domain/webhook/retry-schedule";
import { type Log, traceFields } from "../observability/log";
import { DELAY_BOUNDS_MS, type WebhookCounters } from "./counters";
import type { FanOut } from "./fan-out";
import type { AttemptOrder, AttemptReport, DeliveryNotice, DisabledReason } from "./rpc";
import type { Deliveries } from "./store/deliveries";
import type { Delivery } from "./store/delivery";
import type { Endpoints } from "./store/endpoints";
import type { Secrets } from "./store/secrets";

const GONE = 410;

export class Attempts {
  readonly #endpoints: Endpoints;
  readonly #secrets: Secrets;
  readonly #deliveries: Deliveries;
  readonly #fanOut: FanOut;
  readonly #counters: WebhookCounters;
  readonly #log: Log;

  constructor(
    endpoints: Endpoints,
    secrets: Secrets,
    deliveries: Deliveries,
    fanOut: FanOut,
    counters: WebhookCounters,
    log: Log,
  ) {
    this.#endpoints = endpoints;
    this.#secrets = secrets;
    this.#deliveries = deliveries;
    this.#fanOut = fanOut;
    this.#counters = counters;
    this.#log = log;
  }

  /** The attempt of a notice; none when it was taken or recorded before. */
  take({ delivery_id, number }: DeliveryNotice, nowMs: number): AttemptOrder[] {
    const found = this.#deliveries.take(delivery_id, number, nowMs);
    if (!found) return [];
    const { message_id, endpoint_id, body, traceparent } = found;
    const url = this.#endpoints.find(endpoint_id)?.url ?? found.url;
    if (url !== found.url) this.#deliveries.noteUrl(found, url);
    return [
      {
        delivery_id,
        number,
        url,
        message_id,
        body,
        secrets: this.#secrets.list(endpoint_id, nowMs),
        traceparent,
      },
    ];
  }

  /** Records an attempt's result once, and disables an endpoint that is gone or has failed for days. */
  record({ delivery_id, number, started_at_ms, result }: AttemptReport, nowMs: number): void {
    const recorded = this.#deliveries.finishAttempt(
      delivery_id,
      number,
      started_at_ms,
      result,
      nowMs,
    );
    if (!recorded) return;
    const { endpoint_id } = recorded;
    this.#counters.addWithin("attempts", `outcome=${result.error ?? "delivered"}`);
    if (result.error === null) {
      this.#counters.observeWithin(
        "delay_ms",
        "",
        DELAY_BOUNDS_MS,
        computeDelayMs(recorded, nowMs),
      );
      this.#endpoints.succeeded(endpoint_id);
      return;
    }
    const hasFailedForDays = this.#endpoints.failed(endpoint_id, nowMs);
    if (result.status_code === GONE) this.#disable(endpoint_id, "gone", nowMs);
    else if (hasFailedForDays) this.#disable(endpoint_id, "failing", nowMs);
  }

  /** A delivery without attempts left is dead. */
  giveUp(deliveryId: string, nowMs: number): void {
    const found = this.#deliveries.find(deliveryId);
    if (found?.status !== "pending" || found.tries < MAX_ATTEMPTS) return;
    this.#deliveries.giveUp(found, nowMs);
    const { endpoint_id, attempts } = found;
    this.#log("error", "webhook.dead", {
      delivery_id: deliveryId,
      endpoint_id,
      attempt: attempts,
      ...traceFields(found.traceparent),
      ...(found.transaction_id ? { transaction_id: found.transaction_id } : {}),
    });
  }

  /** Disables an endpoint and sends an event about it to the merchant's other endpoints. */
  #disable(id: string, reason: DisabledReason, nowMs: number): void {
    const endpoint = this.#endpoints.find(id);
    if (!endpoint?.enabled) return;
    this.#endpoints.disable(id, reason);
    this.#log("warn", "webhook_endpoint.disabled", { endpoint_id: id, reason });
    this.#fanOut.addDisabled(endpoint, reason, nowMs);
  }
}

/** The time from the event to its delivery; from the restart for a delivery that was restarted. */
function computeDelayMs({ happened_at, created_at, started_at }: Delivery, nowMs: number): number {
  const since = started_at === created_at ? (happened_at ?? created_at) : started_at;
  // Another machine's clock dated the event.
  return Math.max(0, nowMs - since);
}
