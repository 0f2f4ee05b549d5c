/** The transactions that changed or were read last, in memory. Most calls come within seconds of a transaction's last
 *  change. Does not read storage. */
import type { Transaction } from "../../domain/transaction/transaction";
import { BoundedCache } from "../../runtime/bounded-cache";

/** The current state of a transaction. */
export type CachedTransaction = {
  merchant_id: string;
  /** Its JSON text. */
  data: string;
  /** The same, parsed; undefined until a command needs it. */
  transaction: Transaction | undefined;
  /** The position of its first event. */
  first_position: number;
};

/** Some 5,000 transactions of common size. With the parsed objects that is about 10 of the object's 128 MB. */
const MAX_CHARACTERS = 4_000_000;
/** Ids without a transaction. An evicted one is looked up in storage again. */
const MAX_ABSENT = 10_000;

export class TransactionCache {
  readonly #transactions = new BoundedCache<CachedTransaction>({
    max_weight: MAX_CHARACTERS,
    weigh: ({ data }) => data.length,
  });
  readonly #absent = new BoundedCache<true>({ max_entries: MAX_ABSENT });

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

  set(transactionId: string, transaction: CachedTransaction): void {
    this.#transactions.set(transactionId, transaction);
    this.#absent.delete(transactionId);
  }
}
