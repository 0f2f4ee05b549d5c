/** WebhookDispatcher: the one serial owner of a merchant's webhooks. It accepts events from the shards, creates their
 *  deliveries, schedules attempts and records the results. The queue's consumer makes the attempts. */
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

/** Events and results that arrive within this time are dispatched together. */
const GATHER_MS = 5;
/** The shortest time to the next alarm. Reports of attempts dispatch sooner. */
const ALARM_INTERVAL_MS = 1_000;

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
    // The next delivery, the end of a cooldown, the next sweep, the next report of counters.
    this.#alarm = new Alarm(state.storage, ALARM_INTERVAL_MS, (nowMs) => [
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

  /** The event types that any enabled endpoint subscribes to, or `*`. */
  wanted(): string[] {
    return this.#parts.endpoints.list().flatMap(({ enabled, events }) => (enabled ? events : []));
  }

  /** Accepts events: when this returns, their deliveries are stored. May be called again with the same events. */
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

  /** Ends the endpoint's pending deliveries as dead. @returns whether there was such an endpoint */
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

  /** Makes a new secret for an endpoint or for `default`; the old ones sign for `overlapMs` more. */
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

  /** Restarts an endpoint's failed deliveries, at most `MAX_RECOVERED` at a time. */
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

  /** Restarts a delivery with its first attempt. */
  redeliver(id: string): ShownDelivery | undefined {
    const found = this.#parts.deliveries.find(id);
    if (!found) return undefined;
    if (!isOrigin(found.endpoint_id) && !this.#parts.endpoints.find(found.endpoint_id))
      return undefined;
    // An attempt that is under way is not doubled. A delivery on its way to the dead-letter queue has none.
    const isUnderWay = found.lease !== null && found.tries < MAX_ATTEMPTS;
    if (!isUnderWay) this.#commit(() => this.#parts.deliveries.restart(found, Date.now()));
    this.#parts.endpoints.endCooldown(found.endpoint_id);
    this.#dispatchSoon();
    return this.delivery(id);
  }

  /** The attempts that a consumer is to make now, without those that were taken or recorded before. */
  take(notices: DeliveryNotice[]): AttemptOrder[] {
    const now = Date.now();
    return this.#commit(() => notices.flatMap((notice) => this.#parts.attempts.take(notice, now)));
  }

  /** Records results of attempts, and what follows for their deliveries and endpoints. */
  report(reports: AttemptReport[]): void {
    const now = Date.now();
    this.#commit(() => {
      for (const report of reports) this.#parts.attempts.record(report, now);
    });
    this.#dispatchSoon();
  }

  /** Ends a delivery without attempts left as dead; the dead-letter queue's consumer calls it. */
  giveUp(deliveryId: string): void {
    this.#commit(() => this.#parts.attempts.giveUp(deliveryId, Date.now()));
  }

  /** Dispatches what is due, among it what a lost message was about. Never throws, because the platform stops calling
   *  an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const now = Date.now();
    try {
      this.#commit(() => this.#parts.retention.sweep(now));
      // A D1 that hangs must not delay deliveries; the next alarm reports again.
      const reporting = withTimeout(
        ALARM_INTERVAL_MS,
        this.#parts.metricsReporter.report(now),
      ).catch(() => {});
      await Promise.all([this.#dispatch(now), reporting]);
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
        .flatMap(({ id, capacity }) => this.#parts.deliveries.send(id, capacity, nowMs)),
    );
    this.#alarm.arm(nowMs);
    await this.#parts.publisher.publish(due);
  }

  /** All writes go through here: what they count is part of the same commit, and is reported later. */
  #commit<Value>(work: () => Value): Value {
    const value = this.#parts.counters.commit(this.ctx.storage, work);
    if (this.#parts.metricsReporter.isOpen) this.#alarm.armAfterWrite(Date.now());
    return value;
  }
}
