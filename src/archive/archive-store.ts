/** Writes segments to R2 and reads them. Everything that is read is compared with the hash that proves it before it is used. */
import { gunzipSync } from "node:zlib";
import { hashSha256Hex } from "../domain/identity/sha256";
import { BoundedCache } from "../runtime/bounded-cache";
import { TimeoutError, withTimeout } from "../runtime/with-timeout";
import { ArchiveFault } from "./archive-fault";
import { type ArchivedPayment, fromLine } from "./line";
import {
  ARCHIVE_PREFIX,
  type Manifest,
  type ManifestBlock,
  manifestKey,
  parseManifest,
  type SegmentRef,
} from "./manifest";
import { MAX_BLOCK_BYTES, type Segment } from "./segment";

/** `timeout_ms`: for each call of the bucket. */
export type ArchiveLimits = { timeout_ms: number };

/** A manifest of 1,024 merchants and 1,024 blocks has a fifth of this. */
const MAX_MANIFEST_BYTES = 2 * 1_048_576;
/** Some 200 manifests of segments of one merchant. A parsed manifest takes a few times its bytes. */
const MAX_CACHED_BYTES = 1_048_576;
/** The code of R2's error for a range that begins after the end of the object. */
const RANGE_NOT_SATISFIABLE = /\(10039\)/;

/** Of all objects of this isolate: a manifest is found by its hash, so it is the same for everyone. */
const manifests = new BoundedCache<{ manifest: Manifest; bytes: number }>({
  max_weight: MAX_CACHED_BYTES,
  weigh: ({ bytes }) => bytes,
});

/** A page of the bucket's objects. */
export type ListedObjects = {
  objects: { key: string; uploaded: Date }[];
  truncated: boolean;
};

export class ArchiveStore {
  readonly #bucket: R2Bucket;
  readonly #limits: ArchiveLimits;
  readonly #writes = new Set<Promise<void>>();

  constructor(bucket: R2Bucket, limits: ArchiveLimits) {
    this.#bucket = bucket;
    this.#limits = limits;
  }

  /** Writes the data, then the manifest, and reads each back. Can be repeated.
   *  @throws ArchiveFault when the bucket does not have the segment for certain */
  async write({ ref, manifest, manifest_bytes, data }: Segment): Promise<void> {
    await this.#put(manifest.data.key, data, "application/gzip");
    await this.#put(manifestKey(ref), manifest_bytes, "application/json");
  }

  /** @throws ArchiveFault */
  async readManifest(ref: SegmentRef): Promise<Manifest> {
    const key = manifestKey(ref);
    const cached = manifests.get(`${key} ${ref.hash}`);
    if (cached) return cached.manifest;
    const bytes = await this.#get(key, MAX_MANIFEST_BYTES);
    const manifest = parseManifest(bytes, ref);
    manifests.set(`${key} ${ref.hash}`, { manifest, bytes: bytes.byteLength });
    return manifest;
  }

  /** The payments of a block, in order. @param block its number, from 0 on. @throws ArchiveFault */
  async readBlock(ref: SegmentRef, block: number): Promise<ArchivedPayment[]> {
    const { key, lines } = await this.#readLines(ref, block);
    return lines.map((line) => fromLine(line, key));
  }

  /** A payment of a block. @throws ArchiveFault, also when the block does not have it */
  async find(ref: SegmentRef, block: number, transactionId: string): Promise<ArchivedPayment> {
    const { key, lines } = await this.#readLines(ref, block);
    for (const line of lines) {
      if (!line.includes(transactionId)) continue;
      const payment = fromLine(line, key);
      if (payment.events[0]?.transaction_id === transactionId) return payment;
    }
    throw new ArchiveFault("altered", key, `block ${block} does not have the payment`);
  }

  /** The whole data of a segment. @throws ArchiveFault */
  async readData(ref: SegmentRef): Promise<Uint8Array> {
    const { key, bytes: length, sha256 } = (await this.readManifest(ref)).data;
    const bytes = await this.#get(key, length);
    if (bytes.byteLength === length && hashSha256Hex(bytes) === sha256) return bytes;
    throw new ArchiveFault("altered", key, "its SHA-256 is another one");
  }

  /** The objects with a prefix after a key, in order, at most 1,000. @throws ArchiveFault */
  async list(prefix: string, after: string): Promise<ListedObjects> {
    const options = { prefix, ...(after !== "" && { startAfter: after }) };
    return this.#call(prefix, () => this.#bucket.list(options));
  }

  /** An object that no manifest proves; undefined when it is larger. @throws ArchiveFault */
  async readUnproven(key: string, maxBytes: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#get(key, maxBytes);
    } catch (fault) {
      if (fault instanceof ArchiveFault && fault.kind === "altered") return undefined;
      throw fault;
    }
  }

  /** Deletes objects, also those that are not there. @throws ArchiveFault */
  async delete(keys: string[]): Promise<void> {
    await this.#call(keys[0] ?? "", () => this.#bucket.delete(keys));
  }

  /** Resolves when no write is under way any more, also none that has timed out. @throws ArchiveFault when one hangs */
  async written(): Promise<void> {
    await this.#call(ARCHIVE_PREFIX, () => Promise.all(this.#writes));
  }

  async #readLines(ref: SegmentRef, at: number): Promise<{ key: string; lines: string[] }> {
    const { data, blocks } = await this.readManifest(ref);
    const block = blocks[at];
    if (!block) throw new ArchiveFault("altered", manifestKey(ref), `has no block ${at}`);
    const { offset, bytes: length } = block;
    const bytes = await this.#get(data.key, length, { offset, length });
    return { key: data.key, lines: readBlockLines(bytes, block, data.key) };
  }

  async #put(key: string, bytes: Uint8Array, contentType: string): Promise<void> {
    const sha256 = hashSha256Hex(bytes);
    const options = { sha256, httpMetadata: { contentType } };
    await this.#call(key, () => this.#track(this.#bucket.put(key, bytes, options)));
    const stored = await this.#get(key, bytes.byteLength);
    if (stored.byteLength !== bytes.byteLength || hashSha256Hex(stored) !== sha256) {
      throw new ArchiveFault("altered", key, "is not what was written");
    }
  }

  /** A write that has timed out can still end. */
  #track(write: Promise<unknown>): Promise<unknown> {
    const ended = write.then(
      () => {},
      () => {},
    );
    this.#writes.add(ended);
    void ended.then(() => this.#writes.delete(ended));
    return write;
  }

  /** @param maxBytes more are not read */
  async #get(key: string, maxBytes: number, range?: R2Range): Promise<Uint8Array> {
    const bytes = await this.#call(key, async () => {
      const object = await this.#bucket.get(key, range && { range });
      if (!object) return null;
      const isLarge = range === undefined && object.size > maxBytes;
      if (!isLarge) return new Uint8Array(await object.arrayBuffer());
      await object.body.cancel();
      return undefined;
    });
    if (bytes === null) throw new ArchiveFault("missing", key, "is not in the bucket");
    if (bytes === undefined) throw new ArchiveFault("altered", key, "is too large");
    return bytes;
  }

  async #call<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    try {
      return await withTimeout(this.#limits.timeout_ms, work());
    } catch (fault) {
      if (fault instanceof Error && RANGE_NOT_SATISFIABLE.test(fault.message)) {
        throw new ArchiveFault("altered", key, "is too short");
      }
      const what = fault instanceof TimeoutError ? fault.message : "R2 failed";
      throw new ArchiveFault("unavailable", key, what);
    }
  }
}

/** The lines of a block's bytes. @throws ArchiveFault when they are not those that the manifest proves */
export function readBlockLines(bytes: Uint8Array, block: ManifestBlock, key: string): string[] {
  if (bytes.byteLength !== block.bytes || hashSha256Hex(bytes) !== block.sha256) {
    throw new ArchiveFault("altered", key, "the SHA-256 of a block is another one");
  }
  const lines = unzip(bytes, key).split("\n");
  if (lines.pop() !== "" || lines.length !== block.payments) {
    throw new ArchiveFault("altered", key, "a block has another number of lines");
  }
  return lines;
}

function unzip(bytes: Uint8Array, key: string): string {
  try {
    const text = gunzipSync(bytes, { maxOutputLength: MAX_BLOCK_BYTES });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    throw new ArchiveFault("altered", key, "a block is not compressed text of the allowed size");
  }
}
