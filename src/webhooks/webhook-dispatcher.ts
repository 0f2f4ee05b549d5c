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
import { ERASED_URL } from "./erasure";
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
  type ErasedTransaction,
  isOrigin,
  type Recovered,
  type ShownDelivery,
  type WebhookDispatcherRpc,
} from "./rpc";
import { newEndpoint } from "./store/endpoints";
import { readMerchantId } from "./store/merchant-id";
import { newSecret } from "./store/secrets";

/** Events and results that arrive within this time are dispatched together. */
const GATHER_MS = 5;
/** The shortest time to the next alarm. Reports of attempts dispatch sooner. */
const ALARM_INTERVAL_MS = 1_000;
/** When the alarm dispatches what a timer should have, because the object ended before. Setting an alarm is a row that is
 *  billed, so this is when the next report of counters is due. */
const MISSED_DISPATCH_MS = 10_000;

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
      this.#isDispatchPlanned ? nowMs + MISSED_DISPATCH_MS : this.#parts.due.nextAtMs(nowMs),
      this.#parts.endpoints.nextCooldownEndsAtMs(nowMs),
      this.#parts.retention.nextAtMs(nowMs),
      this.#parts.metricsReporter.nextAtMs(nowMs),
    ]);
    state.blockConcurrencyWhile(async () => {
      await this.#alarm.read();
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
    this.#commitAndDispatch(() =>
      events.reduce((sum, event) => sum + this.#parts.fanOut.addEvent(event, now), 0),
    );
  }

  endpoints(): Endpoint[] {
    return this.#parts.endpoints.list();
  }

  addEndpoint(
    given: Pick<Endpoint, "url" | "description" | "events" | "enabled">,
    id = newEndpointId(),
  ): { endpoint: Endpoint; secret: string } | "exists" | undefined {
    if (this.#parts.endpoints.find(id)) return "exists";
    if (this.#parts.endpoints.list().length >= MAX_ENDPOINTS) return undefined;
    const secret = newSecret();
    const endpoint = newEndpoint(given, id, Date.now());
    this.#commit(() => {
      this.#parts.endpoints.add(endpoint);
      this.#parts.secrets.add(id, secret);
    });
    return { endpoint, secret };
  }

  changeEndpoint(id: string, change: EndpointChange): Endpoint | undefined {
    return this.#commitAndDispatch(() => this.#parts.endpoints.change(id, change));
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
    const deliveryId = this.#commitAndDispatch(() => {
      this.#parts.endpoints.endCooldown(id);
      return this.#parts.fanOut.addTest(endpoint, now);
    });
    return this.delivery(deliveryId);
  }

  /** Restarts an endpoint's failed deliveries, at most `MAX_RECOVERED` at a time. */
  recover(id: string, sinceMs: number, untilMs: number): Recovered | undefined {
    if (!this.#parts.endpoints.find(id)) return undefined;
    return this.#commitAndDispatch(() => {
      this.#parts.endpoints.endCooldown(id);
      return this.#parts.deliveries.recover(id, sinceMs, untilMs, Date.now());
    });
  }

  /** A page, newest first, below the position `before`. */
  deliveries(filter: DeliveryFilter, before: number | undefined, limit: number): DeliveryPage {
    return this.#parts.deliveryLog.list(filter, before, limit, Date.now());
  }

  delivery(id: string): ShownDelivery | undefined {
    const found = this.#parts.deliveries.find(id);
    return found && this.#parts.deliveryLog.shown(found, Date.now());
  }

  /** Restarts a delivery with its first attempt. */
  redeliver(id: string): ShownDelivery | undefined {
    const found = this.#parts.deliveries.find(id);
    if (!found) return undefined;
    const isToOrigin = isOrigin(found.endpoint_id);
    if (found.url === ERASED_URL) return undefined;
    if (!isToOrigin && !this.#parts.endpoints.find(found.endpoint_id)) return undefined;
    const now = Date.now();
    // An attempt that is under way is not doubled. A delivery on its way to the dead-letter queue has none.
    const isUnderWay = this.#parts.leases.isUnderWay(found, now) && found.tries < MAX_ATTEMPTS;
    this.#commitAndDispatch(() => {
      if (isToOrigin) this.#parts.endpoints.ensureOrigin(found.url, now);
      if (!isUnderWay) this.#parts.deliveries.restart(found, now);
      this.#parts.endpoints.endCooldown(found.endpoint_id);
    });
    return this.delivery(id);
  }

  /** The attempts that a consumer is to make now, without those that were taken or recorded before. */
  take(notices: DeliveryNotice[]): AttemptOrder[] {
    const now = Date.now();
    const orders = notices.flatMap((notice) => this.#parts.attempts.take(notice, now));
    this.#alarm.arm(now);
    return orders;
  }

  /** Records results of attempts, and what follows for their deliveries and endpoints. */
  report(reports: AttemptReport[]): void {
    const now = Date.now();
    this.#commitAndDispatch(() => {
      for (const report of reports) this.#parts.attempts.record(report, now);
    });
  }

  /** Ends a delivery without attempts left as dead; the dead-letter queue's consumer calls it. */
  giveUp(deliveryId: string): void {
    this.#commit(() => this.#parts.attempts.giveUp(deliveryId, Date.now()));
  }

  erase(transactions: ErasedTransaction[]): number | null {
    return this.#commit(() => this.#parts.erasure.erase(transactions, Date.now()));
  }

  /** Dispatches what is due, among it what a lost message was about. Never throws, because the platform stops calling
   *  an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const now = Date.now();
    try {
      this.#parts.counters.commit(this.ctx.storage, () => this.#parts.retention.sweep(now));
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

  /** Commits what `work` writes, and dispatches in a moment what is due then. */
  #commitAndDispatch<Value>(work: () => Value): Value {
    this.#dispatchSoon(); // Before the commit, which sets the alarm.
    return this.#commit(work);
  }

  #dispatchSoon(): void {
    if (this.#isDispatchPlanned) return;
    this.#isDispatchPlanned = true;
    setTimeout(() => {
      this.#isDispatchPlanned = false;
      this.#dispatch(Date.now())
        .then(() => this.#alarm.arm(Date.now()))
        .catch((fault) => {
          this.#log("error", "dispatch.failed", { fault: describeFault(fault) });
        });
    }, GATHER_MS);
  }

  async #dispatch(nowMs: number): Promise<void> {
    const { due, publisher } = this.#parts;
    const sent = due.listEndpoints(nowMs).flatMap((endpoint) => due.send(endpoint, nowMs));
    await publisher.publish(sent);
  }

  /** All writes of calls go through here: what they count is part of the same commit, and is reported later. */
  #commit<Value>(work: () => Value): Value {
    const value = this.#parts.counters.commit(this.ctx.storage, work);
    this.#alarm.armAfterWrite(Date.now());
    return value;
  }
}
