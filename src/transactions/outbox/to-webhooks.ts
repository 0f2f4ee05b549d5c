/** The merchants' webhook dispatchers as a destination. One that fails holds up its own merchant alone: its
 *  events wait in a list of their own, while everybody else's go past them. */
import {
  afterFailure,
  type Backoff,
  type BackoffState,
  NO_BACKOFF,
} from "../../domain/time/backoff";
import { dueAtMs, isDue } from "../../domain/time/clock";
import type { EventRecord } from "../../domain/transaction/event";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import { takeBatch } from "../journal/take-batch";
import type { StoredBackoffs } from "./stored-backoff";

/** Twice over, those that wait and those that come, within the limit of a delivery. */
const ACCEPT_LIMIT_MS = 4_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 30_000 };
/** One round of trying again is bounded, also in what it holds in memory; the rest follows in the next. */
const MERCHANTS_TRIED = 10;
const EVENTS_TRIED = 200;
const CHARACTERS_TRIED = 300_000;

type Accept = (merchantId: string, events: EventRecord[]) => Promise<unknown>;

/** Under which one merchant's pause is stored, beside those of whole destinations. */
const pauseOf = (merchantId: string): string => `webhooks/${merchantId}`;

export class WebhookRelay {
  readonly #sql: SqlStorage;
  readonly #backoffs: StoredBackoffs;
  readonly #accept: Accept;
  readonly #log: Log;
  #count: number;
  /** The merchants whose events wait; who was asked last is at the end. */
  readonly #waiting: Map<string, BackoffState>;

  /** @param sql of the journal, whose tables have been made */
  constructor(sql: SqlStorage, pauses: StoredBackoffs, accept: Accept, log: Log) {
    this.#sql = sql;
    this.#backoffs = pauses;
    this.#accept = accept;
    this.#log = log;
    const lists = sql
      .exec<{ merchant_id: string; n: number }>(
        "SELECT merchant_id, count(*) AS n FROM waiting GROUP BY merchant_id",
      )
      .toArray();
    this.#count = lists.reduce((sum, { n }) => sum + n, 0);
    this.#waiting = new Map(
      lists.map(({ merchant_id }) => [merchant_id, pauses.get(pauseOf(merchant_id)) ?? NO_BACKOFF]),
    );
  }

  /** How many events wait for their merchant's dispatcher. */
  get waiting(): number {
    return this.#count;
  }

  /** The position of the first of them; undefined when there are none. */
  get waitingFrom(): number | undefined {
    if (this.#count === 0) return undefined;
    const sql = "SELECT min(position) AS first FROM waiting";
    return this.#sql.exec<{ first: number | null }>(sql).one().first ?? undefined;
  }

  /** When they are to be tried again; undefined when there are none. */
  get retryAtMs(): number | undefined {
    if (this.#waiting.size === 0) return undefined;
    let first = Number.POSITIVE_INFINITY;
    for (const { until_ms } of this.#waiting.values()) first = Math.min(first, until_ms);
    return dueAtMs(first, Date.now(), BACKOFF.most_ms);
  }

  /** When this returns, every event has been taken over, or waits. */
  async deliver(events: EventRecord[]): Promise<void> {
    await this.#retryWaiting();
    const byMerchant = Map.groupBy(events, ({ merchant_id }) => merchant_id);
    await Promise.all(
      [...byMerchant].map(async ([merchantId, own]) => {
        if (this.#waiting.has(merchantId)) return this.#add(own);
        if (await this.#isAccepted(merchantId, own)) return;
        this.#add(own);
        this.#backOff(merchantId);
      }),
    );
  }

  /** Asks those who need not rest any longer. Who takes something is asked for more without a rest: one that
   *  had failed could never catch up otherwise with a merchant who is busy. */
  async #retryWaiting(): Promise<void> {
    const now = Date.now();
    const due = [...this.#waiting].filter(([, { until_ms }]) =>
      isDue(until_ms, now, BACKOFF.most_ms),
    );
    await Promise.all(
      due.slice(0, MERCHANTS_TRIED).map(async ([merchantId]) => {
        const own = this.#eventsOf(merchantId);
        if (!(await this.#isAccepted(merchantId, own))) return this.#backOff(merchantId);
        this.#remove(own);
        this.#waiting.delete(merchantId);
        this.#backoffs.delete(pauseOf(merchantId));
        if (this.#hasMore(merchantId)) this.#waiting.set(merchantId, NO_BACKOFF);
      }),
    );
  }

  #backOff(merchantId: string): void {
    const backoff = afterFailure(this.#waiting.get(merchantId) ?? NO_BACKOFF, Date.now(), BACKOFF);
    this.#waiting.delete(merchantId);
    this.#waiting.set(merchantId, backoff);
    this.#backoffs.set(pauseOf(merchantId), backoff);
  }

  async #isAccepted(merchantId: string, events: EventRecord[]): Promise<boolean> {
    try {
      await withTimeout(ACCEPT_LIMIT_MS, this.#accept(merchantId, events));
      return true;
    } catch (fault) {
      this.#log("error", "webhooks.waiting", {
        merchant_id: merchantId,
        rows: events.length,
        fault: describeFault(fault),
      });
      return false;
    }
  }

  #hasMore(merchantId: string): boolean {
    const found = this.#sql.exec("SELECT 1 FROM waiting WHERE merchant_id = ? LIMIT 1", merchantId);
    return found.toArray().length > 0;
  }

  /** The first that wait, at least one. */
  #eventsOf(merchantId: string): EventRecord[] {
    const rows = this.#sql.exec<EventRecord>(
      `SELECT events.* FROM waiting JOIN events ON events.position = waiting.position
       WHERE waiting.merchant_id = ? ORDER BY waiting.position LIMIT ?`,
      merchantId,
      EVENTS_TRIED,
    );
    return takeBatch(rows, EVENTS_TRIED, CHARACTERS_TRIED);
  }

  #add(events: EventRecord[]): void {
    for (const { position, merchant_id } of events) {
      const added = this.#sql
        .exec(
          "INSERT INTO waiting VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING position",
          position,
          merchant_id,
        )
        .toArray();
      this.#count += added.length;
    }
  }

  #remove(events: EventRecord[]): void {
    for (const { position } of events) {
      const removed = this.#sql
        .exec("DELETE FROM waiting WHERE position = ? RETURNING position", position)
        .toArray();
      this.#count -= removed.length;
    }
  }
}
