/** The event stream as a destination. Order per transaction: a request carries at most one event of each,
 *  the next request waits for it, and what the server will not take holds up its own transaction alone. */
import { cloudEventOf } from "../domain/cloud-event";
import type { EventRecord } from "../domain/event";
import type { Stream } from "../stream/stream";
import type { Log } from "../telemetry/log";
import type { Journal } from "./journal";
import { DeliveryFault } from "./outbox";
import { type Parked, TRIED_AGAIN } from "./parked";

/** Records of one request. */
const MAX_RECORDS = 100;
/** Where to look for an event of somebody else when one is refused alone. */
const LOOK_AHEAD_ROWS = 100;
const LOOK_AHEAD_CHARACTERS = 300_000;
/** What is wrong with one may be wrong with the next few; past so many it is the server. */
const OTHERS_TRIED = 5;
const TRY_PARKED_EVERY_MS = 3_600_000;

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

export class Streaming {
  readonly #journal: Journal;
  readonly #stream: Stream;
  readonly #parked: Parked;
  readonly #log: Log;
  #triedParkedAtMs = 0;
  /** Where the next round of the parked begins, when there are more than one round tries. */
  #triedThrough = 0;
  /** Counts deliveries. One that took too long has failed: it ends with the request it is at, and the next one
   *  waits for that. */
  #delivery = 0;
  #request: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, stream: Stream, parked: Parked, log: Log) {
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
   *  @throws DeliveryFault when not all of them are written or parked. */
  async deliver(events: EventRecord[]): Promise<void> {
    this.#delivery += 1;
    const delivery = this.#delivery;
    await this.#request;
    await this.#tryParked(delivery);
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
    for (const { event, reason } of refused) {
      this.#parked.add(event, Date.now());
      const { transaction_id } = event;
      this.#log("error", "stream.parked", { transaction_id, rows: this.#parked.count, reason });
    }
  }

  /** Halves what is refused until each refused event is known. @returns those */
  async #write(
    events: EventRecord[],
    delivery: number,
  ): Promise<{ event: EventRecord; reason: string }[]> {
    const records = events.map((event) => ({
      key: event.transaction_id,
      value: cloudEventOf(event),
    }));
    const request = this.#stream.produce(records);
    this.#request = request.catch(() => {});
    const produced = await request;
    if (delivery !== this.#delivery) throw new DeliveryFault("took too long");
    if (produced.kind === "written") return [];
    if (produced.kind === "failed") {
      throw new DeliveryFault(produced.reason, produced.retry_after_ms);
    }
    if (produced.because === "access") throw new DeliveryFault(produced.reason);
    const [event] = events;
    if (event && events.length === 1) return [{ event, reason: produced.reason }];
    const middle = Math.ceil(events.length / 2);
    const before = await this.#write(events.slice(0, middle), delivery);
    return [...before, ...(await this.#write(events.slice(middle), delivery))];
  }

  /** Writes the next event of another transaction ahead of its turn; in its turn it is written again. */
  async #takesAnother(events: EventRecord[], delivery: number): Promise<boolean> {
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
  async #tryParked(delivery: number): Promise<void> {
    if (this.parkedAtMs === undefined || Date.now() < this.parkedAtMs) return;
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

function partition<Item>(items: Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
