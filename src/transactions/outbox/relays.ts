/** Everybody whom a shard's events go to: the book, the merchants' webhooks, velocity and the event stream.
 *  One that is down delays itself alone. */
import type { Config } from "../../config";
import { writeBook } from "../../d1/append-events";
import { RELEASING_TYPES, releasesOf } from "../../domain/risk/release";
import type { Env } from "../../env";
import { streamOf } from "../../kafka/create";
import type { Stream } from "../../kafka/stream";
import { faultOf, type Log } from "../../observability/log";
import { releaseAll } from "../../velocity/client";
import { handOverEvents } from "../../webhooks/client";
import { type Counters, DELIVERY_BOUNDS } from "../counters";
import type { Journal } from "../journal/journal";
import type { Backlogs, DestinationName } from "../rpc";
import { Parked } from "./parked";
import { DeliveryFault, type Destination, Outbox } from "./relay";
import { differentTransactions, Streaming } from "./to-kafka";
import { Dispatchers } from "./to-webhooks";

/** Long enough for a quick processor's outcome to share the claim's write, too short to be noticed in a list. */
const UNAWAITED_DRAIN_MS = 100;

/** A request of the stream may be halved many times before what is wrong with it is found. */
const STREAM_REQUESTS = 20;

export class Outboxes {
  readonly #outboxes = new Map<DestinationName, Outbox>();
  readonly #book: Outbox;
  readonly #parked: Parked;
  #isDrainPlanned = false;

  constructor(
    journal: Journal,
    sql: SqlStorage,
    counters: Counters,
    env: Env,
    config: Config,
    log: Log,
  ) {
    this.#parked = new Parked(sql, () => counters.add("parked_events", ""));
    const open = (
      name: DestinationName,
      destination: Omit<Destination, "name" | "wait_ms" | "onDelivery" | "onFailure">,
    ): Outbox => {
      const outbox = new Outbox(journal, {
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
          log("error", `${name}.failed`, { rows, failures, ...toldBy(fault) });
        },
      });
      this.#outboxes.set(name, outbox);
      return outbox;
    };
    this.#book = open("book", { deliver: (events) => writeBook(env.DB, events) });
    const dispatchers = new Dispatchers(
      sql,
      journal.pauses,
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
        releaseAll(env.VELOCITY, config.velocity_shards, events.flatMap(releasesOf)),
    });
    const stream = streamOf(config);
    if (stream === undefined || config.kafka.dialect === "off") return;
    const streaming = new Streaming(journal, counted(stream, counters), this.#parked, log);
    open("stream", {
      deliver: (events, failures) => streaming.deliver(events, failures),
      together: differentTransactions,
      due_at_ms: () => streaming.parkedAtMs,
      limit_ms: STREAM_REQUESTS * config.kafka.timeout_ms,
    });
  }

  /** Writes the book now, and waits until it has the event at `position`, as long as an answer may. */
  booked(position: number, nowMs: number): Promise<boolean> {
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
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.drain(nowMs)));
  }

  /** Writes the marks that have moved. To be called inside a commit that happens anyway, or by the alarm. */
  storeMarks(): void {
    for (const outbox of this.#outboxes.values()) outbox.storeMark();
  }

  /** Writes the whole book again, beginning at a time. */
  rebuildBook(notBeforeMs: number): void {
    this.#book.rewind(notBeforeMs);
    this.drainSoon();
  }

  /** For each destination that has something open: when it is to be called. */
  openAtMs(): number[] {
    const times = [...this.#outboxes.values()].map(({ wakeAtMs }) => wakeAtMs);
    return times.filter((time) => time !== undefined);
  }

  /** How far each destination is behind, and how many events the stream has refused for good. */
  backlogs(nowMs: number): Backlogs {
    const of = Object.fromEntries(
      [...this.#outboxes].map(([name, outbox]) => [name, outbox.backlog(nowMs)]),
    );
    return { of, parked: this.#parked.count };
  }
}

/** A stream whose requests are counted by what became of them. */
function counted(stream: Stream, counters: Counters): Stream {
  return {
    produce: async (records) => {
      const produced = await stream.produce(records);
      counters.add("stream_requests", `outcome=${produced.kind}`);
      return produced;
    },
  };
}

/** A stream's reasons are made for the log; other faults have messages that may quote data. */
function toldBy(fault: unknown): { reason?: string; fault?: string } {
  return fault instanceof DeliveryFault ? { reason: fault.message } : { fault: faultOf(fault) };
}
