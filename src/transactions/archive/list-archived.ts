/** Lists a merchant's payments from the segments of a shard, in the order of the lists and with a bounded number of reads. */
import type { ArchiveStore } from "../../archive/archive-store";
import type { ArchivedPayment } from "../../archive/line";
import type { Manifest, SegmentRef } from "../../archive/manifest";
import type { ListPlace } from "../../d1/transactions/list-source";
import type { ListFilter, Order } from "../../d1/transactions/select-rows";
import { GREATEST_ID, LEAST_ID, previousId } from "../../domain/identity/packed-id";
import { formatTime } from "../../domain/time/format-time";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Journal } from "../journal/journal";
import type { ArchivedItem, ArchivedPage, ArchiveQuery } from "../rpc";
import { MAX_SPAN_MS } from "./archiver";

/** Objects of R2 that one page reads, manifests and blocks of some 9 kB. */
const MAX_READS = 12;
/** Segments that are considered for one page, unless more of them begin before it. */
const MAX_SEGMENTS = 200;
/** What bounds a page. It may read more before it has come further than its cursor. */
const LIMITS = { reads: MAX_READS, segments: MAX_SEGMENTS };

/** Before and after all places. */
const FIRST_PLACE: ListPlace = { created_at: "0000-01-01T00:00:00.000Z", id: LEAST_ID };
const LAST_PLACE: ListPlace = { created_at: "9999-12-31T23:59:59.999Z", id: GREATEST_ID };

/** By which segments are in the order of a list. */
export const RANGE_COLUMNS: Record<Order, string> = {
  desc: "last_created_at_ms",
  asc: "first_created_at_ms",
};

type Range = SegmentRef & { first_ms: number; last_ms: number };

/** The payments of a page that are in this shard's segments. All up to the place `through` are among them.
 *  @throws ArchiveFault */
export async function listArchived(
  sql: SqlStorage,
  journal: Journal,
  store: ArchiveStore,
  query: ArchiveQuery,
  limits = LIMITS,
): Promise<ArchivedPage> {
  const { order, limit, after } = query;
  const isBefore = comparator(order);
  const { ranges, through } = readRanges(sql, query, limits.segments);
  const sources = ranges.map((range) => new Source(store, journal, query, range));
  const items: ArchivedItem[] = [];
  let reads = 0;
  while (true) {
    const next = sources.reduce<Source | undefined>((best, source) => {
      if (source.place === undefined) return best;
      return best?.place && !isBefore(source.place, best.place) ? best : source;
    }, undefined);
    const isCut = through && (!next?.place || !isBefore(next.place, through));
    if (isCut || !next?.place) return { items, through: through ?? null };
    const last = items.at(-1);
    if (last && items.length >= limit) return { items, through: last };
    const item = next.take();
    if (item) {
      items.push(item);
      continue;
    }
    const hasProgress = !after || isBefore(after, next.place);
    if (reads >= limits.reads && hasProgress) return { items, through: next.place };
    reads += await next.read();
  }
}

/** Whether a place is before another one in a list. */
function comparator(order: Order): (one: ListPlace, other: ListPlace) => boolean {
  const isLess = (one: ListPlace, other: ListPlace) =>
    one.created_at === other.created_at ? one.id < other.id : one.created_at < other.created_at;
  return order === "asc" ? isLess : (one, other) => isLess(other, one);
}

/** The segments that may have payments of a page, the first ones in order. `through`: the place from which on others may
 *  have some too. It is behind the start of the page, so that the page comes further: of segments that begin before that
 *  there may be more than the limit. */
function readRanges(
  sql: SqlStorage,
  { merchant_id, filter: { created }, after, order }: ArchiveQuery,
  limit: number,
): { ranges: Range[]; through: ListPlace | undefined } {
  const afterMs = after && Date.parse(after.created_at);
  const fromMs = Math.max(created?.from_ms ?? 0, order === "asc" ? (afterMs ?? 0) : 0);
  const endMs = Math.min(
    (created?.until_ms ?? Number.MAX_SAFE_INTEGER) - 1,
    order === "desc" ? (afterMs ?? Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER,
  );
  // A segment spans at most so much, so those that overlap an end are in one range of the index.
  const [least, most] =
    order === "desc" ? [fromMs, endMs + MAX_SPAN_MS] : [fromMs - MAX_SPAN_MS, endMs];
  const found = sql.exec<Range>(
    `SELECT segments.shard, segments.number, segments.hash,
         own.first_created_at_ms AS first_ms, own.last_created_at_ms AS last_ms
       FROM segment_merchants AS own JOIN segments ON segments.number = own.number
       WHERE own.merchant_id = ?1 AND own.${RANGE_COLUMNS[order]} BETWEEN ?2 AND ?3
         AND own.first_created_at_ms <= ?4 AND own.last_created_at_ms >= ?5
       ORDER BY own.${RANGE_COLUMNS[order]} ${order}`,
    merchant_id,
    least,
    most,
    endMs,
    fromMs,
  );
  const ranges: Range[] = [];
  for (const range of found) {
    const isBehind = order === "desc" ? range.last_ms < endMs : range.first_ms > fromMs;
    if (ranges.length >= limit && isBehind) return { ranges, through: startOf(range, order) };
    ranges.push(range);
  }
  return { ranges, through: undefined };
}

/** The place after which a segment may have payments. */
function startOf({ first_ms, last_ms }: Range, order: Order): ListPlace {
  const ms = order === "desc" ? last_ms : first_ms;
  return { created_at: formatTime(ms), id: order === "desc" ? GREATEST_ID : LEAST_ID };
}

/** The payments of one segment that a page may have, read block by block when the page comes to them. */
class Source {
  readonly #store: ArchiveStore;
  readonly #journal: Journal;
  readonly #query: ArchiveQuery;
  readonly #ref: SegmentRef;
  readonly #isBefore: (one: ListPlace, other: ListPlace) => boolean;
  /** The blocks to read, in order; undefined before the manifest was read. */
  #blocks: { at: number; place: ListPlace }[] | undefined;
  #items: ArchivedItem[] = [];
  #place: ListPlace | undefined;

  constructor(store: ArchiveStore, journal: Journal, query: ArchiveQuery, range: Range) {
    this.#store = store;
    this.#journal = journal;
    this.#query = query;
    const { shard, number, hash } = range;
    this.#ref = { shard, number, hash };
    this.#isBefore = comparator(query.order);
    const start = startOf(range, query.order);
    this.#place = query.after && this.#isBefore(start, query.after) ? query.after : start;
  }

  /** The place at which, or after which, there may be the next payment that was not taken; undefined when there is none. */
  get place(): ListPlace | undefined {
    const { order, filter } = this.#query;
    const { from_ms, until_ms } = filter.created ?? {};
    if (!this.#place) return undefined;
    const atMs = Date.parse(this.#place.created_at);
    const isPast =
      order === "desc"
        ? from_ms !== undefined && atMs < from_ms
        : until_ms !== undefined && atMs >= until_ms;
    return isPast ? undefined : this.#place;
  }

  /** The next payment; undefined when it has to be read first. */
  take(): ArchivedItem | undefined {
    const item = this.#items.shift();
    if (item) this.#place = this.#items[0] ?? this.#blocks?.[0]?.place;
    return item;
  }

  /** Reads the manifest or the next block. @returns the number of reads */
  async read(): Promise<number> {
    if (!this.#blocks) {
      this.#blocks = this.#select(await this.#store.readManifest(this.#ref));
    } else {
      const block = this.#blocks.shift();
      const payments = block ? await this.#store.readBlock(this.#ref, block.at) : [];
      const items = payments.flatMap((payment) => this.#toItem(payment, block?.at ?? 0));
      this.#items = this.#query.order === "desc" ? items.reverse() : items;
    }
    this.#place = this.#items[0] ?? this.#blocks[0]?.place;
    return 1;
  }

  /** The blocks that may have payments of the merchant after the cursor. Each begins where the one before ends. */
  #select({ blocks }: Manifest): { at: number; place: ListPlace }[] {
    const { merchant_id, order, after } = this.#query;
    const first = blocks.findLastIndex(({ first }) => first[0] < merchant_id);
    const own = [...blocks.keys()].filter((at) => {
      const [merchant] = blocks[at]?.first ?? [""];
      return at >= Math.max(0, first) && merchant <= merchant_id;
    });
    const placed = own.map((at) => {
      // The first payment of a block is its least one, that of the next block is above all of it.
      const edge = order === "desc" ? blocks[at + 1]?.first : blocks[at]?.first;
      const isOwn = edge !== undefined && edge[0] === merchant_id;
      const open = order === "desc" ? LAST_PLACE : FIRST_PLACE;
      // What is read begins after the place.
      const id = edge && (order === "desc" ? edge[2] : previousId(edge[2]));
      return { at, place: isOwn && id ? { created_at: edge[1], id } : open };
    });
    if (order === "desc") placed.reverse();
    const start = this.#place;
    const clipped = placed.map(({ at, place }) => ({
      at,
      place: start && this.#isBefore(place, start) ? start : place,
    }));
    // A block is passed when the next one begins before the cursor.
    const passed = placed.findLastIndex(({ place }) => after && this.#isBefore(place, after));
    return clipped.slice(Math.max(0, passed));
  }

  #toItem(payment: ArchivedPayment, block: number): ArchivedItem[] {
    const { merchant_id, after, filter } = this.#query;
    const last = payment.events.at(-1);
    if (!last || last.merchant_id !== merchant_id) return [];
    const { transaction_id: id } = last;
    const text = this.#currentText(id, block, last.data);
    if (text === undefined) return [];
    const transaction = JSON.parse(text) as Transaction; // Our own text.
    const { created_at, version } = transaction;
    if (after && !this.#isBefore(after, { created_at, id })) return [];
    return matches(transaction, filter) ? [{ created_at, id, version, text }] : [];
  }

  /** A payment of a segment as it is now: it may have been put back since, and have changed; undefined when a later segment
   *  has it. */
  #currentText(id: string, block: number, archived: string): string | undefined {
    const place = this.#journal.archived.placeOf(id);
    if (place?.segment === this.#ref.number && place.block === block) return archived;
    return place ? undefined : this.#journal.findText(id)?.data;
  }
}

function matches(transaction: Transaction, filter: ListFilter): boolean {
  const { user_id, status, created, currency, amount_minor: { gte, lte } = {} } = filter;
  const atMs = Date.parse(transaction.created_at);
  return (
    (user_id === undefined || transaction.user_id === user_id) &&
    (status === undefined || transaction.status === status) &&
    (currency === undefined || transaction.currency === currency) &&
    (gte === undefined || transaction.amount_minor >= gte) &&
    (lte === undefined || transaction.amount_minor <= lte) &&
    (created?.from_ms === undefined || atMs >= created.from_ms) &&
    (created?.until_ms === undefined || atMs < created.until_ms)
  );
}
