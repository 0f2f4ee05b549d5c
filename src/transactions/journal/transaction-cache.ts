/** The transactions that changed or were read last, in memory. Most calls come within seconds of a transaction's last
 *  change. Does not read storage. */
import type { ArchivedPayment } from "../../archive/line";
import type { EventRecord } from "../../domain/transaction/event";
import type { Members } from "../../domain/transaction/stored/packed-text";
import type { Transaction } from "../../domain/transaction/transaction";
import { BoundedCache } from "../../runtime/bounded-cache";
import { CachePartition } from "../../runtime/cache-partition";

/** The current state of a transaction. */
export type CachedTransaction = {
  merchant_id: string;
  /** Its JSON text. */
  data: string;
  /** The same, parsed; undefined until a command needs it. */
  transaction: Transaction | undefined;
  /** The position of its first event. */
  first_position: number;
  /** The transaction as of its first event; most of its values are those of `transaction`. */
  first: Members;
};

/** For all shards of the isolate: some 7,000 transactions of common size. With the parsed objects that is about 25 of the
 *  isolate's 128 MB. */
const transactions = new BoundedCache<CachedTransaction>({
  max_weight: 4_000_000,
  weigh: ({ data }) => data.length,
});
/** Ids without a transaction. An evicted one is looked up in storage again. */
const absent = new BoundedCache<true>({ max_entries: 20_000 });

export class TransactionCache {
  readonly #transactions = new CachePartition(transactions);
  readonly #absent = new CachePartition(absent);

  get(transactionId: string): CachedTransaction | undefined {
    return this.#transactions.get(transactionId);
  }

  /** Whether storage has no such transaction. False also when it was not looked up. */
  isAbsent(transactionId: string): boolean {
    return this.#absent.has(transactionId);
  }

  setAbsent(transactionId: string): void {
    this.#absent.set(transactionId, true);
  }

  delete(transactionId: string): void {
    this.#transactions.delete(transactionId);
  }

  set(transactionId: string, transaction: CachedTransaction): void {
    this.#transactions.set(transactionId, transaction);
    this.#absent.delete(transactionId);
  }
}

/** @param first the transaction as of its first event */
export function toCached(
  { merchant_id, data, first_position }: EventRecord,
  first: Members,
): CachedTransaction {
  return { merchant_id, data, transaction: undefined, first_position, first };
}

/** A payment from the archive in the same form. It is not cached, because it has to be held while it is read. */
export function toArchived({ events }: ArchivedPayment): CachedTransaction {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) throw new Error("an archived payment without events");
  return toCached(last, JSON.parse(first.data) as Members); // Our own text.
}
