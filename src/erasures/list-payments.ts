/** Finds a customer's payments in the merchant's list, which goes on in the archive. */
import type { Config } from "../config";
import { findBook } from "../d1/books/books";
import { findPointer, followPointers, readBook } from "../d1/books/moves/pointers";
import { openDatabase } from "../d1/query";
import { listTransactions } from "../d1/transaction-queries";
import type { ListPlace } from "../d1/transactions/list-source";
import type { ErasedCustomer } from "../domain/erasure/erase-texts";
import { shardName } from "../domain/identity/id";
import type { Transaction } from "../domain/transaction/transaction";
import type { BookBindings, Env } from "../env";
import { callObject } from "../runtime/object-stub";
import { FIRST_BOOK } from "../settings";
import { continueInArchive, reachesArchive } from "../transactions/client";

const PAGE_PAYMENTS = 100;
/** A shard waits two seconds for D1 at most. */
const REFRESH_LIMIT_MS = 2_500;

export type Lister = {
  env: Pick<Env, "TRANSACTIONS"> & BookBindings;
  config: Pick<Config, "transaction_shards" | "books">;
};

/** The list cannot be shown to be complete. */
class IncompleteList extends Error {
  override readonly name = "IncompleteList";
}

/** Has every shard write what it has outstanding, so that the list has all that was confirmed before. Objects with a single
 *  transaction have written theirs before they responded. @throws IncompleteList, or the fault of a shard */
export async function refreshList(
  { env, config }: Lister,
  { merchant_id }: ErasedCustomer,
): Promise<void> {
  const names = Array.from({ length: config.transaction_shards }, (_, shard) => shardName(shard));
  const calls = names.map((name) =>
    callObject(env.TRANSACTIONS, name, (shard) => shard.refreshBook(merchant_id), {
      limit_ms: REFRESH_LIMIT_MS,
    }),
  );
  const missing = await Promise.all(calls);
  if (missing.some((since) => since !== null)) throw new IncompleteList("D1 is not up to date");
}

/** The ids of a page that are to be erased, and where the next one begins; null after the last page.
 *  @throws IncompleteList, DatabaseUnavailable */
export async function listPayments(
  { env, config }: Lister,
  { merchant_id, user_id, through_ms }: ErasedCustomer,
  after: ListPlace | null,
): Promise<{ ids: string[]; next: ListPlace | null }> {
  const created = { from_ms: 0, until_ms: through_ms + 1 };
  const place = after ?? undefined;
  const query = {
    ...{ merchant_id, filter: { user_id, created }, after: place },
    ...{ order: "desc" as const, limit: PAGE_PAYMENTS },
  };
  const { archived_through_ms, ...book } = await listTransactions(
    openDatabase(findBook(env, await findOwnBook({ env, config }, merchant_id))),
    merchant_id,
    query.filter,
    place,
    PAGE_PAYMENTS,
  );
  const page = reachesArchive(book, query, archived_through_ms)
    ? await continueInArchive({ env, config }, book, query)
    : book;
  if (!page) throw new IncompleteList("the archive cannot be read");
  const found = page.items.map((text) => JSON.parse(text) as Transaction); // Our own texts.
  // A merchant may have a customer of the name that erased payments get.
  const ids = found.filter(({ erased_at }) => erased_at === undefined).map(({ id }) => id);
  return { ids, next: page.next ?? null };
}

/** The merchant's book. After the directory was set back that is the one to which the books point, as for other readers. */
async function findOwnBook({ env, config }: Lister, merchantId: string): Promise<number> {
  if (config.books === FIRST_BOOK) return FIRST_BOOK;
  const book = await readBook(env, merchantId);
  return followPointers(env, merchantId, book, await findPointer(env, merchantId, book));
}
