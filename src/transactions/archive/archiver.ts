/** Moves old payments of a shard to the archive: each time a segment of them is written to R2, read back and verified, and
 *  only then taken out of the tables, some in each commit. A segment that was written and not committed is left alone: nothing
 *  refers to it. */

import { ArchiveFault } from "../../archive/archive-fault";
import { MAX_PAYMENTS } from "../../archive/manifest";
import { buildSegment } from "../../archive/segment";
import { transactionObjectName } from "../../domain/identity/id";
import { afterFailure, type Backoff, NO_BACKOFF } from "../../domain/time/backoff";
import { ageMs, dueAtMs, isDue } from "../../domain/time/clock";
import { describeFault, type Log } from "../../observability/log";
import type { Counters } from "../counters";
import type { Journal } from "../journal/journal";
import type { OutboxRelays } from "../outbox/relays";
import type { ArchiveReader } from "./archive-reader";
import { emptyBook, type MovedPayment } from "./empty-book";
import { type FinalPayment, selectFinal } from "./final-payments";
import { MOVED_AT_ONCE, movePayments } from "./move-payments";
import { rest } from "./rest";
import { endRestored } from "./restore";
import { readSealed, type SealedPayment, type Segments } from "./segments";

const DAY_MS = 86_400_000;
/** A pass looks through the tables once. There is one for each ninetieth of the hot time: each day, when that is 90 days. */
const PASSES = 90;
const LEAST_PASS_MS = 1_000;
/** So few payments wait for others for another tenth of the hot time, so that a quiet shard has few small segments. */
const FEW_PAYMENTS = 64;
const WAIT_PART = 10;
/** The payments of a segment are created within this time, so that a list reads few segments for a time. */
export const MAX_SPAN_MS = 7 * DAY_MS;
/** D1 can be set back by 30 days, https://developers.cloudflare.com/d1/reference/time-travel/. */
const MAX_SET_BACK_MS = 31 * DAY_MS;
/** While a pass is under way there is an alarm within this time. */
const SAFETY_MS = 5_000;
const BACKOFF: Backoff = { first_ms: 5_000, most_ms: 300_000 };

export type ArchiverDependencies = {
  journal: Journal;
  sql: SqlStorage;
  transactionSync: <Value>(work: () => Value) => Value;
  segments: Segments;
  reader: ArchiveReader;
  counters: Counters;
  log: Log;
  /** 0: nothing more is archived, and what is in the archive is still taken out of the book. */
  hot_ms: number;
  relays: Pick<OutboxRelays, "settledThrough" | "drainAll" | "storeCheckpoints">;
  /** The deployment's shard count; undefined before the first call. */
  shards: () => number | undefined;
  /** Takes payments out of the book, unless they have changed since. */
  removeFromBook: (payments: MovedPayment[]) => Promise<void>;
};

export class Archiver {
  readonly #dependencies: ArchiverDependencies;
  readonly #passMs: number;
  #running: Promise<void> | undefined;
  #removing: Promise<void> | undefined;
  #backoff = NO_BACKOFF;
  /** Whether payments of some segment may still be in the book. */
  #isInBook = false;
  /** When the oldest payment in the tables was created; null when it has to be read. */
  #oldestMs: number | null = null;

  constructor(dependencies: ArchiverDependencies) {
    this.#dependencies = dependencies;
    this.#passMs = Math.min(DAY_MS, Math.max(LEAST_PASS_MS, dependencies.hot_ms / PASSES));
    this.#readIsInBook();
  }

  /** When the next pass may start, if it is due; undefined when it is not. It has no alarm of its own: a shard with anything to
   *  archive has requests, or is asked for its metrics. */
  dueAtMs(nowMs: number): number | undefined {
    const { journal, hot_ms } = this.#dependencies;
    // An alarm keeps the object alive, or begins again if it has ended.
    if (this.#running) return nowMs + SAFETY_MS;
    if (journal.lastPosition === 0 || !journal.events.earlier.isEmpty) return undefined;
    if (this.#backoff.failures > 0) return dueAtMs(this.#backoff.until_ms, nowMs, BACKOFF.most_ms);
    if (this.#isInBook) return nowMs;
    if (hot_ms === 0) return undefined;
    const passedAtMs = journal.checkpoints.get("archive_passed_at_ms") ?? 0;
    if (!isDue(passedAtMs + this.#passMs, nowMs, this.#passMs)) return undefined;
    this.#oldestMs ??= journal.createdAtMs(1) ?? nowMs;
    return ageMs(this.#oldestMs, nowMs) >= hot_ms ? nowMs : undefined;
  }

  /** The book was set back to a time: payments that were archived since may be in there again. */
  bookWasSetBack(nowMs: number): void {
    this.#dependencies.segments.setInBook(nowMs - MAX_SET_BACK_MS);
    this.#isInBook = true;
  }

  /** Starts a pass if one is due. Never throws. */
  run(nowMs: number): void {
    const atMs = this.dueAtMs(nowMs);
    if (!this.#running && atMs !== undefined && atMs <= nowMs)
      void this.#start(nowMs, FEW_PAYMENTS);
  }

  /** Archives now whatever can be, also a few payments. Never throws; a failure is logged. */
  async runNow(): Promise<void> {
    await this.#dependencies.relays.drainAll(Date.now());
    while (this.#running) await this.#running;
    await this.#start(Date.now(), 1);
  }

  /** Runs work while no pass is under way, and lets none begin before the work has ended. @throws the work's fault */
  async alone<Value>(work: () => Promise<Value>): Promise<Value> {
    while (this.#running) await this.#running;
    const done = work();
    const ended = done.then(
      () => {},
      () => {},
    );
    this.#running = ended.finally(() => {
      this.#running = undefined;
    });
    return done;
  }

  /** @param few less payments than this wait for others */
  #start(nowMs: number, few: number): Promise<void> {
    this.#running ??= this.#pass(nowMs, few).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #pass(nowMs: number, few: number): Promise<void> {
    const { journal, log, hot_ms } = this.#dependencies;
    try {
      endRestored(this.#dependencies.sql, nowMs);
      let after = hot_ms > 0 ? 0 : Number.POSITIVE_INFINITY;
      while (after !== Number.POSITIVE_INFINITY) after = await this.#archiveNext(after, nowMs, few);
      await this.#removing;
      // Last, because a segment that is damaged must not keep others from being written.
      await emptyBook(this.#dependencies);
      this.#readIsInBook();
      journal.checkpoints.set("archive_passed_at_ms", nowMs);
      journal.state.write();
      this.#backoff = NO_BACKOFF;
    } catch (fault) {
      this.#backoff = afterFailure(this.#backoff, Date.now(), BACKOFF);
      const reason = fault instanceof ArchiveFault && { reason: fault.message };
      log("error", "archive.failed", { fault: describeFault(fault), ...reason });
    } finally {
      this.#removing = undefined;
      this.#oldestMs = null;
    }
  }

  #readIsInBook(): void {
    this.#isInBook = this.#dependencies.segments.firstInBook() !== undefined;
  }

  /** Archives one segment. @returns the position after which the next one begins; infinite when nothing is left */
  async #archiveNext(after: number, nowMs: number, few: number): Promise<number> {
    const { hot_ms } = this.#dependencies;
    const { payments, through } = await this.#select(after, nowMs);
    const isOld = payments.some(({ changed_at_ms }) => {
      return changed_at_ms < nowMs - hot_ms - hot_ms / WAIT_PART;
    });
    if (payments.length < few && !isOld) return through;
    const first = Math.min(...payments.map(({ created_at }) => Date.parse(created_at)));
    const within = payments.filter(
      ({ created_at }) => Date.parse(created_at) - first < MAX_SPAN_MS,
    );
    const moved = await this.#archive(within, nowMs);
    // What was left out of the segment is selected again.
    return moved > 0 && moved < payments.length ? after : through;
  }

  /** The final payments after a position, as many as fit into a segment. */
  async #select(
    after: number,
    nowMs: number,
  ): Promise<{ payments: FinalPayment[]; through: number }> {
    const { sql, relays, hot_ms } = this.#dependencies;
    const payments: FinalPayment[] = [];
    let through = after;
    while (payments.length < MAX_PAYMENTS) {
      const settled_through = relays.settledThrough();
      const bounds = { before_ms: nowMs - hot_ms, now_ms: nowMs, settled_through };
      const found = selectFinal(sql, through, bounds);
      payments.push(...found.payments);
      through = found.through;
      if (found.is_complete) {
        through = Number.POSITIVE_INFINITY;
        break;
      }
      await scheduler.wait(0);
    }
    if (payments.length <= MAX_PAYMENTS) return { payments, through };
    payments.length = MAX_PAYMENTS;
    return { payments, through: payments.at(-1)?.first_position ?? through };
  }

  /** Archives payments in one segment. @returns how many were moved */
  async #archive(payments: FinalPayment[], nowMs: number): Promise<number> {
    const { journal, segments, reader, log } = this.#dependencies;
    const [example] = payments;
    if (!example) return 0;
    const last = segments.last();
    const place = {
      shard: last?.shard ?? transactionObjectName(example.id, this.#dependencies.shards() ?? 0),
      number: (last?.number ?? 0) + 1,
      previous: last?.hash ?? null,
      sealed_at_ms: nowMs,
    };
    const sealed = new Map<string, SealedPayment>();
    const read = (keys: { id: string }[]) => readSealed(journal, keys, sealed);
    const { segment, too_large } = await buildSegment(place, payments, read, rest);
    if (too_large.length > 0) log("warn", "archive.too_large", { rows: too_large.length });
    if (!segment) return 0;
    await reader.store.write(segment);
    this.#isInBook = true;
    const moved = await movePayments(this.#dependencies, segment, payments, sealed);
    await this.#removing;
    this.#removing = this.#remove(moved, place.number);
    this.#removing.catch(() => {}); // The pass awaits it later.
    return moved.length;
  }

  /** Takes the payments of a segment out of the book, while the next segment is built. */
  async #remove(moved: MovedPayment[], number: number): Promise<void> {
    for (let from = 0; from < moved.length; from += MOVED_AT_ONCE) {
      await rest();
      await this.#dependencies.removeFromBook(moved.slice(from, from + MOVED_AT_ONCE));
    }
    this.#dependencies.segments.setOutOfBook(number);
    this.#readIsInBook();
  }
}
