/** The merchants' webhook dispatchers as a destination. One that fails holds up its own merchant alone: its
 *  events wait in a list of their own, while everybody else's go past them. */
import { type Backoff, delayMs } from "../domain/backoff";
import type { EventRecord } from "../domain/event";
import { faultOf, type Log } from "../telemetry/log";
import { within } from "../within";

/** Twice over, those that wait and those that come, within the limit of a delivery. */
const ACCEPT_LIMIT_MS = 4_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 30_000 };
/** One round of trying again is bounded; the rest follows in the next. */
const MERCHANTS_TRIED = 20;
const EVENTS_TRIED = 200;

type Accept = (merchantId: string, events: EventRecord[]) => Promise<unknown>;

export class Dispatchers {
  readonly #sql: SqlStorage;
  readonly #accept: Accept;
  readonly #log: Log;
  #count: number;
  #failures = 0;
  #retryAtMs = 0;
  /** Where the next round begins, when there are more merchants than one round tries. */
  #triedThrough = "";

  /** @param sql of the journal, whose tables have been made */
  constructor(sql: SqlStorage, accept: Accept, log: Log) {
    this.#sql = sql;
    this.#accept = accept;
    this.#log = log;
    this.#count = sql.exec<{ n: number }>("SELECT count(*) AS n FROM waiting").one().n;
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
    return this.#count === 0 ? undefined : this.#retryAtMs;
  }

  /** When this returns, every event has been taken over, or waits. */
  async deliver(events: EventRecord[]): Promise<void> {
    await this.#tryWaiting();
    const byMerchant = Map.groupBy(events, ({ merchant_id }) => merchant_id);
    await Promise.all(
      [...byMerchant].map(async ([merchantId, own]) => {
        if (this.#isWaiting(merchantId) || !(await this.#hasTaken(merchantId, own))) {
          this.#add(own);
        }
      }),
    );
  }

  async #tryWaiting(): Promise<void> {
    if (this.retryAtMs === undefined || Date.now() < this.retryAtMs) return;
    const merchants = this.#sql
      .exec<{ merchant_id: string }>(
        `SELECT DISTINCT merchant_id FROM waiting WHERE merchant_id > ?
         ORDER BY merchant_id LIMIT ?`,
        this.#triedThrough,
        MERCHANTS_TRIED,
      )
      .toArray();
    const taken = await Promise.all(
      merchants.map(async ({ merchant_id }) => {
        const own = this.#eventsOf(merchant_id);
        const hasTaken = await this.#hasTaken(merchant_id, own);
        if (hasTaken) this.#remove(own);
        return hasTaken;
      }),
    );
    const isRound = merchants.length < MERCHANTS_TRIED;
    this.#triedThrough = isRound ? "" : (merchants.at(-1)?.merchant_id ?? "");
    this.#failures = taken.includes(true) ? 0 : this.#failures + 1;
    this.#retryAtMs = Date.now() + delayMs(this.#failures, BACKOFF);
  }

  async #hasTaken(merchantId: string, events: EventRecord[]): Promise<boolean> {
    try {
      await within(ACCEPT_LIMIT_MS, this.#accept(merchantId, events));
      return true;
    } catch (fault) {
      this.#log("error", "webhooks.waiting", {
        merchant_id: merchantId,
        rows: events.length,
        fault: faultOf(fault),
      });
      return false;
    }
  }

  #isWaiting(merchantId: string): boolean {
    if (this.#count === 0) return false;
    const found = this.#sql.exec("SELECT 1 FROM waiting WHERE merchant_id = ? LIMIT 1", merchantId);
    return found.toArray().length > 0;
  }

  #eventsOf(merchantId: string): EventRecord[] {
    return this.#sql
      .exec<EventRecord>(
        `SELECT events.* FROM waiting JOIN events ON events.position = waiting.position
         WHERE waiting.merchant_id = ? ORDER BY waiting.position LIMIT ?`,
        merchantId,
        EVENTS_TRIED,
      )
      .toArray();
  }

  #add(events: EventRecord[]): void {
    if (this.#count === 0) this.#retryAtMs = Date.now() + delayMs(1, BACKOFF);
    for (const { position, merchant_id } of events) {
      const added = this.#sql.exec(
        "INSERT INTO waiting VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING position",
        position,
        merchant_id,
      );
      this.#count += added.toArray().length;
    }
  }

  #remove(events: EventRecord[]): void {
    for (const { position } of events) {
      const removed = this.#sql.exec(
        "DELETE FROM waiting WHERE position = ? RETURNING position",
        position,
      );
      this.#count -= removed.toArray().length;
    }
  }
}
