/** Everybody whom a shard's events go to: the book, the merchants' webhooks, velocity and the event stream.
 *  One that is down delays itself alone. */
import type { Config } from "../../config";
import { appendEvents } from "../../d1/append-events";
import { RELEASING_TYPES, releasesOf } from "../../domain/risk/release";
import type { Env } from "../../env";
import { createStream } from "../../kafka/create";
import type { Stream } from "../../kafka/stream";
import { describeFault, type Log } from "../../observability/log";
import { releasePayments } from "../../velocity/client";
import { handOverEvents } from "../../webhooks/client";
import { type Counters, DELIVERY_BOUNDS } from "../counters";
import type { Journal } from "../journal/journal";
import type { Backlogs, DestinationName } from "../rpc";
import { ParkedEvents } from "./parked";
import { DeliveryFault, type Destination, OutboxRelay } from "./relay";
import { differentTransactions, KafkaRelay } from "./to-kafka";
import { WebhookRelay } from "./to-webhooks";

/** Long enough for a quick processor's outcome to share the claim's write, too short to be noticed in a list. */
const UNAWAITED_DRAIN_MS = 100;

/** A request of the stream may be halved many times before what is wrong with it is found. */
const STREAM_REQUESTS = 20;

export class OutboxRelays {
  readonly #relays = new Map<DestinationName, OutboxRelay>();
  readonly #book: OutboxRelay;
  readonly #parked: ParkedEvents;
  #isDrainPlanned = false;

  constructor(
    journal: Journal,
    sql: SqlStorage,
    counters: Counters,
    env: Env,
    config: Config,
    log: Log,
  ) {
    this.#parked = new ParkedEvents(sql, () => counters.add("parked_events", ""));
    const open = (
      name: DestinationName,
      destination: Omit<Destination, "name" | "wait_ms" | "onDelivery" | "onFailure">,
    ): OutboxRelay => {
      const outbox = new OutboxRelay(journal, {
        ...destination,
        name,
        wait_ms: config.book_commit_wait_ms,
        onDelivery: (rows) => {
          if (rows === 0) return; // Only those who waited were tried again.
          counters.add("deliveries", `destination=${name},outcome=delivered`);
          counters.add("delivered_events", `destination=${name}`, rows);
          counters.observe("delivery_events", `destination=${name}`, DELIVERY_BOUNDS, rows);
        },
        onFailure: (fault, rows, failures) => {
          counters.add("deliveries", `destination=${name},outcome=failed`);
          log("error", `${name}.failed`, { rows, failures, ...describeDeliveryFault(fault) });
        },
      });
      this.#relays.set(name, outbox);
      return outbox;
    };
    this.#book = open("book", { deliver: (events) => appendEvents(env.DB, events) });
    const dispatchers = new WebhookRelay(
      sql,
      journal.backoffs,
      (merchantId, events) => handOverEvents(env, merchantId, events),
      log,
    );
    open("webhooks", {
      deliver: (events) => dispatchers.deliver(events),
      due_at_ms: () => dispatchers.retryAtMs,
      waiting: () => dispatchers.waiting,
      waiting_from: () => dispatchers.waitingFrom,
    });
    open("velocity", {
      types: RELEASING_TYPES,
      deliver: (events) =>
        releasePayments(env.VELOCITY, config.velocity_shards, events.flatMap(releasesOf)),
    });
    const stream = createStream(config);
    if (stream === undefined || config.kafka.dialect === "off") return;
    const streaming = new KafkaRelay(journal, countRequests(stream, counters), this.#parked, log);
    open("stream", {
      deliver: (events, failures) => streaming.deliver(events, failures),
      batchOf: differentTransactions,
      due_at_ms: () => streaming.parkedAtMs,
      limit_ms: STREAM_REQUESTS * config.kafka.timeout_ms,
    });
  }

  /** Writes the book now, and waits until it has the event at `position`, as long as an answer may. */
  appended(position: number, nowMs: number): Promise<boolean> {
    void this.#book.drain(nowMs);
    return this.#book.delivered(position);
  }

  /** Sends what no answer waits for: webhooks, the stream, and claims, which the charge's outcome mostly
   *  overtakes. */
  drainSoon(): void {
    if (this.#isDrainPlanned) return;
    this.#isDrainPlanned = true;
    setTimeout(() => {
      this.#isDrainPlanned = false;
      void this.drain(Date.now());
    }, UNAWAITED_DRAIN_MS);
  }

  async drain(nowMs: number): Promise<void> {
    await Promise.all([...this.#relays.values()].map((outbox) => outbox.drain(nowMs)));
  }

  /** Writes the marks that have moved. To be called inside a commit that happens anyway, or by the alarm. */
  storeCheckpoints(): void {
    for (const outbox of this.#relays.values()) outbox.storeCheckpoint();
  }

  /** Writes the whole book again, beginning at a time. */
  rebuildBook(notBeforeMs: number): void {
    this.#book.rewind(notBeforeMs);
    this.drainSoon();
  }

  /** For each destination that has something open: when it is to be called. */
  openAtMs(): number[] {
    const times = [...this.#relays.values()].map(({ wakeAtMs }) => wakeAtMs);
    return times.filter((time) => time !== undefined);
  }

  /** How far each destination is behind, and how many events the stream has refused for good. */
  backlogs(nowMs: number): Backlogs {
    const of = Object.fromEntries(
      [...this.#relays].map(([name, outbox]) => [name, outbox.backlog(nowMs)]),
    );
    return { of, parked: this.#parked.count };
  }
}

/** A stream whose requests are counted by what became of them. */
function countRequests(stream: Stream, counters: Counters): Stream {
  return {
    produce: async (records) => {
      const produced = await stream.produce(records);
      counters.add("stream_requests", `outcome=${produced.kind}`);
      return produced;
    },
  };
}

/** A stream's reasons are made for the log; other faults have messages that may quote data. */
function describeDeliveryFault(fault: unknown): { reason?: string; fault?: string } {
  return fault instanceof DeliveryFault
    ? { reason: fault.message }
    : { fault: describeFault(fault) };
}
