/** The merchants' webhook dispatchers as a destination. One that fails delays only its own merchant: the merchant's events
 *  are set aside in the table `waiting`, and those of other merchants pass them. */
import {
  afterFailure,
  type Backoff,
  type BackoffState,
  NO_BACKOFF,
} from "../../domain/time/backoff";
import { dueAtMs, isDue } from "../../domain/time/clock";
import type { EventRecord } from "../../domain/transaction/event";
import type { Env } from "../../env";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import { handOverEvents } from "../../webhooks/client";
import type { EventStore } from "../journal/event-store";
import type { Delivery } from "./destination";
import type { StoredBackoffs } from "./stored-backoff";
import { WaitingEvents } from "./waiting-events";

/** While no merchant of this shard has subscribed to anything, their dispatchers are asked this often whether there is an
 *  endpoint now. An event is handed over only after an answer that is newer than the event. */
const UNWANTED_GATHER_MS = 1_000;

/** A delivery makes two such calls, one for waiting and one for new events, within the timeout of a delivery. */
const ACCEPT_TIMEOUT_MS = 4_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 30_000 };
/** Bounds of one retry, also of its memory; the next retry continues. */
const MAX_RETRIED_MERCHANTS = 10;
const MAX_RETRIED_EVENTS = 200;
const MAX_RETRIED_CHARACTERS = 300_000;

/** Resolves when the events are handed over, to whether the merchant has any subscription. */
type Accept = (merchantId: string, events: EventRecord[]) => Promise<boolean>;

type Source = { backoffs: StoredBackoffs; events: EventStore };

/** The name of a merchant's backoff, stored beside those of whole destinations. */
const backoffName = (merchantId: string): string => `webhooks/${merchantId}`;

export function toWebhooks(
  sql: SqlStorage,
  journal: Source,
  env: Pick<Env, "WEBHOOKS">,
  log: Log,
): Delivery {
  const accept: Accept = (merchantId, events) => handOverEvents(env, merchantId, events);
  const relay = new WebhookDestination(sql, journal, accept, log);
  return {
    deliver: (events) => relay.deliver(events),
    gather_ms: () => (relay.isWanted ? 0 : UNWANTED_GATHER_MS),
    due_at_ms: () => relay.retryAtMs,
    waiting: () => relay.waiting,
    waiting_from: () => relay.waitingFrom,
  };
}

export class WebhookDestination {
  readonly #events: WaitingEvents;
  readonly #backoffs: StoredBackoffs;
  readonly #accept: Accept;
  readonly #log: Log;
  #isWanted = true;
  /** The merchants with waiting events; the one tried last is at the end. */
  readonly #waiting: Map<string, BackoffState>;

  /** @param sql with the journal's tables
   *  @param accept hands events over to a merchant's dispatcher */
  constructor(sql: SqlStorage, { backoffs, events }: Source, accept: Accept, log: Log) {
    this.#events = new WaitingEvents(sql, events, "waiting");
    this.#backoffs = backoffs;
    this.#accept = accept;
    this.#log = log;
    this.#waiting = new Map(
      this.#events.merchants.map((merchantId) => [
        merchantId,
        backoffs.get(backoffName(merchantId)) ?? NO_BACKOFF,
      ]),
    );
  }

  /** Whether a merchant had a subscription, or could not be asked, at the last delivery. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** How many events are set aside. */
  get waiting(): number {
    return this.#events.count;
  }

  /** The position of the first of them; undefined when there are none. */
  get waitingFrom(): number | undefined {
    return this.#events.firstOf(null);
  }

  /** When the next retry is due; undefined when no events wait. */
  get retryAtMs(): number | undefined {
    if (this.#waiting.size === 0) return undefined;
    let first = Number.POSITIVE_INFINITY;
    for (const { until_ms } of this.#waiting.values()) first = Math.min(first, until_ms);
    return dueAtMs(first, Date.now(), BACKOFF.most_ms);
  }

  /** When this resolves, every event is either accepted or set aside. */
  async deliver(events: EventRecord[]): Promise<void> {
    await this.#retryWaiting();
    this.#isWanted = this.#waiting.size > 0;
    const byMerchant = Map.groupBy(events, ({ merchant_id }) => merchant_id);
    await Promise.all(
      [...byMerchant].map(async ([merchantId, own]) => {
        if (this.#waiting.has(merchantId)) return this.#events.add(own);
        if (await this.#isAccepted(merchantId, own)) return;
        this.#events.add(own);
        this.#backOff(merchantId);
      }),
    );
  }

  /** Retries the merchants whose delay is over. After a success the rest of a merchant's events has no delay: a busy
   *  merchant's dispatcher could not catch up otherwise. */
  async #retryWaiting(): Promise<void> {
    const now = Date.now();
    const due = [...this.#waiting].filter(([, { until_ms }]) =>
      isDue(until_ms, now, BACKOFF.most_ms),
    );
    await Promise.all(
      due.slice(0, MAX_RETRIED_MERCHANTS).map(async ([merchantId]) => {
        const own = this.#events.read(merchantId, MAX_RETRIED_EVENTS, MAX_RETRIED_CHARACTERS);
        if (!(await this.#isAccepted(merchantId, own))) return this.#backOff(merchantId);
        this.#events.remove(own);
        this.#waiting.delete(merchantId);
        this.#backoffs.delete(backoffName(merchantId));
        if (this.#events.has(merchantId)) this.#waiting.set(merchantId, NO_BACKOFF);
      }),
    );
  }

  #backOff(merchantId: string): void {
    const backoff = afterFailure(this.#waiting.get(merchantId) ?? NO_BACKOFF, Date.now(), BACKOFF);
    this.#waiting.delete(merchantId);
    this.#waiting.set(merchantId, backoff);
    this.#backoffs.set(backoffName(merchantId), backoff);
  }

  async #isAccepted(merchantId: string, events: EventRecord[]): Promise<boolean> {
    try {
      const isWanted = await withTimeout(ACCEPT_TIMEOUT_MS, this.#accept(merchantId, events));
      this.#isWanted ||= isWanted;
      return true;
    } catch (fault) {
      this.#isWanted = true;
      this.#log("error", "webhooks.waiting", {
        merchant_id: merchantId,
        rows: events.length,
        fault: describeFault(fault),
      });
      return false;
    }
  }
}
