/** Everybody whom a shard's events go to: the book, the merchants' webhooks and the event stream. One that
 *  is down delays itself alone. */
import type { Config, Env } from "../config";
import { writeBook } from "../database/book";
import type { EventRecord } from "../domain/event";
import { faultOf, type Log } from "../telemetry/log";
import type { Journal } from "./journal";
import { type Backlog, type Delivery, Outbox } from "./outbox";

export type Destination = "book" | "webhooks" | "stream";

/** Long enough for a quick processor's outcome to share the claim's write, too short to be noticed in a list. */
const UNAWAITED_DRAIN_MS = 50;

export class Outboxes {
  readonly #outboxes = new Map<Destination, Outbox>();
  readonly #book: Outbox;
  #isDrainPlanned = false;

  constructor(journal: Journal, env: Env, config: Config, log: Log) {
    const open = (name: Destination, deliver: Delivery): Outbox => {
      const outbox = new Outbox(
        journal,
        `${name}_delivered_through`,
        config.book_commit_wait_ms,
        deliver,
        (fault, rows, failures) =>
          log("error", `${name}.failed`, { rows, failures, fault: faultOf(fault) }),
      );
      this.#outboxes.set(name, outbox);
      return outbox;
    };
    this.#book = open("book", (events) => writeBook(env.DB, events));
    open("webhooks", (events) => tellDispatchers(env.WEBHOOKS, events));
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

  /** After a rolled-back commit the stored marks are what the journal says. */
  reread(): void {
    for (const outbox of this.#outboxes.values()) outbox.reread();
  }

  /** For each destination that is behind: when it may be tried again. */
  openAtMs(): number[] {
    const open = [...this.#outboxes.values()].filter(({ isOpen }) => isOpen);
    return open.map(({ retryAtMs }) => retryAtMs);
  }

  backlogs(nowMs: number): Partial<Record<Destination, Backlog>> {
    return Object.fromEntries(
      [...this.#outboxes].map(([name, outbox]) => [name, outbox.backlog(nowMs)]),
    );
  }
}

/** Every merchant's dispatcher takes its events over; they are its own from then on. */
async function tellDispatchers(dispatchers: Env["WEBHOOKS"], events: EventRecord[]): Promise<void> {
  const byMerchant = Map.groupBy(events, ({ merchant_id }) => merchant_id);
  await Promise.all(
    [...byMerchant].map(([merchantId, own]) => dispatchers.getByName(merchantId).accept(own)),
  );
}
