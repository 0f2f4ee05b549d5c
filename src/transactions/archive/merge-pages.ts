/** Continues a list in the archive: a page of the book and those of the shards become one page in the same order. */
import type { Config } from "../../config";
import type { Page } from "../../d1/transaction-queries";
import type { ListPlace } from "../../d1/transactions/list-source";
import type { Order } from "../../d1/transactions/select-rows";
import { shardName } from "../../domain/identity/id";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Env } from "../../env";
import { callObject } from "../../runtime/object-stub";
import type { ArchivedItem, ArchivedPage, ArchiveQuery } from "../rpc";

/** A shard reads some ten objects of R2 for a page. */
const CALL_LIMIT_MS = 10_000;

export type Lister = {
  env: Pick<Env, "TRANSACTIONS">;
  config: Pick<Config, "transaction_shards">;
};

/** Whether a page may lack archived transactions.
 *  @param page of the book
 *  @param throughMs the newest `created_at` of the merchant's archived transactions; null when there are none */
export function reachesArchive(
  page: Page<ListPlace>,
  { filter: { created }, after, order }: Pick<ArchiveQuery, "filter" | "after" | "order">,
  throughMs: number | null,
): boolean {
  if (throughMs === null) return false;
  if (created?.from_ms !== undefined && created.from_ms > throughMs) return false;
  const bound = order === "asc" ? after : page.hasMore ? page.next : undefined;
  return bound === undefined || Date.parse(bound.created_at) <= throughMs;
}

/** The page with the archived transactions that belong to it; null when some shard does not respond, or cannot read its archive.
 *  The page may be shorter than its limit, or empty, though there is a next one. */
export async function continueInArchive(
  { env, config }: Lister,
  page: Page<ListPlace>,
  query: ArchiveQuery,
): Promise<Page<ListPlace> | null> {
  const names = Array.from({ length: config.transaction_shards }, (_, shard) => shardName(shard));
  const limits = { limit_ms: CALL_LIMIT_MS };
  const replies = names.map((name) =>
    callObject(env.TRANSACTIONS, name, (shard) => shard.listArchived(query), limits),
  );
  const pages = await Promise.all(replies.map((reply) => reply.catch(() => null)));
  const archived = pages.filter((one) => one !== null);
  return archived.length < pages.length ? null : mergePages(page, archived, query);
}

/** @param book complete up to `next`, or altogether
 *  @param archived each complete up to `through`, or altogether */
export function mergePages(
  book: Page<ListPlace>,
  archived: ArchivedPage[],
  { order, limit }: { order: Order; limit: number },
): Page<ListPlace> {
  const inOrder = (one: ListPlace, other: ListPlace): number =>
    (order === "asc" ? 1 : -1) * comparePlaces(one, other);
  const ends = [book.hasMore ? book.next : undefined, ...archived.map(({ through }) => through)];
  const [end] = ends.filter((place) => place != null).toSorted(inOrder);
  const newest = new Map<string, ArchivedItem>();
  for (const item of [...book.items.map(toItem), ...archived.flatMap(({ items }) => items)]) {
    // A transaction is in both while it moves from one to the other.
    if (item.version > (newest.get(item.id)?.version ?? 0)) newest.set(item.id, item);
  }
  const complete = [...newest.values()]
    .filter((item) => !end || inOrder(item, end) <= 0)
    .toSorted(inOrder);
  const items = complete.slice(0, limit);
  const last = items.at(-1);
  const isCut = complete.length > limit && last !== undefined;
  const next = isCut ? { created_at: last.created_at, id: last.id } : end;
  return { items: items.map(({ text }) => text), hasMore: next !== undefined, next };
}

function toItem(text: string): ArchivedItem {
  const { created_at, id, version } = JSON.parse(text) as Transaction; // Its owner stored it.
  return { created_at, id, version, text };
}

function comparePlaces(one: ListPlace, other: ListPlace): number {
  if (one.created_at !== other.created_at) return one.created_at < other.created_at ? -1 : 1;
  return one.id < other.id ? -1 : Number(one.id > other.id);
}
