/** The transactions that a shard holds in memory: those that changed or were asked for last. A transaction
 *  is mostly asked for again within seconds of its last change. Knows nothing of where they are kept. */
import type { Transaction } from "../../domain/transaction/transaction";
import { BoundedCache } from "../../runtime/bounded-cache";

/** A transaction as it is now: its JSON text, itself once somebody has wanted to know what is in it, and where
 *  its first event is. */
export type CachedTransaction = {
  merchant_id: string;
  data: string;
  transaction: Transaction | undefined;
  first_position: number;
};

/** Text kept at most: some 5,000 transactions of common size. With the objects made of it that is about
 *  10 of the object's 128 megabytes. */
const MAX_CHARACTERS = 4_000_000;
/** Ids that are known to have no transaction; they are asked for once more when they are forgotten. */
const MAX_ABSENT = 10_000;

export class TransactionCache {
  readonly #kept = new BoundedCache<CachedTransaction>({
    max_weight: MAX_CHARACTERS,
    weigh: ({ data }) => data.length,
  });
  readonly #absent = new BoundedCache<true>({ max_entries: MAX_ABSENT });

  get(transactionId: string): CachedTransaction | undefined {
    return this.#kept.get(transactionId);
  }

  /** Whether it is known that there is no such transaction. */
  isAbsent(transactionId: string): boolean {
    return this.#absent.has(transactionId);
  }

  setAbsent(transactionId: string): void {
    this.#absent.set(transactionId, true);
  }

  keep(transactionId: string, kept: CachedTransaction): void {
    this.#kept.set(transactionId, kept);
    this.#absent.delete(transactionId);
  }
}
