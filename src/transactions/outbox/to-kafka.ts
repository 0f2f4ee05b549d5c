/** The event stream, a Kafka topic, as a destination. Events of one transaction stay in order: a request has at most one
 *  event of each transaction, the next request waits for it, and an event that the server refuses delays only its own
 *  transaction. */

import type { Config } from "../../config";
import { isDue } from "../../domain/time/clock";
import type { EventRecord } from "../../domain/transaction/event";
import { toCloudEvent } from "../../kafka/cloud-event";
import { createStream } from "../../kafka/create";
import type { Produced, Stream } from "../../kafka/stream";
import type { Log } from "../../observability/log";
import type { Counters } from "../counters";
import type { Journal } from "../journal/journal";
import { type Delivery, DeliveryFault } from "./destination";
import { differentTransactions, partition, splitRequest } from "./kafka-request";
import { MAX_RETRIED, type ParkedEvents } from "./parked";

/** Requests of one delivery: a refused request may be split many times before its refused records are found. */
const MAX_REQUESTS = 20;
/** Bounds of the search for an event of another transaction when one event is refused alone. */
const LOOK_AHEAD_ROWS = 100;
const LOOK_AHEAD_CHARACTERS = 300_000;
/** A few records may have the same fault. When so many fail, the fault is the server's. */
const MAX_FAILING_RECORDS = 5;
const RETRY_PARKED_EVERY_MS = 3_600_000;
/** Every so many failed deliveries in a row, a failure without a known reason is narrowed down to a record. A temporary
 *  fault has mostly passed by then, after some seconds. */
const NARROW_EVERY = 3;
/** How often a record that fails without a known reason is sent alone before it is parked. */
const ATTEMPTS_ALONE = 3;

/** One delivery, and its remaining budget to find records that fail without a known reason. */
type CurrentDelivery = {
  number: number;
  /** How many records may still fail alone; 0 when nothing is narrowed down. */
  suspects_left: number;
  attempts_alone: number;
};
type Refused = { event: EventRecord; reason: string };

/** The stream as a destination; undefined when none is configured. */
export function toKafka(
  journal: Journal,
  parked: ParkedEvents,
  counters: Counters,
  config: Config,
  log: Log,
): Delivery | undefined {
  const stream = createStream(config);
  if (stream === undefined || config.kafka.dialect === "off") return undefined;
  const relay = new KafkaDestination(journal, countRequests(stream, counters), parked, log);
  return {
    deliver: (events, failures) => relay.deliver(events, failures),
    selectBatch: differentTransactions,
    due_at_ms: () => relay.parkedAtMs,
    timeout_ms: MAX_REQUESTS * config.kafka.timeout_ms,
  };
}

/** Counts the requests of a stream by their outcome. */
function countRequests(stream: Stream, counters: Counters): Stream {
  return {
    produce: async (records) => {
      const produced = await stream.produce(records);
      counters.add("stream_requests", `outcome=${produced.kind}`);
      return produced;
    },
  };
}

export class KafkaDestination {
  readonly #journal: Journal;
  readonly #stream: Stream;
  readonly #parked: ParkedEvents;
  readonly #log: Log;
  #parkedRetriedAtMs = 0;
  /** The position after which the next retry of parked events starts, when one retry cannot have all of them. */
  #parkedRetriedThrough = 0;
  /** Counts deliveries. One that has timed out ends with its request in progress, for which the next one waits. */
  #delivery = 0;
  #request: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, stream: Stream, parked: ParkedEvents, log: Log) {
    this.#journal = journal;
    this.#stream = stream;
    this.#parked = parked;
    this.#log = log;
  }

  /** When parked events are retried; undefined when there are none. */
  get parkedAtMs(): number | undefined {
    return this.#parked.count === 0 ? undefined : this.#parkedRetriedAtMs + RETRY_PARKED_EVERY_MS;
  }

  /** Writes events of different transactions. A refused event is parked only if the server accepts another one: a server
   *  that accepts nothing is down, or configured wrongly.
   *  @param failures how many deliveries have failed in a row before this one
   *  @throws DeliveryFault when some events are neither written nor parked */
  async deliver(events: EventRecord[], failures = 0): Promise<void> {
    this.#delivery += 1;
    const isNarrowing = failures > 0 && failures % NARROW_EVERY === 0;
    const delivery: CurrentDelivery = {
      number: this.#delivery,
      suspects_left: isNarrowing ? MAX_FAILING_RECORDS : 0,
      attempts_alone: ATTEMPTS_ALONE,
    };
    await this.#request;
    await this.#retryParked(delivery.number);
    const [blocked, free] = partition(events, ({ transaction_id }) =>
      this.#parked.blocks(transaction_id),
    );
    for (const event of blocked) this.#parked.add(event, Date.now());
    const refused = await this.#write(free, delivery);
    if (refused.length === 0) return;
    const [first] = refused;
    if (refused.length === free.length && !(await this.#acceptsAnother(events, delivery))) {
      throw new DeliveryFault(first?.reason ?? "refused");
    }
    if (this.#parked.count === 0) this.#parkedRetriedAtMs = Date.now(); // The first ones have just been tried.
    for (const { event, reason } of refused) {
      this.#parked.add(event, Date.now());
      const { transaction_id } = event;
      this.#log("error", "stream.parked", { transaction_id, rows: this.#parked.count, reason });
    }
  }

  /** Splits a refused request until each refused event is found: suspects that the server names from the others, or into
   *  halves. @returns the refused events
   *  @throws DeliveryFault when a request fails for another reason */
  async #write(events: EventRecord[], delivery: CurrentDelivery): Promise<Refused[]> {
    const produced = await this.#produce(events, delivery);
    if (produced.kind === "written") return [];
    const [event] = events;
    if (produced.kind === "failed") {
      if (!produced.unclear || delivery.suspects_left === 0) {
        throw new DeliveryFault(produced.reason, produced.retry_after_ms);
      }
      if (event && events.length === 1) return this.#retryAlone(event, produced.reason, delivery);
    } else if (produced.because === "access") throw new DeliveryFault(produced.reason);
    else if (event && events.length === 1) return [{ event, reason: produced.reason }];
    const [others, suspects] = splitRequest(events, produced.suspects);
    const before = await this.#write(others, delivery);
    return [...before, ...(await this.#write(suspects, delivery))];
  }

  async #produce(events: EventRecord[], delivery: CurrentDelivery): Promise<Produced> {
    const records = events.map((event) => ({
      key: event.transaction_id,
      value: toCloudEvent(event),
    }));
    const request = this.#stream.produce(records);
    this.#request = request.catch(() => {});
    const produced = await request;
    if (delivery.number !== this.#delivery) throw new DeliveryFault("took too long");
    return produced;
  }

  /** Repeats an event that has failed alone without a known reason. @returns the event if it keeps failing
   *  @throws DeliveryFault when the reason is temporary, or when too many events fail: then it is the server */
  async #retryAlone(
    event: EventRecord,
    first: string,
    delivery: CurrentDelivery,
  ): Promise<Refused[]> {
    let reason = first;
    for (let attempt = 2; attempt <= delivery.attempts_alone; attempt += 1) {
      const produced = await this.#produce([event], delivery);
      if (produced.kind === "written") return [];
      reason = produced.reason;
      if (produced.kind === "failed" && !produced.unclear) {
        throw new DeliveryFault(reason, produced.retry_after_ms);
      }
      if (produced.kind === "refused" && produced.because === "access") {
        throw new DeliveryFault(reason);
      }
    }
    delivery.suspects_left -= 1;
    if (delivery.suspects_left === 0) throw new DeliveryFault(reason);
    return [{ event, reason }];
  }

  /** Writes the next event of another transaction ahead of its turn; in its turn it is written again.
   *  @returns whether the server accepted one */
  async #acceptsAnother(events: EventRecord[], delivery: CurrentDelivery): Promise<boolean> {
    const refused = new Set(events.map(({ transaction_id }) => transaction_id));
    const ahead = this.#journal.eventsAfter(
      events.at(-1)?.position ?? 0,
      LOOK_AHEAD_ROWS,
      LOOK_AHEAD_CHARACTERS,
    );
    let attempts = 0;
    for (const other of ahead) {
      const { transaction_id } = other;
      if (refused.has(transaction_id) || this.#parked.blocks(transaction_id)) continue;
      if ((await this.#write([other], delivery)).length === 0) return true;
      refused.add(transaction_id);
      attempts += 1;
      if (attempts === MAX_FAILING_RECORDS) return false;
    }
    return false;
  }

  /** Retries parked events. After a success the next retry is due at once, for the events that were parked behind. */
  async #retryParked(number: number): Promise<void> {
    const at = this.parkedAtMs;
    if (at === undefined || !isDue(at, Date.now(), RETRY_PARKED_EVERY_MS)) return;
    // Parked events are expected to fail, so a failure stops nothing.
    const delivery = { number, suspects_left: Number.POSITIVE_INFINITY, attempts_alone: 1 };
    this.#parkedRetriedAtMs = Date.now();
    const firsts = this.#parked.first(this.#parkedRetriedThrough);
    let written = 0;
    for (const event of firsts) {
      const refused = await this.#write([event], delivery);
      if (refused.length > 0) continue;
      this.#parked.remove(event.position);
      written += 1;
    }
    if (written > 0) this.#parkedRetriedAtMs = 0;
    else
      this.#parkedRetriedThrough = firsts.length < MAX_RETRIED ? 0 : (firsts.at(-1)?.position ?? 0);
  }
}
