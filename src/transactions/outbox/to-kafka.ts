/** The event stream as a destination. Order per transaction: a request carries at most one event of each,
 *  the next request waits for it, and what the server will not take holds up its own transaction alone. */

import { isDue } from "../../domain/time/clock";
import { toCloudEvent } from "../../domain/transaction/cloud-event";
import type { EventRecord } from "../../domain/transaction/event";
import type { Produced, Stream } from "../../kafka/stream";
import type { Log } from "../../observability/log";
import type { Journal } from "../journal/journal";
import { type ParkedEvents, TRIED_AGAIN } from "./parked";
import { DeliveryFault } from "./relay";

/** Records of one request. */
const MAX_RECORDS = 100;
/** Where to look for an event of somebody else when one is refused alone. */
const LOOK_AHEAD_ROWS = 100;
const LOOK_AHEAD_CHARACTERS = 300_000;
/** What is wrong with one may be wrong with the next few; past so many it is the server. */
const OTHERS_TRIED = 5;
const TRY_PARKED_EVERY_MS = 3_600_000;
/** When deliveries have failed so often in a row, and every so often from then on, failures without a known
 *  reason are narrowed down: after some seconds a fault that passes has mostly passed. */
const NARROWED_EVERY = 3;
/** How often a record is tried alone, with nothing known against it but that it fails, before it is parked. */
const ATTEMPTS_ALONE = 3;

/** One delivery, and how much it may still do to find a record that fails without a known reason. */
type Delivery = {
  number: number;
  /** Records that may still turn out to fail alone; 0 when nothing is narrowed down. */
  culprits_left: number;
  attempts_alone: number;
};
type Refused = { event: EventRecord; reason: string };

/** The first events that are of different transactions. */
export function differentTransactions(events: EventRecord[]): EventRecord[] {
  const seen = new Set<string>();
  const end = events.findIndex(({ transaction_id }) => {
    if (seen.has(transaction_id) || seen.size === MAX_RECORDS) return true;
    seen.add(transaction_id);
    return false;
  });
  return end === -1 ? events : events.slice(0, end);
}

export class KafkaRelay {
  readonly #journal: Journal;
  readonly #stream: Stream;
  readonly #parked: ParkedEvents;
  readonly #log: Log;
  #triedParkedAtMs = 0;
  /** Where the next round of the parked begins, when there are more than one round tries. */
  #triedThrough = 0;
  /** Counts deliveries. One that took too long has failed: it ends with the request it is at, and the next one
   *  waits for that. */
  #delivery = 0;
  #request: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, stream: Stream, parked: ParkedEvents, log: Log) {
    this.#journal = journal;
    this.#stream = stream;
    this.#parked = parked;
    this.#log = log;
  }

  /** When parked events are to be tried again; undefined when there are none. */
  get parkedAtMs(): number | undefined {
    return this.#parked.count === 0 ? undefined : this.#triedParkedAtMs + TRY_PARKED_EVERY_MS;
  }

  /** Writes events of different transactions. What is refused for good is parked, but only when the server
   *  takes others: one that takes nothing is down, or wrongly set up.
   *  @param failures how many deliveries have failed in a row before this one
   *  @throws DeliveryFault when not all of them are written or parked. */
  async deliver(events: EventRecord[], failures = 0): Promise<void> {
    this.#delivery += 1;
    const isNarrowed = failures > 0 && failures % NARROWED_EVERY === 0;
    const delivery: Delivery = {
      number: this.#delivery,
      culprits_left: isNarrowed ? OTHERS_TRIED : 0,
      attempts_alone: ATTEMPTS_ALONE,
    };
    await this.#request;
    await this.#retryParked(delivery.number);
    const [waiting, free] = partition(events, ({ transaction_id }) =>
      this.#parked.holdsUp(transaction_id),
    );
    for (const event of waiting) this.#parked.add(event, Date.now());
    const refused = await this.#write(free, delivery);
    if (refused.length === 0) return;
    const [first] = refused;
    if (refused.length === free.length && !(await this.#takesAnother(events, delivery))) {
      throw new DeliveryFault(first?.reason ?? "refused");
    }
    if (this.#parked.count === 0) this.#triedParkedAtMs = Date.now(); // These have just been tried.
    for (const { event, reason } of refused) {
      this.#parked.add(event, Date.now());
      const { transaction_id } = event;
      this.#log("error", "stream.parked", { transaction_id, rows: this.#parked.count, reason });
    }
  }

  /** Splits what is refused until each refused event is known: those that the server complains of from the
   *  others, or in halves. @returns the refused ones */
  async #write(events: EventRecord[], delivery: Delivery): Promise<Refused[]> {
    const produced = await this.#produce(events, delivery);
    if (produced.kind === "written") return [];
    const [event] = events;
    if (produced.kind === "failed") {
      if (!produced.unclear || delivery.culprits_left === 0) {
        throw new DeliveryFault(produced.reason, produced.retry_after_ms);
      }
      if (event && events.length === 1) return this.#retryAlone(event, produced.reason, delivery);
    } else if (produced.because === "access") throw new DeliveryFault(produced.reason);
    else if (event && events.length === 1) return [{ event, reason: produced.reason }];
    const [others, suspects] = parted(events, produced.suspects);
    const before = await this.#write(others, delivery);
    return [...before, ...(await this.#write(suspects, delivery))];
  }

  async #produce(events: EventRecord[], delivery: Delivery): Promise<Produced> {
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

  /** Repeats an event that has failed alone without a known reason.
   *  @throws DeliveryFault when the reason passes, or when too many fail so: then it is the server. */
  async #retryAlone(event: EventRecord, first: string, delivery: Delivery): Promise<Refused[]> {
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
    delivery.culprits_left -= 1;
    if (delivery.culprits_left === 0) throw new DeliveryFault(reason);
    return [{ event, reason }];
  }

  /** Writes the next event of another transaction ahead of its turn; in its turn it is written again. */
  async #takesAnother(events: EventRecord[], delivery: Delivery): Promise<boolean> {
    const refused = new Set(events.map(({ transaction_id }) => transaction_id));
    const ahead = this.#journal.eventsAfter(
      events.at(-1)?.position ?? 0,
      LOOK_AHEAD_ROWS,
      LOOK_AHEAD_CHARACTERS,
    );
    let tried = 0;
    for (const other of ahead) {
      const { transaction_id } = other;
      if (refused.has(transaction_id) || this.#parked.holdsUp(transaction_id)) continue;
      if ((await this.#write([other], delivery)).length === 0) return true;
      refused.add(transaction_id);
      tried += 1;
      if (tried === OTHERS_TRIED) return false;
    }
    return false;
  }

  /** Tries one round of the parked. As long as some are taken, the next round is due at once: it may have what
   *  was parked behind them. */
  async #retryParked(number: number): Promise<void> {
    const at = this.parkedAtMs;
    if (at === undefined || !isDue(at, Date.now(), TRY_PARKED_EVERY_MS)) return;
    // Of these it is known that they may fail, so one that does stops nothing.
    const delivery = { number, culprits_left: Number.POSITIVE_INFINITY, attempts_alone: 1 };
    this.#triedParkedAtMs = Date.now();
    const firsts = this.#parked.first(this.#triedThrough);
    let written = 0;
    for (const event of firsts) {
      const refused = await this.#write([event], delivery);
      if (refused.length > 0) continue;
      this.#parked.remove(event.position);
      written += 1;
    }
    if (written > 0) this.#triedParkedAtMs = 0;
    else this.#triedThrough = firsts.length < TRIED_AGAIN ? 0 : (firsts.at(-1)?.position ?? 0);
  }
}

/** In two: others and suspects, when some but not all of them are suspects, else the first half and the rest. */
function parted(events: EventRecord[], suspects: number[] = []): [EventRecord[], EventRecord[]] {
  const named = new Set(suspects);
  const [suspected, others] = partition(events, (_, at) => named.has(at));
  if (suspected.length > 0 && others.length > 0) return [others, suspected];
  const middle = Math.ceil(events.length / 2);
  return [events.slice(0, middle), events.slice(middle)];
}

function partition<Item>(
  items: Item[],
  isFirst: (item: Item, at: number) => boolean,
): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item, at) => !isFirst(item, at))];
}
