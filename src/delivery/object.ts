/** WebhookDispatcher: the one serial owner of a merchant's webhooks. It takes events over from the shards,
 *  decides who is to hear of them and when, and notes what became of every attempt. The attempts
 *  themselves are made by the queue's consumer. */
import { DurableObject } from "cloudflare:workers";
import { type Config, configOf, type Env } from "../config";
import type { EventRecord } from "../domain/event";
import { type AttemptResult, MAX_ATTEMPTS, MAX_ENDPOINTS } from "../domain/webhook";
import { faultOf, type Log, logFrom } from "../telemetry/log";
import {
  type Attempt,
  Deliveries,
  type Delivery,
  type DeliveryFilter,
  SWEEP_ROWS,
} from "./deliveries";
import {
  DEFAULT_ENDPOINT,
  type DisabledReason,
  type Endpoint,
  type EndpointChange,
  Endpoints,
} from "./endpoints";
import { Intake, newEndpointId, newSecret } from "./intake";
import { type DeliveryNotice, Sending } from "./sending";
import { DELIVERY_TABLES } from "./tables";

/** Events and outcomes that arrive together are acted on together. */
const GATHER_MS = 5;
/** The alarm looks again after this at the earliest: reports drive what is under way. */
const LOOK_AGAIN_MS = 1_000;
const SWEEP_EVERY_MS = 86_400_000;
/** One attempt to be made, as handed out to the consumer. */
export type AttemptOrder = {
  delivery_id: string;
  number: number;
  url: string;
  message_id: string;
  body: string;
  secrets: string[];
};

export type AttemptReport = {
  delivery_id: string;
  number: number;
  started_at_ms: number;
  result: AttemptResult;
};

export type ShownDelivery = Delivery & { log: Attempt[] };

export class WebhookDispatcher extends DurableObject<Env> {
  readonly #config: Config;
  readonly #log: Log;
  readonly #endpoints: Endpoints;
  readonly #deliveries: Deliveries;
  readonly #intake: Intake;
  readonly #sending: Sending;
  #isDispatchPlanned = false;
  #alarmAtMs = Number.POSITIVE_INFINITY;
  #sweptAtMs = 0;
  /** The last sweep had more to do than it may. */
  #isSweepOpen = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#config = configOf(env);
    this.#log = logFrom(this.#config.log_level);
    state.storage.sql.exec(DELIVERY_TABLES);
    this.#endpoints = new Endpoints(state.storage.sql);
    this.#deliveries = new Deliveries(state.storage.sql);
    this.#intake = new Intake(this.#endpoints, this.#deliveries);
    this.#sending = new Sending(env, () => this.#merchantId(), this.#deliveries, this.#log);
    if (state.id.name !== undefined) this.#merchantId();
    state.blockConcurrencyWhile(async () => {
      this.#alarmAtMs = (await state.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      this.#deliveries.expireSent(Date.now());
      this.#arm(Date.now());
    });
  }

  /** What any endpoint of the merchant wants to hear of: event types, or `*`. */
  wanted(): string[] {
    return this.#endpoints.list().flatMap(({ enabled, events }) => (enabled ? events : []));
  }

  /** Takes events over: when this returns, whoever wants to hear of them will. May be called again with
   *  the same events. */
  accept(events: EventRecord[]): void {
    const now = Date.now();
    const added = this.ctx.storage.transactionSync(() =>
      events.reduce((sum, event) => sum + this.#intake.addEvent(event, now), 0),
    );
    if (added > 0) this.#dispatchSoon();
  }

  endpoints(): Endpoint[] {
    return this.#endpoints.list();
  }

  /** @returns undefined when there are too many already. */
  addEndpoint(
    given: Pick<Endpoint, "url" | "description" | "events" | "enabled">,
  ): { endpoint: Endpoint; secret: string } | undefined {
    if (this.#endpoints.list().length >= MAX_ENDPOINTS) return undefined;
    const id = newEndpointId();
    const secret = newSecret();
    const endpoint = {
      ...given,
      id,
      disabled_reason: null,
      failing_since: null,
      created_at: Date.now(),
    };
    this.ctx.storage.transactionSync(() => this.#endpoints.add(endpoint, secret));
    return { endpoint, secret };
  }

  changeEndpoint(id: string, change: EndpointChange): Endpoint | undefined {
    const changed = this.ctx.storage.transactionSync(() => this.#endpoints.change(id, change));
    if (changed) this.#dispatchSoon();
    return changed;
  }

  /** @returns whether it was there. Its open deliveries are given up. */
  removeEndpoint(id: string): boolean {
    if (!this.#endpoints.find(id)) return false;
    this.ctx.storage.transactionSync(() => {
      this.#deliveries.bury(id, Date.now());
      this.#endpoints.remove(id);
    });
    return true;
  }

  /** A new secret for an endpoint or for `default`; the old ones sign too for `overlapMs` more. */
  rotateSecret(id: string, overlapMs: number): string | undefined {
    if (id !== DEFAULT_ENDPOINT && !this.#endpoints.find(id)) return undefined;
    const secret = newSecret();
    const now = Date.now();
    this.ctx.storage.transactionSync(() =>
      this.#endpoints.rotate(id, secret, now + overlapMs, now),
    );
    return secret;
  }

  /** Sends an endpoint a test event, whatever its filter. */
  sendTest(id: string): ShownDelivery | undefined {
    const endpoint = this.#endpoints.find(id);
    if (!endpoint) return undefined;
    const now = Date.now();
    const deliveryId = this.ctx.storage.transactionSync(() => this.#intake.addTest(endpoint, now));
    this.#endpoints.wake(id);
    this.#dispatchSoon();
    return this.delivery(deliveryId);
  }

  /** Starts what has failed of an endpoint's deliveries from the beginning. @returns how many. */
  recover(id: string, sinceMs: number, untilMs: number): number | undefined {
    if (!this.#endpoints.find(id)) return undefined;
    const count = this.ctx.storage.transactionSync(() =>
      this.#deliveries.recover(id, sinceMs, untilMs, Date.now()),
    );
    this.#endpoints.wake(id);
    this.#dispatchSoon();
    return count;
  }

  /** Newest first, below the position `before`. */
  deliveries(filter: DeliveryFilter, before: number | undefined, limit: number): ShownDelivery[] {
    return this.#deliveries.list(filter, before, limit).map((found) => this.#shown(found));
  }

  delivery(id: string): ShownDelivery | undefined {
    const found = this.#deliveries.find(id);
    return found && this.#shown(found);
  }

  /** Sends a delivery again, from the beginning. */
  redeliver(id: string): ShownDelivery | undefined {
    const found = this.#deliveries.find(id);
    if (!found) return undefined;
    const isListed = !found.endpoint_id.startsWith("origin:");
    if (isListed && !this.#endpoints.find(found.endpoint_id)) return undefined;
    // Under way already: its outcome is awaited, not doubled. To the dead-letter queue is no such way.
    const isUnderWay = found.lease !== null && found.tries < MAX_ATTEMPTS;
    if (!isUnderWay) this.#deliveries.restart(found.position, Date.now());
    this.#endpoints.wake(found.endpoint_id);
    this.#dispatchSoon();
    return this.delivery(id);
  }

  /** The attempts that a consumer is to make now. What is missing has been picked up or settled by others. */
  take(notices: DeliveryNotice[]): AttemptOrder[] {
    const now = Date.now();
    return this.ctx.storage.transactionSync(() =>
      notices.flatMap(({ delivery_id, number }) => this.#take(delivery_id, number, now)),
    );
  }

  /** Notes how attempts ended, and what follows from it. */
  report(reports: AttemptReport[]): void {
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const report of reports) this.#note(report, now);
    });
    this.#dispatchSoon();
  }

  /** The dead-letter queue's word: a delivery without attempts left is dead. */
  giveUp(deliveryId: string): void {
    const found = this.#deliveries.find(deliveryId);
    if (found?.status !== "pending" || found.tries < MAX_ATTEMPTS) return;
    this.#deliveries.finish(found.position, "dead", Date.now());
    const { endpoint_id, attempts } = found;
    this.#log("error", "webhook.dead", {
      delivery_id: deliveryId,
      endpoint_id,
      attempt: attempts,
      ...(found.transaction_id ? { transaction_id: found.transaction_id } : {}),
    });
  }

  /** The clock of retries, and the net under lost messages; never throws, because the platform gives up
   *  on an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const now = Date.now();
    try {
      if (this.#isSweepOpen || now - this.#sweptAtMs >= SWEEP_EVERY_MS) this.#sweep(now);
      await this.#dispatch(now);
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: faultOf(fault) });
    }
    this.#arm(Date.now());
  }

  #take(deliveryId: string, number: number, nowMs: number): AttemptOrder[] {
    const found = this.#deliveries.take(deliveryId, number, nowMs);
    if (!found) return [];
    const { message_id, endpoint_id, position } = found;
    return [
      {
        delivery_id: deliveryId,
        number,
        // An endpoint may have moved since.
        url: this.#endpoints.find(endpoint_id)?.url ?? found.url,
        message_id,
        body: this.#deliveries.bodyOf(position),
        secrets: this.#endpoints.secretsOf(endpoint_id, nowMs),
      },
    ];
  }

  #note({ delivery_id, number, started_at_ms, result }: AttemptReport, nowMs: number): void {
    const noted = this.#deliveries.finishAttempt(delivery_id, number, started_at_ms, result, nowMs);
    if (!noted) return;
    const { endpoint_id } = noted;
    if (result.error === null) {
      this.#endpoints.succeeded(endpoint_id);
      return;
    }
    const hasFailedForDays = this.#endpoints.failed(endpoint_id, nowMs);
    if (result.status_code === GONE) this.#disable(endpoint_id, "gone", nowMs);
    else if (hasFailedForDays) this.#disable(endpoint_id, "failing", nowMs);
  }

  /** Switches an endpoint off and tells the merchant's others. */
  #disable(id: string, reason: DisabledReason, nowMs: number): void {
    const endpoint = this.#endpoints.find(id);
    if (!endpoint?.enabled) return;
    this.#endpoints.disable(id, reason);
    this.#log("warn", "webhook_endpoint.disabled", { endpoint_id: id, reason });
    this.#intake.addDisabled(endpoint, reason, nowMs);
  }

  #dispatchSoon(): void {
    this.#arm(Date.now());
    if (this.#isDispatchPlanned) return;
    this.#isDispatchPlanned = true;
    setTimeout(() => {
      this.#isDispatchPlanned = false;
      this.#dispatch(Date.now()).catch((fault) => {
        this.#log("error", "dispatch.failed", { fault: faultOf(fault) });
      });
    }, GATHER_MS);
  }

  async #dispatch(nowMs: number): Promise<void> {
    const due = this.ctx.storage.transactionSync(() =>
      this.#endpoints
        .withWork(nowMs)
        .flatMap(({ id, room }) => this.#deliveries.send(id, room, nowMs)),
    );
    this.#arm(nowMs);
    await this.#sending.send(due);
  }

  /** The object's name, which is its merchant's id. Kept, because an alarm that wakes an object does not
   *  always know its name. */
  #merchantId(): string {
    const { sql } = this.ctx.storage;
    const { name } = this.ctx.id;
    const [kept] = sql.exec<{ id: string }>("SELECT id FROM merchant").toArray();
    if (kept) return kept.id;
    if (name === undefined) throw new Error("a dispatcher is named by its merchant");
    sql.exec("INSERT INTO merchant VALUES (?)", name);
    return name;
  }

  #shown(delivery: Delivery): ShownDelivery {
    return { ...delivery, log: this.#deliveries.attemptsOf(delivery.position) };
  }

  #sweep(nowMs: number): void {
    this.ctx.storage.transactionSync(() => {
      const givenUp = this.#deliveries.giveUp(nowMs);
      if (givenUp > 0) this.#log("error", "webhook.dead", { rows: givenUp });
      const swept = this.#deliveries.sweep(nowMs);
      this.#isSweepOpen = Math.max(givenUp, swept) >= SWEEP_ROWS;
      if (!this.#isSweepOpen) this.#endpoints.forgetIdleOrigins();
    });
    this.#sweptAtMs = nowMs;
  }

  /** Sets the alarm for the next delivery, the end of a rest, or the next sweep. */
  #arm(nowMs: number): void {
    if (this.#alarmAtMs <= nowMs + LOOK_AGAIN_MS) return;
    const times = [
      this.#deliveries.nextAtMs(nowMs),
      this.#endpoints.nextRestEndsAtMs(nowMs),
      this.#deliveries.isEmpty ? undefined : nowMs + (this.#isSweepOpen ? 0 : SWEEP_EVERY_MS),
    ].filter((time) => time !== undefined);
    if (times.length === 0) return;
    const at = Math.max(Math.min(...times), nowMs + LOOK_AGAIN_MS);
    if (at >= this.#alarmAtMs) return;
    this.#alarmAtMs = at;
    void this.ctx.storage.setAlarm(at);
  }
}

const GONE = 410;
