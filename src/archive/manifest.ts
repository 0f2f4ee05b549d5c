/** The manifest of a segment: what the segment has, where, and the hashes that prove it. docs/archive.md describes it. */
import * as z from "zod";
import { hashSha256Hex } from "../domain/identity/sha256";
import { formatTime } from "../domain/time/format-time";
import { ArchiveFault } from "./archive-fault";

/** A segment of a shard. `hash` is the SHA-256 of its manifest's bytes, in hex. */
export type SegmentRef = { shard: string; number: number; hash: string };

/** Identifies a payment, and orders the payments of a segment. */
export type SortKey = { merchant_id: string; created_at: string; id: string };

/** Payments in a segment. */
export const MAX_PAYMENTS = 1_024;
const FORMAT = 1;
/** How the lines are packed: the form that `line.ts` writes. */
const PACKING = 1;
const NUMBER_DIGITS = 8;
/** 64 bits of the hash are in a name: enough that two attempts never write different content under one name. */
const NAME_HASH_CHARACTERS = 16;
/** What the keys of all objects begin with. */
export const ARCHIVE_PREFIX = "segments/";
const KEY = /^segments\/[a-z0-9_-]{1,64}\/\d{8,}-[0-9a-f]{16}\.(json|ndjson\.gz)$/;
const DATA_KEY = /\/(\d{8,})-[0-9a-f]{16}\.ndjson\.gz$/;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);
/** RFC 3339 in UTC with milliseconds, so that texts compare as times do. */
const Time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const Count = z.int().min(1);
/** A merchant, the time of creation and the id of a payment. */
const Key = z.tuple([z.string(), Time, z.string()]);

const Block = z.strictObject({
  offset: z.int().min(0),
  bytes: Count,
  sha256: Hash,
  payments: Count,
  first: Key,
});

/** An earlier manifest of the same segment, and why it was replaced. */
const Replaced = z.strictObject({ hash: Hash, reason: z.string(), at: Time });

const ManifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  packing: z.literal(PACKING),
  shard: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  number: Count,
  /** The hash of the manifest of the segment before; null for a shard's first one. */
  previous: Hash.nullable(),
  /** Every earlier manifest of this segment, the oldest first. */
  replaces: z.array(Replaced),
  sealed_at: Time,
  data: z.strictObject({ key: z.string(), bytes: Count, sha256: Hash }),
  payments: Count.max(MAX_PAYMENTS),
  events: Count,
  first_position: Count,
  last_position: Count,
  first_created_at: Time,
  last_created_at: Time,
  blocks: z.array(Block).min(1).max(MAX_PAYMENTS),
  /** Each with its number of payments, and when the first and the last of them were created. */
  merchants: z.array(z.tuple([z.string(), Count, Time, Time])).min(1),
});
export type Manifest = z.output<typeof ManifestSchema>;
export type ManifestBlock = Manifest["blocks"][number];

/** What is counted of a segment's contents; the rest of its manifest follows from its place and its bytes. */
export type Contents = Omit<
  Manifest,
  "format" | "packing" | "shard" | "number" | "previous" | "replaces" | "sealed_at" | "data"
>;

/** Where a segment is in the chain of its shard. */
export type SegmentPlace = {
  shard: string;
  /** 1, 2, 3 … */
  number: number;
  /** The hash of the manifest of the segment before; null for the first one. */
  previous: string | null;
  sealed_at_ms: number;
};

/** The manifest of a new segment, with its members in the order in which they are written. */
export function toManifest(place: SegmentPlace, data: Uint8Array, contents: Contents): Manifest {
  const { shard, number, previous, sealed_at_ms } = place;
  const sha256 = hashSha256Hex(data);
  const { payments, events, first_position, last_position, first_created_at, last_created_at } =
    contents;
  return {
    format: FORMAT,
    packing: PACKING,
    shard,
    number,
    previous,
    replaces: [],
    sealed_at: formatTime(sealed_at_ms),
    data: { key: dataKey(shard, number, sha256), bytes: data.byteLength, sha256 },
    payments,
    events,
    first_position,
    last_position,
    first_created_at,
    last_created_at,
    blocks: contents.blocks,
    merchants: contents.merchants,
  };
}

/** Why a segment was written again. */
export type Replacement = { reason: "erasure"; at_ms: number };

/** The manifest of a segment that was written again: with other bytes in the same blocks, in the same place.
 *  @param hash of the manifest that it replaces */
export function toReplacement(
  manifest: Manifest,
  hash: string,
  { reason, at_ms }: Replacement,
  data: Uint8Array,
  blocks: ManifestBlock[],
): Manifest {
  const { shard, number, replaces } = manifest;
  const sha256 = hashSha256Hex(data);
  return {
    ...manifest,
    replaces: [...replaces, { hash, reason, at: formatTime(at_ms) }],
    data: { key: dataKey(shard, number, sha256), bytes: data.byteLength, sha256 },
    blocks,
  };
}

/** Reads the bytes of a manifest. @throws ArchiveFault when they are not those that the reference proves */
export function parseManifest(bytes: Uint8Array, ref: SegmentRef): Manifest {
  const key = manifestKey(ref);
  if (hashSha256Hex(bytes) !== ref.hash) {
    throw new ArchiveFault("altered", key, "its SHA-256 is another one");
  }
  const read = ManifestSchema.safeParse(parseJson(bytes));
  if (!read.success) throw new ArchiveFault("altered", key, "is not a manifest of this format");
  const wrong = contradictionIn(read.data, ref);
  if (wrong !== undefined) throw new ArchiveFault("altered", key, wrong);
  return read.data;
}

/** The key of a segment's manifest. */
export function manifestKey({ shard, number, hash }: SegmentRef): string {
  return `${nameOf(shard, number, hash)}.json`;
}

function dataKey(shard: string, number: number, sha256: string): string {
  return `${nameOf(shard, number, sha256)}.ndjson.gz`;
}

/** A name contains the hash of what is written under it: a late write of an abandoned attempt replaces nothing. */
function nameOf(shard: string, number: number, hash: string): string {
  const digits = String(number).padStart(NUMBER_DIGITS, "0");
  return `${ARCHIVE_PREFIX}${shard}/${digits}-${hash.slice(0, NAME_HASH_CHARACTERS)}`;
}

/** What the keys of a shard's objects begin with. */
export function shardPrefix(shard: string): string {
  return `${ARCHIVE_PREFIX}${shard}/`;
}

/** The number of the segment whose data is under a key; undefined for another key. */
export function segmentOfData(key: string): number | undefined {
  const [, digits] = DATA_KEY.exec(key) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether a key is one that a segment's objects can have. */
export function isArchiveKey(key: string): boolean {
  return KEY.test(key);
}

export function compareKeys(one: SortKey, other: SortKey): number {
  return (
    compare(one.merchant_id, other.merchant_id) ||
    compare(one.created_at, other.created_at) ||
    compare(one.id, other.id)
  );
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** What in a manifest contradicts its name or itself. */
function contradictionIn(manifest: Manifest, { shard, number }: SegmentRef): string | undefined {
  const { data, blocks, merchants, payments, events } = manifest;
  if (manifest.shard !== shard || manifest.number !== number) return "is of another segment";
  if (data.key !== dataKey(shard, number, data.sha256)) return "names a file of another segment";
  if ((number === 1) !== (manifest.previous === null)) return "has no place in the chain";
  let offset = 0;
  for (const block of blocks) {
    if (block.offset !== offset) return "has blocks that do not follow each other";
    offset += block.bytes;
  }
  if (offset !== data.bytes) return "has blocks that are not the whole file";
  const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
  const inBlocks = sum(blocks.map((block) => block.payments));
  const ofMerchants = sum(merchants.map(([, count]) => count));
  if (inBlocks !== payments || ofMerchants !== payments) return "has another number of payments";
  if (events < payments) return "has fewer events than payments";
  return undefined;
}
