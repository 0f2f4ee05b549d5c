/** A shard with an archive, without its object and with R2 in memory. */
import { ArchiveStore } from "../../src/archive/archive-store";
import { deriveTransactionId } from "../../src/domain/identity/id";
import type { EventRecord } from "../../src/domain/transaction/event";
import type { CreateRequest } from "../../src/domain/transaction/idempotency";
import { ArchiveReader } from "../../src/transactions/archive/archive-reader";
import { Archiver } from "../../src/transactions/archive/archiver";
import { BookRemovals, type MovedPayment } from "../../src/transactions/archive/empty-book";
import { eraseArchived } from "../../src/transactions/archive/erase-archived";
import { restoreSegment } from "../../src/transactions/archive/restore";
import { Segments } from "../../src/transactions/archive/segments";
import { type Command, execute } from "../../src/transactions/commands/command";
import { Counters } from "../../src/transactions/counters";
import { Journal } from "../../src/transactions/journal/journal";
import type { ArchiveErased, ArchiveErasure } from "../../src/transactions/rpc";
import { basisOf, LIVE, MERCHANT, requestOf, TRACEPARENT } from "./examples";
import { MemoryBucket } from "./memory-bucket";
import { type MemoryStorage, memoryStorage } from "./sqlite";

/** How long a final payment stays in the tables. */
export const HOT_MS = 1_000;

/** Its tables and its bucket, and the parts of its object, which a restart makes anew. */
export class ArchivingShard {
  readonly storage: MemoryStorage = memoryStorage();
  readonly r2 = new MemoryBucket();
  readonly removed: MovedPayment[] = [];
  /** How many there are; a shard has the name of its first payment's. */
  shards = 4;
  /** Read by a restart. */
  hotMs = HOT_MS;
  /** For each call of R2. */
  limitMs = 60_000;
  removeFromBook = async (payments: MovedPayment[]) => {
    this.removed.push(...payments);
  };
  /** The position up to which every destination has every event. */
  settledThrough = (): number => this.journal.lastPosition;
  journal!: Journal;
  store!: ArchiveStore;
  reader!: ArchiveReader;
  archiver!: Archiver;
  segments!: Segments;

  constructor() {
    this.restart();
  }

  restart(): void {
    const { sql, transactionSync } = this.storage;
    const journal = new Journal(sql);
    const segments = new Segments(sql, journal.archived);
    const store = new ArchiveStore(this.r2.bucket, { timeout_ms: this.limitMs });
    const reader = new ArchiveReader({ journal, segments, store, log: () => {} });
    const removals = new BookRemovals(journal.archived, (some) => this.removeFromBook(some));
    this.journal = journal;
    this.segments = segments;
    this.store = store;
    this.reader = reader;
    this.archiver = new Archiver({
      journal,
      sql,
      transactionSync,
      segments,
      reader,
      counters: new Counters(journal.state, true),
      log: () => {},
      hot_ms: this.hotMs,
      relays: {
        drainAll: async () => {},
        storeCheckpoints: () => {
          journal.checkpoints.set("book_delivered_through", this.settledThrough());
        },
        settledThrough: () => this.settledThrough(),
      },
      shards: () => this.shards,
      removeFromBook: (payments) => removals.remove(payments),
    });
  }

  /** Makes a step of an erasure, as a call does. */
  erase(erasure: ArchiveErasure, nowMs: number): Promise<ArchiveErased> {
    const { journal, segments, reader } = this;
    const { transactionSync } = this.storage;
    const sync = async () => {};
    const parts = { journal, segments, reader, transactionSync, sync };
    return this.archiver.alone(() => eraseArchived(parts, erasure, nowMs));
  }

  /** Executes a command as a request does. */
  async execute(command: Command, nowMs: number) {
    return this.reader.withHeld(
      [command.transaction_id],
      () => {
        const { journal } = this;
        const basis = journal.has(command.transaction_id) ? undefined : basisOf();
        const result = execute(journal, command, basis, LIVE, nowMs);
        journal.write();
        return result;
      },
      "unavailable" as const,
    );
  }

  /** Makes a payment that is final at once. */
  async pay(key: string, nowMs: number, fields: Partial<CreateRequest> = {}): Promise<void> {
    const transaction_id = deriveTransactionId(MERCHANT, key);
    const about = { merchant_id: MERCHANT, transaction_id, traceparent: TRACEPARENT };
    const request = requestOf(fields);
    await this.execute({ kind: "create", ...about, idempotency_key: key, request }, nowMs);
    await this.execute({ kind: "cancel", ...about }, nowMs);
  }

  /** Puts a segment's payments back, as an operator does. */
  async restore(
    number: number,
    untilMs: number,
    writeBook: (events: EventRecord[]) => Promise<void> = async () => {},
  ): Promise<number | null> {
    const { journal, storage, reader } = this;
    return restoreSegment({ ...storage, journal, reader, writeBook }, number, untilMs);
  }
}
