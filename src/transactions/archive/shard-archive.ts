/** What a shard does with the archive: reads of archived payments, and the passes that archive others. */
import { ArchiveStore } from "../../archive/archive-store";
import type { Config } from "../../config";
import { restoreListed } from "../../d1/transactions/move-earlier";
import { removeArchived } from "../../d1/transactions/remove-archived";
import type { Env } from "../../env";
import type { Log } from "../../observability/log";
import type { Counters } from "../counters";
import type { Journal } from "../journal/journal";
import type { MerchantBooks } from "../outbox/merchant-books";
import type { OutboxRelays } from "../outbox/relays";
import {
  type ArchivedPage,
  type ArchiveErased,
  type ArchiveErasure,
  type ArchiveQuery,
  archiveUnavailable,
  type SegmentInfo,
} from "../rpc";
import { ArchiveReader } from "./archive-reader";
import { Archiver } from "./archiver";
import { BookRemovals } from "./empty-book";
import { eraseArchived, NOTHING_LEFT } from "./erase-archived";
import { listArchived } from "./list-archived";
import { restoreSegment } from "./restore";
import { Segments } from "./segments";

/** Segments of one answer. */
const MAX_SEGMENTS = 500;
/** For each call of R2. */
const R2_TIMEOUT_MS = 5_000;

type Dependencies = {
  storage: DurableObjectStorage;
  journal: Journal;
  relays: OutboxRelays;
  counters: Counters;
  books: MerchantBooks;
  env: Pick<Env, "ARCHIVE">;
  config: Pick<Config, "hot_ms" | "transaction_shards">;
  log: Log;
  shards: () => number | undefined;
};

export class ShardArchive {
  readonly #dependencies: Dependencies;
  readonly #sql: SqlStorage;
  readonly #journal: Journal;
  readonly #reader: ArchiveReader;
  readonly #segments: Segments;
  readonly #removals: BookRemovals;
  /** Undefined when nothing is archived: without a bucket, or with an object for each transaction, whose name says where it
   *  is for ever. */
  readonly archiver: Archiver | undefined;

  constructor(dependencies: Dependencies) {
    const { storage, journal, env, config, log } = dependencies;
    const { sql } = storage;
    this.#dependencies = dependencies;
    this.#sql = sql;
    this.#journal = journal;
    this.#segments = new Segments(sql, journal.archived);
    const store = env.ARCHIVE && new ArchiveStore(env.ARCHIVE, { timeout_ms: R2_TIMEOUT_MS });
    this.#reader = new ArchiveReader({ journal, segments: this.#segments, store, log });
    this.#removals = new BookRemovals(journal.archived, (payments) =>
      dependencies.books.each(payments, removeArchived),
    );
    const isArchived = store && config.transaction_shards > 0;
    this.archiver = isArchived
      ? new Archiver({
          ...dependencies,
          sql,
          transactionSync: (work) => storage.transactionSync(work),
          segments: this.#segments,
          reader: this.#reader,
          hot_ms: config.hot_ms,
          removeFromBook: (payments) => this.#removals.remove(payments),
        })
      : undefined;
  }

  /** Runs work that reads these transactions or changes them. Those in the archive are read from there first; without any the
   *  work begins at once. @returns the work's result, or a refusal when the archive cannot be read */
  withHeld<Result>(
    ids: string[],
    work: () => Result,
  ): Result | typeof archiveUnavailable | Promise<Awaited<Result> | typeof archiveUnavailable> {
    return this.#reader.withHeld(ids, work, archiveUnavailable);
  }

  /** Archived payments of a list; null when the archive cannot be read. */
  async list(query: ArchiveQuery): Promise<ArchivedPage | null> {
    const list = (store: ArchiveStore) => listArchived(this.#sql, this.#journal, store, query);
    return (await this.#reader.read(list)) ?? null;
  }

  /** Puts a segment's payments back into the tables and the book.
   *  @param untilMs until when they are not archived again
   *  @returns how many; null when there is no such segment
   *  @throws ArchiveFault, or a fault of D1, after which it is to be repeated */
  restore(number: number, untilMs: number): Promise<number | null> {
    const { storage, books, journal } = this.#dependencies;
    return restoreSegment(
      {
        journal,
        sql: this.#sql,
        transactionSync: (work) => storage.transactionSync(work),
        reader: this.#reader,
        writeBook: async (events) => {
          await this.#removals.ended();
          await books.each(events, restoreListed);
        },
      },
      number,
      untilMs,
    );
  }

  /** Erases a customer's data in the next segment or object. May be repeated. @throws ArchiveFault */
  erase(erasure: ArchiveErasure): Promise<ArchiveErased> {
    const { storage, env } = this.#dependencies;
    if (!env.ARCHIVE && !this.#segments.last()) return Promise.resolve(NOTHING_LEFT);
    const step = () =>
      eraseArchived(
        {
          journal: this.#journal,
          segments: this.#segments,
          reader: this.#reader,
          transactionSync: (work) => storage.transactionSync(work),
          sync: () => storage.sync(),
        },
        erasure,
        Date.now(),
      );
    return this.archiver ? this.archiver.alone(step) : step();
  }

  /** Segments after a number, in order. */
  segments(after: number): SegmentInfo[] {
    return this.#segments.list(after, MAX_SEGMENTS);
  }
}
