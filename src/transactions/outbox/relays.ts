/** The relays of a shard, one for each destination of its events: the book, webhooks, velocity and, when it is
 *  configured, the Kafka stream. A destination that fails delays no other. */
import type { Config } from "../../config";
import type { Env } from "../../env";
import { describeFault, type Log } from "../../observability/log";
import { type Counters, DELIVERY_BOUNDS } from "../counters";
import type { Journal } from "../journal/journal";
import type { Backlogs, DestinationName } from "../rpc";
import { type Delivery, DeliveryFault } from "./destination";
import { EarlierBook } from "./earlier-book";
import type { MerchantBooks } from "./merchant-books";
import { ParkedEvents } from "./parked";
import { OutboxRelay } from "./relay";
import { toBook } from "./to-book";
import { toKafka } from "./to-kafka";
import { toVelocity } from "./to-velocity";
import { toWebhooks } from "./to-webhooks";

/** From a commit to the drain of its events: long enough for those of several commits to share a delivery, and too short
 *  for webhooks to be noticeably late. */
const DRAIN_DELAY_MS = 100;

/** How long a reader waits until the book is written. */
export const REFRESH_LIMIT_MS = 2_000;
/** The same for a scrape, which has two seconds for everything. */
export const SCRAPE_REFRESH_LIMIT_MS = 1_000;

export class OutboxRelays {
  readonly #journal: Journal;
  readonly #relays = new Map<DestinationName, OutboxRelay>();
  readonly #book: OutboxRelay;
  readonly #earlierBook: EarlierBook;
  readonly #parked: ParkedEvents;
  #isDrainPlanned = false;

  constructor(
    journal: Journal,
    sql: SqlStorage,
    counters: Counters,
    env: Env,
    books: MerchantBooks,
    config: Config,
    log: Log,
  ) {
    this.#journal = journal;
    this.#parked = new ParkedEvents(sql, journal.events, () => counters.add("parked_events", ""));
    const add = (name: DestinationName, delivery: Delivery): OutboxRelay => {
      const relay = new OutboxRelay(journal, {
        ...delivery,
        name,
        onDelivery: (rows) => {
          if (rows === 0) return; // Only events that were set aside were retried.
          counters.add("deliveries", `destination=${name},outcome=delivered`);
          counters.add("delivered_events", `destination=${name}`, rows);
          counters.observe("delivery_events", `destination=${name}`, DELIVERY_BOUNDS, rows);
        },
        onFailure: (fault, rows, failures) => {
          counters.add("deliveries", `destination=${name},outcome=failed`);
          log("error", `${name}.failed`, { rows, failures, ...describeDeliveryFault(fault) });
        },
      });
      this.#relays.set(name, relay);
      return relay;
    };
    this.#book = add("book", toBook(sql, journal, books, config.feed_ms, log));
    this.#earlierBook = new EarlierBook(journal, env.DB, log);
    add("webhooks", toWebhooks(sql, journal, env, log));
    add("velocity", toVelocity(env, config.velocity_shards));
    const kafka = toKafka(journal, this.#parked, counters, config, log);
    if (kafka) add("stream", kafka);
  }

  /** Writes the book now.
   *  @returns whether everything that is committed was written within `limitMs` */
  writeBook(nowMs: number, limitMs: number): Promise<boolean> {
    void this.#book.drain(nowMs);
    return this.#book.delivered(this.#journal.lastPosition, limitMs);
  }

  /** The same before the book is read, if it lacks events of a merchant; without a merchant, of any.
   *  @returns since when it lacks some, in ms; null when it is complete */
  async refreshBook(
    merchantId: string | null,
    nowMs: number,
    limitMs: number,
  ): Promise<number | null> {
    const through = this.#book.deliveredThrough;
    const isWaiting = this.#book.waitingFrom(merchantId) !== undefined;
    if (!isWaiting && !this.#journal.mayHaveEventsAfter(through, merchantId)) return null;
    // What was set aside is retried by the same drain, if it may be.
    if (isWaiting) await Promise.race([this.#book.drain(nowMs), scheduler.wait(limitMs)]);
    const isWritten = await this.writeBook(nowMs, limitMs);
    const missing = [
      isWritten ? undefined : this.#book.deliveredThrough + 1,
      this.#book.waitingFrom(merchantId),
    ].filter((position) => position !== undefined);
    if (missing.length === 0) return null;
    return this.#journal.createdAtMs(Math.min(...missing)) ?? null;
  }

  /** Drains every destination after a short delay. */
  drainSoon(): void {
    if (this.#isDrainPlanned) return;
    this.#isDrainPlanned = true;
    setTimeout(() => {
      this.#isDrainPlanned = false;
      void this.drain(Date.now());
    }, DRAIN_DELAY_MS);
  }

  /** Drains every destination now, also those that are to gather more events. */
  async drainAll(nowMs: number): Promise<void> {
    await Promise.all([...this.#relays.values()].map((relay) => relay.drain(nowMs)));
  }

  /** Drains every destination, later those that are to gather more events. */
  async drain(nowMs: number): Promise<void> {
    const relays = [...this.#relays.values()];
    const gathering = relays.filter((relay) => relay.isGathering(nowMs));
    if (gathering.length > 0) this.drainSoon();
    const others = relays.filter((relay) => !gathering.includes(relay));
    await Promise.all(others.map((relay) => relay.drain(nowMs)));
  }

  /** The position up to which every destination has every event. */
  settledThrough(): number {
    return Math.min(...[...this.#relays.values()].map(({ settledThrough }) => settledThrough));
  }

  /** Moves some transactions of the book that an earlier release wrote, unless the book is failing or paused. */
  async moveEarlierBook(nowMs: number): Promise<void> {
    if (nowMs >= this.#book.retryAtMs) await this.#earlierBook.move(nowMs);
  }

  /** Updates the checkpoints in the state row, which is to be written at once. */
  storeCheckpoints(): void {
    for (const relay of this.#relays.values()) relay.storeCheckpoint();
  }

  /** Writes every event into the book again, not before a time. */
  rebuildBook(notBeforeMs: number): void {
    this.#book.rewind(notBeforeMs);
    this.drainSoon();
  }

  /** For each destination with open work, when it is due. */
  openAtMs(): number[] {
    const times = [...this.#relays.values()].map(({ wakeAtMs }) => wakeAtMs);
    const moveAtMs = this.#earlierBook.dueAtMs;
    if (moveAtMs !== undefined) times.push(Math.max(moveAtMs, this.#book.retryAtMs));
    return times.filter((time) => time !== undefined);
  }

  backlogs(nowMs: number): Backlogs {
    const of = Object.fromEntries(
      [...this.#relays].map(([name, relay]) => [name, relay.backlog(nowMs)]),
    );
    return { of, parked: this.#parked.count };
  }
}

/** The reason of a `DeliveryFault` is made for the log; messages of other faults may quote data. */
function describeDeliveryFault(fault: unknown): { reason?: string; fault?: string } {
  return fault instanceof DeliveryFault
    ? { reason: fault.message }
    : { fault: describeFault(fault) };
}
