/** An outbox relay: drains the journal's events to one destination, in order, one drain at a time.
 *
 *  The journal is the outbox; a destination has a checkpoint in it, the position up to which it has every event. The
 *  checkpoint in memory is ahead of the stored one, which is written with the next commit or by the alarm. After a crash
 *  some events are delivered again, so a destination must accept an event more than once. */
import {
  afterFailure,
  type Backoff,
  type BackoffState,
  NO_BACKOFF,
} from "../../domain/time/backoff";
import { ageMs, isDue } from "../../domain/time/clock";
import type { EventRecord } from "../../domain/transaction/event";
import { withTimeout } from "../../runtime/with-timeout";
import type { CheckpointName } from "../journal/checkpoints";
import type { Journal } from "../journal/journal";
import type { Backlog } from "../rpc";
import { type BatchLimits, DeliveryFault, type Destination } from "./destination";
import { LONGEST_BACKOFF_MS } from "./stored-backoff";

/** What a delivery holds in memory, where the destination has no limits of its own. */
const DEFAULT_BATCH: BatchLimits = { rows: 200, characters: 600_000 };
/** Far longer than a healthy delivery. One that takes longer may be repeated without harm. */
const DELIVERY_TIMEOUT_MS = 10_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 30_000 };

const all = (events: EventRecord[]): EventRecord[] => events;

export class OutboxRelay {
  readonly #journal: Journal;
  readonly #destination: Destination;
  readonly #checkpoint: CheckpointName;
  readonly #maxBatch: BatchLimits;
  #deliveredThrough: number;
  #stored: number;
  #isDraining = false;
  #draining: Promise<void> = Promise.resolve();
  /** The position up to which the drain in progress delivers. */
  #drainThrough = 0;
  /** Since when events are gathered for the next drain. */
  #gatheringSinceMs: number | undefined;
  /** Keeps its failures after a success while the destination is far behind. */
  #backoff: BackoffState;
  /** Counts rewinds, so that a delivery from before a rewind is recognised. */
  #rewinds = 0;
  /** A wait has timed out: until a delivery succeeds nothing else waits. */
  #isSlow = false;
  #waiters: { position: number; done: (delivered: boolean) => void }[] = [];

  constructor(journal: Journal, destination: Destination) {
    this.#journal = journal;
    this.#destination = destination;
    this.#maxBatch = destination.max_batch ?? DEFAULT_BATCH;
    this.#checkpoint = `${destination.name}_delivered_through`;
    this.#stored = journal.checkpoints.get(this.#checkpoint) ?? 0;
    this.#deliveredThrough = this.#stored;
    this.#backoff = journal.backoffs.get(destination.name) ?? NO_BACKOFF;
  }

  /** Whether the stored checkpoint is behind the journal, which needs an alarm. */
  get isOpen(): boolean {
    return this.#stored < this.#journal.lastPosition;
  }

  get deliveredThrough(): number {
    return this.#deliveredThrough;
  }

  /** The position up to which no event has to be read again. */
  get settledThrough(): number {
    const waitingFrom = this.#destination.waiting_from?.(null) ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#deliveredThrough, waitingFrom - 1);
  }

  /** The position of the first event of a merchant, or of any (null), that is set aside; undefined when there is none. */
  waitingFrom(merchantId: string | null): number | undefined {
    return this.#destination.waiting_from?.(merchantId);
  }

  /** When the next delivery may start; 0 while the destination is healthy. */
  get retryAtMs(): number {
    return this.#backoff.until_ms;
  }

  /** When the next delivery is due and may start; undefined when nothing is open. */
  get wakeAtMs(): number | undefined {
    const at = this.isOpen ? 0 : this.#destination.due_at_ms?.();
    return at === undefined ? undefined : Math.max(at, this.#backoff.until_ms);
  }

  backlog(nowMs: number): Backlog {
    const depth = this.#journal.lastPosition - this.#deliveredThrough;
    const waiting = this.#destination.waiting?.() ?? 0;
    const first = this.#destination.waiting_from?.(null) ?? this.#deliveredThrough + 1;
    const oldest = depth + waiting > 0 ? this.#journal.createdAtMs(first) : undefined;
    return {
      depth: depth + waiting,
      oldest_age_ms: oldest === undefined ? 0 : Math.max(0, nowMs - oldest),
      failures: Math.max(this.#backoff.failures, Math.min(waiting, 1)),
    };
  }

  /** Updates the checkpoint in the state row, which is to be written at once: by a commit that happens anyway, or by the
   *  alarm. */
  storeCheckpoint(): void {
    if (this.#stored === this.#deliveredThrough) return;
    this.#journal.checkpoints.set(this.#checkpoint, this.#deliveredThrough);
    this.#stored = this.#deliveredThrough;
  }

  /** Starts again with the first event, not before a time, for a destination that was set back to an earlier state. A
   *  delivery in progress does not move the checkpoint, and no response waits until all events have arrived again. */
  rewind(notBeforeMs: number): void {
    this.#destination.rewind?.();
    this.#journal.checkpoints.set(this.#checkpoint, 0);
    this.#journal.state.write();
    this.#stored = 0;
    this.#deliveredThrough = 0;
    const leastFailures = this.#journal.lastPosition > 0 ? 1 : 0;
    const failures = Math.max(this.#backoff.failures, leastFailures);
    this.#backoff = { failures, until_ms: notBeforeMs };
    this.#rewinds += 1;
    this.#storeBackoff();
    this.#release(Number.POSITIVE_INFINITY, false);
  }

  /** Whether there are events to deliver, and the destination wants to gather more of them before the next drain. */
  isGathering(nowMs: number): boolean {
    const isOpen = this.#deliveredThrough < this.#journal.lastPosition;
    if (!isOpen || this.#isDraining || this.#isBackingOff(nowMs)) return false;
    this.#gatheringSinceMs ??= nowMs;
    return ageMs(this.#gatheringSinceMs, nowMs) < (this.#destination.gather_ms?.() ?? 0);
  }

  /** Delivers the events that are outstanding now, unless the destination is backing off. Joins a drain in progress. What
   *  is committed later is left to the next drain, so that a delivery holds what came in some time. */
  drain(nowMs: number): Promise<void> {
    this.#drainThrough = this.#journal.lastPosition;
    if (!this.#isDraining && !this.#isBackingOff(nowMs)) {
      this.#gatheringSinceMs = undefined;
      this.#draining = this.#drain();
    }
    return this.#draining;
  }

  /** Waits until the event at `position` is delivered.
   *  @returns false when it was not delivered in time: the destination fails, is slow, or is far behind */
  delivered(position: number, limitMs: number): Promise<boolean> {
    if (position <= this.#deliveredThrough) return Promise.resolve(true);
    if (this.#backoff.failures > 0 || this.#isSlow) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#isSlow = true;
        done(false);
      }, limitMs);
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
      while (this.#deliveredThrough < this.#drainThrough || this.#isDue) {
        if (!(await this.#deliverNext())) return;
      }
    } finally {
      this.#isDraining = false;
    }
  }

  #isBackingOff(nowMs = Date.now()): boolean {
    return !isDue(this.#backoff.until_ms, nowMs, LONGEST_BACKOFF_MS);
  }

  get #isDue(): boolean {
    const at = this.#destination.due_at_ms?.();
    return at !== undefined && isDue(at, Date.now(), LONGEST_BACKOFF_MS);
  }

  /** Delivers one batch. @returns whether the drain may continue */
  async #deliverNext(): Promise<boolean> {
    const { deliver, timeout_ms = DELIVERY_TIMEOUT_MS } = this.#destination;
    const rewinds = this.#rewinds;
    let rows = 0;
    try {
      const { events, through } = this.#next();
      rows = events.length;
      // A delivery that times out has failed. If it succeeds later that does no harm: deliveries may be repeated.
      await withTimeout(timeout_ms, deliver(events, this.#backoff.failures));
      this.#destination.onDelivery?.(rows);
      if (rewinds !== this.#rewinds) return !this.#isBackingOff();
      this.#deliveredThrough = through;
      this.#isSlow = false;
      // Far behind after an outage, no response waits for an event at the end of the queue.
      const isBehind = this.#journal.lastPosition - this.#deliveredThrough > this.#maxBatch.rows;
      this.#backoff = isBehind ? { ...this.#backoff, until_ms: 0 } : NO_BACKOFF;
      if (!isBehind) this.#journal.backoffs.delete(this.#destination.name);
      this.#release(this.#deliveredThrough, true);
      return true;
    } catch (fault) {
      // A rewind may have set a longer delay, which a failure does not shorten.
      const earliestMs = this.#isBackingOff() ? this.#backoff.until_ms : 0;
      const requestedMs = fault instanceof DeliveryFault ? fault.retry_after_ms : 0;
      const { failures, until_ms } = afterFailure(this.#backoff, Date.now(), BACKOFF, requestedMs);
      this.#backoff = { failures, until_ms: Math.max(earliestMs, until_ms) };
      this.#release(Number.POSITIVE_INFINITY, false);
      this.#destination.onFailure(fault, rows, failures);
      this.#storeBackoff();
      return false;
    }
  }

  /** A write that fails does not end the drain: memory has the state while the object lives. */
  #storeBackoff(): void {
    try {
      this.#journal.backoffs.set(this.#destination.name, this.#backoff);
    } catch (fault) {
      this.#destination.onFailure(fault, 0, this.#backoff.failures);
    }
  }

  /** The events of the next delivery, and the checkpoint after it. */
  #next(): { events: EventRecord[]; through: number } {
    const { types, selectBatch = all } = this.#destination;
    const after = this.#deliveredThrough;
    if (types) {
      const through = Math.min(after + this.#maxBatch.rows, this.#journal.lastPosition);
      return { events: this.#journal.eventsOfTypes(after, through, types), through };
    }
    const { rows, characters } = this.#maxBatch;
    const events = selectBatch(this.#journal.eventsAfter(after, rows, characters));
    // Without any, the last ones are in the archive, which takes only what every destination has.
    return { events, through: events.at(-1)?.position ?? this.#journal.lastPosition };
  }

  #release(through: number, delivered: boolean): void {
    const waiting = this.#waiters;
    this.#waiters = waiting.filter(({ position }) => position > through);
    for (const { position, done } of waiting) if (position <= through) done(delivered);
  }
}
