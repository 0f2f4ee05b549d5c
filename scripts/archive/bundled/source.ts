/** Where the commands read an archive from: the segments that the shards name, and the objects of the bucket. */
import { ArchiveFault } from "../../../src/archive/archive-fault";
import { readBlockLines } from "../../../src/archive/archive-store";
import { type ArchivedPayment, fromLine } from "../../../src/archive/line";
import {
  type Manifest,
  manifestKey,
  parseManifest,
  type SegmentRef,
} from "../../../src/archive/manifest";
import { hashSha256Hex } from "../../../src/domain/identity/sha256";

/** What a shard stores about a segment. `bytes` are those of its data. */
export type SegmentRow = {
  number: number;
  hash: string;
  payments: number;
  bytes: number;
  first_created_at: string;
  last_created_at: string;
};

export type ArchiveSource = {
  /** The names of all shards. */
  readShards(): Promise<string[]>;
  /** The segments of a shard after a number, in order; a part of them, and none at the end. */
  readSegments(shard: string, after: number): Promise<SegmentRow[]>;
  /** The bytes of an object; undefined when there is none. */
  readObject(key: string): Promise<Uint8Array | undefined>;
  /** The keys of objects after a key, in order; a part of them, and none at the end. */
  readKeys(after: string): Promise<string[]>;
};

/** All segments of a shard, in order. */
export async function readAllSegments(source: ArchiveSource, shard: string): Promise<SegmentRow[]> {
  const all: SegmentRow[] = [];
  for (;;) {
    const rows = await source.readSegments(shard, all.at(-1)?.number ?? 0);
    if (rows.length === 0) return all;
    all.push(...rows);
  }
}

/** @throws ArchiveFault */
export async function readManifest(source: ArchiveSource, ref: SegmentRef): Promise<Manifest> {
  return parseManifest(await readObject(source, manifestKey(ref)), ref);
}

/** The lines and payments of each block of a segment, each proven by the manifest. @throws ArchiveFault */
export async function* readBlocks(
  source: ArchiveSource,
  { data: { key, bytes, sha256 }, blocks }: Manifest,
): AsyncGenerator<{ line: string; payment: ArchivedPayment }[]> {
  const data = await readObject(source, key);
  if (data.byteLength !== bytes || hashSha256Hex(data) !== sha256) {
    throw new ArchiveFault("altered", key, "its SHA-256 is another one");
  }
  for (const block of blocks) {
    const lines = readBlockLines(
      data.subarray(block.offset, block.offset + block.bytes),
      block,
      key,
    );
    yield lines.map((line) => ({ line, payment: fromLine(line, key) }));
  }
}

/** Reads a segment, again when it was replaced meanwhile, which deletes its objects.
 *  @param read may be called again after it has failed. @throws ArchiveFault */
export async function readCurrent(
  source: ArchiveSource,
  shard: string,
  { number, hash }: SegmentRow,
  read: (ref: SegmentRef) => Promise<void>,
): Promise<void> {
  try {
    await read({ shard, number, hash });
  } catch (fault) {
    const [now] = await source.readSegments(shard, number - 1);
    if (!(fault instanceof ArchiveFault) || !now || now.hash === hash) throw fault;
    await readCurrent(source, shard, now, read);
  }
}

async function readObject(source: ArchiveSource, key: string): Promise<Uint8Array> {
  const bytes = await source.readObject(key);
  if (!bytes) throw new ArchiveFault("missing", key, "is not in the bucket");
  return bytes;
}
