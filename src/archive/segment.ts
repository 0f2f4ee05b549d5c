/** Builds a segment: payments in the order of merchant and time, in blocks of which each is a gzip member of its own. The
 *  members one after another are one ordinary `.ndjson.gz` file, and one of them is read without the others. */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { hashSha256Hex } from "../domain/identity/sha256";
import { formatTime } from "../domain/time/format-time";
import type { EventRecord } from "../domain/transaction/event";
import { type ArchivedPayment, toLine } from "./line";
import {
  type Contents,
  compareKeys,
  MAX_PAYMENTS,
  type Manifest,
  type ManifestBlock,
  type SegmentPlace,
  type SegmentRef,
  type SortKey,
  toManifest,
} from "./manifest";

/** Some 9 kB compressed: a payment is read with few others. Larger blocks save less than a twentieth. */
const BLOCK_PAYMENTS = 64;
/** A block with so much text is full. Only payments with far more text than usual fill it. */
const FULL_BLOCK_BYTES = 262_144;
/** A longer line is not archived: it would be in memory several times, and an isolate has 128 MB. */
export const MAX_LINE_BYTES = 8 * 1_048_576;
/** The most text that a block has. */
export const MAX_BLOCK_BYTES = FULL_BLOCK_BYTES + MAX_LINE_BYTES;
/** A segment with so much data gets no further block: it is in memory until it is written. */
const FULL_SEGMENT_BYTES = 8 * 1_048_576;

/** `places`: in which block each payment is, by its id. */
export type Segment = {
  ref: SegmentRef;
  manifest: Manifest;
  manifest_bytes: Uint8Array;
  data: Uint8Array;
  places: Map<string, number>;
};

/** `segment`: undefined when no payment fits. `too_large`: ids of payments that cannot be archived. */
export type BuiltSegment = { segment: Segment | undefined; too_large: string[] };

/** Reads payments, in the order of the keys. They may be given one after another, so that only one is in memory. */
export type ReadPayments = (keys: SortKey[]) => Iterable<ArchivedPayment>;

/** Builds the next segment of a shard, without writing it. Other work runs between two blocks.
 *  @param keys at most 1,024. When the segment is full before its last one, the others are not in `places`.
 *  @param rest resolves when the next block may be built */
export async function buildSegment(
  place: SegmentPlace,
  keys: SortKey[],
  read: ReadPayments,
  rest: () => Promise<void> = nextTurn,
): Promise<BuiltSegment> {
  if (keys.length > MAX_PAYMENTS) throw new Error("too many payments for a segment");
  const builder = new SegmentBuilder(read);
  let waiting = keys.toSorted(compareKeys);
  while (waiting.length > 0 && builder.bytes < FULL_SEGMENT_BYTES) {
    waiting = waiting.slice(builder.addBlock(waiting.slice(0, BLOCK_PAYMENTS)));
    if (waiting.length > 0) await rest();
  }
  return { segment: builder.seal(place), too_large: builder.tooLarge };
}

class SegmentBuilder {
  readonly #read: ReadPayments;
  readonly #blocks: ManifestBlock[] = [];
  readonly #data: Uint8Array[] = [];
  readonly #archived: SortKey[] = [];
  readonly #places = new Map<string, number>();
  readonly tooLarge: string[] = [];
  bytes = 0;
  #events = 0;
  #positions = { first: Number.POSITIVE_INFINITY, last: 0 };

  constructor(read: ReadPayments) {
    this.#read = read;
  }

  /** Reads payments and adds a block of them. @returns how many of them are done */
  addBlock(keys: SortKey[]): number {
    const lines: Uint8Array[] = [];
    const archived: SortKey[] = [];
    let textBytes = 0;
    let done = 0;
    for (const payment of this.#read(keys)) {
      const key = keys[done];
      if (!key) throw new Error("more payments than keys");
      checkKey(key, payment.events[0]);
      done += 1;
      const line = Buffer.from(`${toLine(payment)}\n`);
      if (line.byteLength > MAX_LINE_BYTES) {
        this.tooLarge.push(key.id);
        continue;
      }
      lines.push(line);
      archived.push(key);
      this.#countEvents(payment.events);
      textBytes += line.byteLength;
      if (textBytes >= FULL_BLOCK_BYTES) break;
    }
    if (done === 0) throw new Error("fewer payments than keys");
    this.#append(archived, compressLines(lines));
    return done;
  }

  /** The segment of all blocks; undefined without any. */
  seal(place: SegmentPlace): Segment | undefined {
    const contents = this.#contents();
    if (!contents) return undefined;
    const data = new Uint8Array(Buffer.concat(this.#data));
    return toSegment(toManifest(place, data, contents), data, this.#places);
  }

  #append(archived: SortKey[], data: Uint8Array): void {
    const [first] = archived;
    if (!first) return;
    for (const { id } of archived) this.#places.set(id, this.#blocks.length);
    this.#archived.push(...archived);
    this.#blocks.push({
      offset: this.bytes,
      bytes: data.byteLength,
      sha256: hashSha256Hex(data),
      payments: archived.length,
      first: [first.merchant_id, first.created_at, first.id],
    });
    this.#data.push(data);
    this.bytes += data.byteLength;
  }

  #countEvents(events: EventRecord[]): void {
    this.#events += events.length;
    for (const { position } of events) {
      this.#positions.first = Math.min(this.#positions.first, position);
      this.#positions.last = Math.max(this.#positions.last, position);
    }
  }

  #contents(): Contents | undefined {
    const times = this.#archived.map(({ created_at }) => created_at).sort();
    const [first_created_at, last_created_at] = [times[0], times.at(-1)];
    if (first_created_at === undefined || last_created_at === undefined) return undefined;
    return {
      payments: this.#archived.length,
      events: this.#events,
      first_position: this.#positions.first,
      last_position: this.#positions.last,
      first_created_at,
      last_created_at,
      blocks: this.#blocks,
      merchants: countMerchants(this.#archived),
    };
  }
}

/** A segment of a manifest and the bytes that it describes. */
export function toSegment(
  manifest: Manifest,
  data: Uint8Array,
  places: Map<string, number>,
): Segment {
  const manifest_bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const { shard, number } = manifest;
  const ref = { shard, number, hash: hashSha256Hex(manifest_bytes) };
  return { ref, manifest, manifest_bytes, data, places };
}

/** The bytes of a block. @param lines each with its line break */
export function compressLines(lines: Uint8Array[]): Uint8Array {
  return gzipSync(Buffer.concat(lines));
}

/** @param keys in order */
function countMerchants(keys: SortKey[]): Manifest["merchants"] {
  const merchants = Map.groupBy(keys, ({ merchant_id }) => merchant_id);
  return [...merchants].map(([merchant_id, own]) => {
    const [first, last] = [own[0], own.at(-1)] as [SortKey, SortKey]; // A group has a member.
    return [merchant_id, own.length, first.created_at, last.created_at];
  });
}

/** What a payment is found by. @param first its first event */
export function toSortKey(first: EventRecord): SortKey {
  const created_at = formatTime(first.created_at_ms);
  return { merchant_id: first.merchant_id, created_at, id: first.transaction_id };
}

/** @throws Error when the payment that was read is another one */
function checkKey(key: SortKey, first: EventRecord | undefined): void {
  if (!first || compareKeys(toSortKey(first), key) !== 0) {
    throw new Error("another payment than its key says");
  }
}

/** Lets requests that arrived meanwhile run. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
