/** Drains the journal's events to one destination, in order, one drain at a time.
 *
 *  The journal is the outbox: a destination is a mark of how far it has come. A mark in memory runs
 *  ahead of the stored one, which is written with the next commit or by the alarm; after a crash
 *  some events are sent again, so a destination must take each event any number of times. */
import {
  afterFailure,
  type Backoff,
  type BackoffState,
  NO_BACKOFF,
} from "../../domain/time/backoff";
import { isDue } from "../../domain/time/clock";
import type { EventRecord, EventType } from "../../domain/transaction/event";
import { withTimeout } from "../../runtime/with-timeout";
import type { CheckpointName } from "../journal/checkpoints";
import type { Journal } from "../journal/journal";
import type { Backlog, DestinationName } from "../rpc";
import { LONGEST_BACKOFF_MS } from "./stored-backoff";

/** One statement's worth: past some hundred rows a statement gains nothing and holds up the thread. */
const DRAIN_ROWS = 200;
/** D1 takes 2 MB a value; the envelope around each row and multi-byte characters need the rest. */
const DRAIN_CHARACTERS = 600_000;
/** Far beyond any healthy write: what takes longer will not end, or is repeated without harm. */
const DELIVERY_LIMIT_MS = 10_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 30_000 };

/** Somebody to whom events go. */
export type Destination = {
  name: DestinationName;
  /** Resolves when all of the events have arrived. May be called again with the same ones.
   *  @param failures how many deliveries have failed in a row before this one */
  deliver: (events: EventRecord[], failures: number) => Promise<void>;
  /** The first of these events that may go in one delivery, at least one; by default all. */
  batchOf?: (events: EventRecord[]) => EventRecord[];
  /** The only types of events it wants; by default all. */
  types?: readonly EventType[];
  /** When it wants a delivery even without events; undefined for never. */
  due_at_ms?: () => number | undefined;
  /** How many events it has put aside to deliver later. */
  waiting?: () => number;
  /** The position of the first of them. */
  waiting_from?: () => number | undefined;
  /** What takes longer has failed. Far beyond any healthy delivery. */
  limit_ms?: number;
  /** How long an answer may wait for its event to be delivered. */
  wait_ms: number;
  onDelivery?: (rows: number) => void;
  onFailure: (fault: unknown, rows: number, failures: number) => void;
};

/** A failure whose destination says when to come back. */
export class DeliveryFault extends Error {
  override readonly name = "DeliveryFault";
  readonly retry_after_ms: number;

  constructor(reason: string, retryAfterMs = 0) {
    super(reason);
    this.retry_after_ms = retryAfterMs;
  }
}

const all = (events: EventRecord[]): EventRecord[] => events;

export class OutboxRelay {
  readonly #journal: Journal;
  readonly #destination: Destination;
  readonly #checkpoint: CheckpointName;
  #deliveredThrough: number;
  #stored: number;
  #isDraining = false;
  #draining: Promise<void> = Promise.resolve();
  /** Its failures stay after a success as long as the destination is far behind. */
  #backoff: BackoffState;
  /** How often it began again with the first event. */
  #rewinds = 0;
  /** Somebody has waited in vain: until a delivery succeeds nobody else has to. */
  #isSlow = false;
  #waiters: { position: number; done: (delivered: boolean) => void }[] = [];

  constructor(journal: Journal, destination: Destination) {
    this.#journal = journal;
    this.#destination = destination;
    this.#checkpoint = `${destination.name}_delivered_through`;
    this.#stored = journal.checkpoints.get(this.#checkpoint) ?? 0;
    this.#deliveredThrough = this.#stored;
    this.#backoff = journal.backoffs.get(destination.name) ?? NO_BACKOFF;
  }

  /** Whether the stored mark is behind the journal: then an alarm has to be set. */
  get isOpen(): boolean {
    return this.#stored < this.#journal.lastPosition;
  }

  get deliveredThrough(): number {
    return this.#deliveredThrough;
  }

  /** When the destination may be tried again; 0 when it is healthy. */
  get retryAtMs(): number {
    return this.#backoff.until_ms;
  }

  /** When the destination is to be called, as soon as it may be; undefined when nothing is open. */
  get wakeAtMs(): number | undefined {
    const at = this.isOpen ? 0 : this.#destination.due_at_ms?.();
    return at === undefined ? undefined : Math.max(at, this.#backoff.until_ms);
  }

  backlog(nowMs: number): Backlog {
    const depth = this.#journal.lastPosition - this.#deliveredThrough;
    const waiting = this.#destination.waiting?.() ?? 0;
    const first = this.#destination.waiting_from?.() ?? this.#deliveredThrough + 1;
    const oldest = depth + waiting > 0 ? this.#journal.createdAtMs(first) : undefined;
    return {
      depth: depth + waiting,
      oldest_age_ms: oldest === undefined ? 0 : Math.max(0, nowMs - oldest),
      failures: Math.max(this.#backoff.failures, Math.min(waiting, 1)),
    };
  }

  /** Writes the mark if it has moved. To be called inside a commit that happens anyway, or by the alarm. */
  storeCheckpoint(): void {
    if (this.#stored === this.#deliveredThrough) return;
    this.#journal.checkpoints.set(this.#checkpoint, this.#deliveredThrough);
    this.#stored = this.#deliveredThrough;
  }

  /** Begins again with the first event, and not before a time: for a destination that is set back to an earlier
   *  state. A delivery that is under way does not count, and nobody waits until everything has arrived again. */
  rewind(notBeforeMs: number): void {
    this.#journal.checkpoints.set(this.#checkpoint, 0);
    this.#stored = 0;
    this.#deliveredThrough = 0;
    const leastFailures = this.#journal.lastPosition > 0 ? 1 : 0;
    const failures = Math.max(this.#backoff.failures, leastFailures);
    this.#backoff = { failures, until_ms: notBeforeMs };
    this.#rewinds += 1;
    this.#storePause();
    this.#release(Number.POSITIVE_INFINITY, false);
  }

  /** Sends what is outstanding unless a drain is under way or the destination is resting after a failure. */
  drain(nowMs: number): Promise<void> {
    if (!this.#isDraining && !this.#isPaused(nowMs)) this.#draining = this.#drain();
    return this.#draining;
  }

  /** Waits until the event at `position` has been delivered, but not longer than an answer may.
   *  @returns false when it was not: the destination is failing, slow, or far behind. */
  delivered(position: number): Promise<boolean> {
    if (position <= this.#deliveredThrough) return Promise.resolve(true);
    if (this.#backoff.failures > 0 || this.#isSlow) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#isSlow = true;
        done(false);
      }, this.#destination.wait_ms);
      const done = (delivered: boolean): void => {
        clearTimeout(timer);
        resolve(delivered);
      };
      this.#waiters.push({ position, done });
    });
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    try {
      while (this.#deliveredThrough < this.#journal.lastPosition || this.#isDue) {
        if (!(await this.#deliverNext())) return;
      }
    } finally {
      this.#isDraining = false;
    }
  }

  #isPaused(nowMs = Date.now()): boolean {
    return !isDue(this.#backoff.until_ms, nowMs, LONGEST_BACKOFF_MS);
  }

  get #isDue(): boolean {
    const at = this.#destination.due_at_ms?.();
    return at !== undefined && isDue(at, Date.now(), LONGEST_BACKOFF_MS);
  }

  /** Delivers one batch. @returns false when that failed. */
  async #deliverNext(): Promise<boolean> {
    const { deliver, limit_ms = DELIVERY_LIMIT_MS } = this.#destination;
    const rewinds = this.#rewinds;
    let rows = 0;
    try {
      const { events, through } = this.#next();
      rows = events.length;
      // A delivery that hangs is a failed one. Its late success does no harm: deliveries may repeat.
      await withTimeout(limit_ms, deliver(events, this.#backoff.failures));
      this.#destination.onDelivery?.(rows);
      if (rewinds !== this.#rewinds) return !this.#isPaused();
      this.#deliveredThrough = through;
      this.#isSlow = false;
      // Far behind after an outage, nobody waits for what is at the end of the queue.
      const isBehind = this.#journal.lastPosition - this.#deliveredThrough > DRAIN_ROWS;
      this.#backoff = isBehind ? { ...this.#backoff, until_ms: 0 } : NO_BACKOFF;
      if (!isBehind) this.#journal.backoffs.delete(this.#destination.name);
      this.#release(this.#deliveredThrough, true);
      return true;
    } catch (fault) {
      const paused = this.#isPaused() ? this.#backoff.until_ms : 0; // A pause is not cut short.
      const requestedMs = fault instanceof DeliveryFault ? fault.retry_after_ms : 0;
      const { failures, until_ms } = afterFailure(this.#backoff, Date.now(), BACKOFF, requestedMs);
      this.#backoff = { failures, until_ms: Math.max(paused, until_ms) };
      this.#release(Number.POSITIVE_INFINITY, false);
      this.#destination.onFailure(fault, rows, failures);
      this.#storePause();
      return false;
    }
  }

  /** Storage that cannot be written is no reason to stop: memory has the pause, as long as the object lives. */
  #storePause(): void {
    try {
      this.#journal.backoffs.set(this.#destination.name, this.#backoff);
    } catch (fault) {
      this.#destination.onFailure(fault, 0, this.#backoff.failures);
    }
  }

  /** What goes into the next delivery, and how far that brings the destination. */
  #next(): { events: EventRecord[]; through: number } {
    const { types, batchOf = all } = this.#destination;
    const after = this.#deliveredThrough;
    if (types) {
      const through = Math.min(after + DRAIN_ROWS, this.#journal.lastPosition);
      return { events: this.#journal.eventsOfTypes(after, through, types), through };
    }
    const events = batchOf(this.#journal.eventsAfter(after, DRAIN_ROWS, DRAIN_CHARACTERS));
    return { events, through: events.at(-1)?.position ?? after };
  }

  #release(through: number, delivered: boolean): void {
    const waiting = this.#waiters;
    this.#waiters = waiting.filter(({ position }) => position > through);
    for (const { position, done } of waiting) if (position <= through) done(delivered);
  }
}
