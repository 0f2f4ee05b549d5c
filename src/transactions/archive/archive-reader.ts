/** Reads payments of a shard from the archive, and keeps them in memory while requests are about them. */

import { ArchiveFault } from "../../archive/archive-fault";
import type { ArchiveStore } from "../../archive/archive-store";
import type { SegmentRef } from "../../archive/manifest";
import type { Log } from "../../observability/log";
import { NotHeld } from "../journal/archived/archived-payments";
import type { Journal } from "../journal/journal";
import type { Segments } from "./segments";

/** A segment is replaced when a customer's data is erased in it, so hardly ever twice during a read. */
const MOST_ATTEMPTS = 3;

export type ReaderDependencies = {
  journal: Journal;
  segments: Segments;
  /** Undefined when the deployment has no bucket. */
  store: ArchiveStore | undefined;
  log: Log;
};

export class ArchiveReader {
  readonly #dependencies: ReaderDependencies;

  constructor(dependencies: ReaderDependencies) {
    this.#dependencies = dependencies;
  }

  /** Runs work that reads these transactions. Those in the archive are read from there first; without any the work runs at
   *  once. @param unavailable the result when the archive cannot be read */
  withHeld<Result, Refused>(
    ids: string[],
    work: () => Result,
    unavailable: Refused,
  ): Result | Refused | Promise<Awaited<Result> | Refused> {
    const { journal } = this.#dependencies;
    const archived = journal.selectArchived(ids);
    if (archived.length > 0) return this.#withRead(archived, work, unavailable);
    const result = work();
    if (!(result instanceof Promise)) return result;
    return result.catch((fault) => {
      if (!(fault instanceof NotHeld)) throw fault;
      // It was archived after the work had begun. The work has changed nothing.
      return this.#withRead(journal.selectArchived(ids), work, unavailable);
    });
  }

  async #withRead<Result, Refused>(
    ids: string[],
    work: () => Result,
    unavailable: Refused,
  ): Promise<Awaited<Result> | Refused> {
    const releases: (() => void)[] = [];
    try {
      const reads = ids.map(async (id) => releases.push(await this.#hold(id)));
      // Also after one has failed: what another one holds is to be released.
      await Promise.allSettled(reads);
      await Promise.all(reads);
      return await work();
    } catch (fault) {
      // One that came back and was archived again meanwhile is not held. The work has changed nothing either.
      if (!(fault instanceof NotHeld)) this.#logUnavailable(fault);
      return unavailable;
    } finally {
      for (const release of releases) release();
    }
  }

  /** Reads a payment, and keeps it in memory if it was not put back meanwhile.
   *  @returns what releases it
   *  @throws ArchiveFault */
  async #hold(id: string): Promise<() => void> {
    const { archived } = this.#dependencies.journal;
    const place = archived.placeOf(id);
    if (!place) return () => {};
    const payment = await this.readSegment(place.segment, (ref) =>
      this.store.find(ref, place.block, id),
    );
    if (!payment) return () => {};
    const now = archived.placeOf(id);
    const isThere = now?.segment === place.segment && now.block === place.block;
    return isThere ? archived.hold(id, payment) : () => {};
  }

  /** Reads a segment, again when it was replaced meanwhile, which deletes its objects.
   *  @returns undefined when there is no such segment. @throws ArchiveFault */
  async readSegment<Value>(
    number: number,
    read: (ref: SegmentRef) => Promise<Value>,
  ): Promise<Value | undefined> {
    const { segments } = this.#dependencies;
    let ref = segments.find(number);
    for (let attempt = 1; ref; attempt += 1) {
      try {
        return await read(ref);
      } catch (fault) {
        const now = segments.find(number);
        if (now?.hash === ref.hash || attempt === MOST_ATTEMPTS) throw fault;
        ref = now;
      }
    }
    return undefined;
  }

  /** The result of work that reads the archive; undefined, and a line in the log, when the archive cannot be read. */
  async read<Result>(work: (store: ArchiveStore) => Promise<Result>): Promise<Result | undefined> {
    const { segments } = this.#dependencies;
    for (let attempt = 1; ; attempt += 1) {
      const { replacements } = segments;
      try {
        return await work(this.store);
      } catch (fault) {
        if (segments.replacements !== replacements && attempt < MOST_ATTEMPTS) continue;
        this.#logUnavailable(fault);
        return undefined;
      }
    }
  }

  /** @throws a fault that is not the archive's */
  #logUnavailable(fault: unknown): void {
    if (!(fault instanceof ArchiveFault)) throw fault;
    this.#dependencies.log("error", "archive.failed", { reason: fault.message });
  }

  /** The store. @throws ArchiveFault when the deployment has no bucket */
  get store(): ArchiveStore {
    const { store } = this.#dependencies;
    if (!store) throw new ArchiveFault("unavailable", "segments/", "there is no binding ARCHIVE");
    return store;
  }
}
