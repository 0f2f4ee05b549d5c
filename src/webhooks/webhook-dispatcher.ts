/** WebhookDispatcher: the one serial owner of a merchant's webhooks. It takes events over from the shards,
 *  decides who is to hear of them and when, and notes what became of every attempt. The attempts
 *  themselves are made by the queue's consumer. */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config";
import type { EventRecord } from "../domain/transaction/event";
import { MAX_ATTEMPTS } from "../domain/webhook/retry-schedule";
import { MAX_ENDPOINTS } from "../domain/webhook/webhook";
import type { Env } from "../env";
import { createLog, describeFault, type Log } from "../observability/log";
import { Alarm } from "../runtime/alarm";
import { withTimeout } from "../runtime/with-timeout";
import { composeDispatcher } from "./compose";
import { newEndpointId } from "./fan-out";
import {
  type AttemptOrder,
  type AttemptReport,
  DEFAULT_SECRET,
  type DeliveryFilter,
  type DeliveryNotice,
  type DeliveryPage,
  type Endpoint,
  type EndpointChange,
  isOrigin,
  type Recovered,
  type ShownDelivery,
  type WebhookDispatcherRpc,
} from "./rpc";
import { readMerchantId } from "./store/merchant-id";
import { newSecret } from "./store/secrets";

/** Events and outcomes that arrive together are acted on together. */
const GATHER_MS = 5;
/** The alarm looks again after this at the earliest: reports drive what is under way. */
const LOOK_AGAIN_MS = 1_000;

export class WebhookDispatcher extends DurableObject<Env> implements WebhookDispatcherRpc {
  readonly #log: Log;
  readonly #parts: ReturnType<typeof composeDispatcher>;
  readonly #alarm: Alarm;
  #isDispatchPlanned = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const log = createLog(readConfig(env).log_level);
    this.#log = (level, event, fields) =>
      log(level, event, { merchant_id: readMerchantId(state), ...fields });
    this.#parts = composeDispatcher(state, env, this.#log);
    if (state.id.name !== undefined) readMerchantId(state);
    // For the next delivery, the end of a rest, the next sweep, or what D1 is to be told.
    this.#alarm = new Alarm(state.storage, LOOK_AGAIN_MS, (nowMs) => [
      this.#parts.deliveries.nextAtMs(nowMs),
      this.#parts.endpoints.nextCooldownEndsAtMs(nowMs),
      this.#parts.retention.nextAtMs(nowMs),
      this.#parts.metricsReporter.nextAtMs(nowMs),
    ]);
    state.blockConcurrencyWhile(async () => {
      await this.#alarm.read();
      this.#parts.deliveries.expireSent(Date.now());
      this.#alarm.arm(Date.now());
    });
  }

  /** What any endpoint of the merchant wants to hear of: event types, or `*`. */
  wanted(): string[] {
    return this.#parts.endpoints.list().flatMap(({ enabled, events }) => (enabled ? events : []));
  }

  /** Takes events over: when this returns, whoever wants to hear of them will. May be called again with
   *  the same events. */
  accept(events: EventRecord[]): void {
    const now = Date.now();
    const added = this.#commit(() =>
      events.reduce((sum, event) => sum + this.#parts.fanOut.addEvent(event, now), 0),
    );
    if (added > 0) this.#dispatchSoon();
  }

  endpoints(): Endpoint[] {
    return this.#parts.endpoints.list();
  }

  /** @returns undefined when there are too many already. */
  addEndpoint(
    given: Pick<Endpoint, "url" | "description" | "events" | "enabled">,
  ): { endpoint: Endpoint; secret: string } | undefined {
    if (this.#parts.endpoints.list().length >= MAX_ENDPOINTS) return undefined;
    const id = newEndpointId();
    const secret = newSecret();
    const endpoint = {
      ...given,
      id,
      disabled_reason: null,
      failing_since: null,
      created_at: Date.now(),
    };
    this.#commit(() => {
      this.#parts.endpoints.add(endpoint);
      this.#parts.secrets.add(id, secret);
    });
    return { endpoint, secret };
  }

  changeEndpoint(id: string, change: EndpointChange): Endpoint | undefined {
    const changed = this.#commit(() => this.#parts.endpoints.change(id, change));
    if (changed) this.#dispatchSoon();
    return changed;
  }

  /** @returns whether it was there. Its open deliveries are given up. */
  removeEndpoint(id: string): boolean {
    const endpoint = this.#parts.endpoints.find(id);
    if (!endpoint) return false;
    this.#commit(() => {
      this.#parts.deliveries.failPending(id, Date.now());
      this.#parts.endpoints.remove(endpoint);
      this.#parts.secrets.remove(id);
    });
    return true;
  }

  /** A new secret for an endpoint or for `default`; the old ones sign too for `overlapMs` more. */
  rotateSecret(id: string, overlapMs: number): string | undefined {
    if (id !== DEFAULT_SECRET && !this.#parts.endpoints.find(id)) return undefined;
    const secret = newSecret();
    const now = Date.now();
    this.#commit(() => this.#parts.secrets.rotate(id, secret, now + overlapMs, now));
    return secret;
  }

  /** Sends an endpoint a test event, whatever its filter. */
  sendTest(id: string): ShownDelivery | undefined {
    const endpoint = this.#parts.endpoints.find(id);
    if (!endpoint) return undefined;
    const now = Date.now();
    const deliveryId = this.#commit(() => this.#parts.fanOut.addTest(endpoint, now));
    this.#parts.endpoints.endCooldown(id);
    this.#dispatchSoon();
    return this.delivery(deliveryId);
  }

  /** Starts what has failed of an endpoint's deliveries from the beginning, so many at a time. */
  recover(id: string, sinceMs: number, untilMs: number): Recovered | undefined {
    if (!this.#parts.endpoints.find(id)) return undefined;
    const done = this.#commit(() =>
      this.#parts.deliveries.recover(id, sinceMs, untilMs, Date.now()),
    );
    this.#parts.endpoints.endCooldown(id);
    this.#dispatchSoon();
    return done;
  }

  /** A page, newest first, below the position `before`. */
  deliveries(filter: DeliveryFilter, before: number | undefined, limit: number): DeliveryPage {
    return this.#parts.deliveryLog.list(filter, before, limit);
  }

  delivery(id: string): ShownDelivery | undefined {
    const found = this.#parts.deliveries.find(id);
    return found && this.#parts.deliveryLog.shown(found);
  }

  /** Sends a delivery again, from the beginning. */
  redeliver(id: string): ShownDelivery | undefined {
    const found = this.#parts.deliveries.find(id);
    if (!found) return undefined;
    if (!isOrigin(found.endpoint_id) && !this.#parts.endpoints.find(found.endpoint_id))
      return undefined;
    // Under way already: its outcome is awaited, not doubled. To the dead-letter queue is no such way.
    const isUnderWay = found.lease !== null && found.tries < MAX_ATTEMPTS;
    if (!isUnderWay) this.#commit(() => this.#parts.deliveries.restart(found, Date.now()));
    this.#parts.endpoints.endCooldown(found.endpoint_id);
    this.#dispatchSoon();
    return this.delivery(id);
  }

  /** The attempts that a consumer is to make now. What is missing has been picked up or settled by others. */
  take(notices: DeliveryNotice[]): AttemptOrder[] {
    const now = Date.now();
    return this.#commit(() => notices.flatMap((notice) => this.#parts.attempts.take(notice, now)));
  }

  /** Notes how attempts ended, and what follows from it. */
  report(reports: AttemptReport[]): void {
    const now = Date.now();
    this.#commit(() => {
      for (const report of reports) this.#parts.attempts.record(report, now);
    });
    this.#dispatchSoon();
  }

  /** The dead-letter queue's word: a delivery without attempts left is dead. */
  giveUp(deliveryId: string): void {
    this.#commit(() => this.#parts.attempts.giveUp(deliveryId, Date.now()));
  }

  /** The clock of retries, and the net under lost messages; never throws, because the platform gives up
   *  on an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const now = Date.now();
    try {
      this.#commit(() => this.#parts.retention.sweep(now));
      // A D1 that hangs must not hold up the deliveries' clock; the alarm comes back to it.
      const telling = withTimeout(LOOK_AGAIN_MS, this.#parts.metricsReporter.report(now)).catch(
        () => {},
      );
      await Promise.all([this.#dispatch(now), telling]);
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: describeFault(fault) });
    }
    this.#alarm.arm(Date.now());
  }

  #dispatchSoon(): void {
    this.#alarm.arm(Date.now());
    if (this.#isDispatchPlanned) return;
    this.#isDispatchPlanned = true;
    setTimeout(() => {
      this.#isDispatchPlanned = false;
      this.#dispatch(Date.now()).catch((fault) => {
        this.#log("error", "dispatch.failed", { fault: describeFault(fault) });
      });
    }, GATHER_MS);
  }

  async #dispatch(nowMs: number): Promise<void> {
    const due = this.#commit(() =>
      this.#parts.endpoints
        .withWork(nowMs)
        .flatMap(({ id, room }) => this.#parts.deliveries.send(id, room, nowMs)),
    );
    this.#alarm.arm(nowMs);
    await this.#parts.publisher.publish(due);
  }

  /** Whatever is written goes through here: what it counts is part of the same commit, and is told. */
  #commit<Value>(work: () => Value): Value {
    const value = this.#parts.counters.commit(this.ctx.storage, work);
    if (this.#parts.metricsReporter.isOpen) this.#alarm.armAfterWrite(Date.now());
    return value;
  }
}
