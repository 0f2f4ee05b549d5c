/** Verifies an archive: the chain of each shard from its first segment on, and everything in each segment. */
import { ArchiveFault } from "../../../src/archive/archive-fault";
import { type Manifest, manifestKey, type SegmentRef } from "../../../src/archive/manifest";
import { SegmentContents } from "./contents";
import {
  type ArchiveSource,
  readAllSegments,
  readBlocks,
  readManifest,
  type SegmentRow,
} from "./source";

/** An erasure replaces segments one after the other, and each is verified in some milliseconds. */
const MOST_ATTEMPTS = 10;

/** Where a chain does not hold. `key`: of the object that is wrong. */
export type Break = { shard: string; number: number; key: string; what: string };

export type Verified = {
  shards: number;
  segments: number;
  payments: number;
  events: number;
  /** Of the segments' data. */
  bytes: number;
  /** The first one of each shard. What follows there was not verified. */
  breaks: Break[];
  /** Keys of objects that belong to no segment: of attempts that were given up, or of segments that were replaced. Those of
   *  shards with a break are not among them. */
  unnamed: string[];
};

/** @throws when the archive cannot be read */
export async function verify(source: ArchiveSource): Promise<Verified> {
  // Read first: what is written meanwhile is not among them.
  const unnamed = new Set(await readAllKeys(source));
  const shards = await source.readShards();
  const verified: Verified = {
    ...{ shards: shards.length, segments: 0, payments: 0, events: 0, bytes: 0 },
    ...{ breaks: [], unnamed: [] },
  };
  for (const shard of shards) {
    const broken = await verifyShard(source, shard, verified, unnamed);
    if (!broken) continue;
    verified.breaks.push(broken);
    for (const key of unnamed) if (key.startsWith(`segments/${shard}/`)) unnamed.delete(key);
  }
  // What was deleted meanwhile is not there any more.
  const left = unnamed.size === 0 ? [] : await readAllKeys(source);
  return { ...verified, unnamed: left.filter((key) => unnamed.has(key)) };
}

/** Verifies a shard, again when a segment was replaced meanwhile, which deletes its objects. */
async function verifyShard(
  source: ArchiveSource,
  shard: string,
  verified: Verified,
  unnamed: Set<string>,
): Promise<Break | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const rows = await readAllSegments(source, shard);
    const { manifests, broken } = await verifySegments(source, shard, rows);
    const isFinal = !broken || attempt === MOST_ATTEMPTS;
    if (!isFinal && (await wasReplaced(source, shard, rows))) continue;
    for (const { manifest, key } of manifests) {
      verified.segments += 1;
      verified.payments += manifest.payments;
      verified.events += manifest.events;
      verified.bytes += manifest.data.bytes;
      unnamed.delete(key);
      unnamed.delete(manifest.data.key);
    }
    return broken;
  }
}

type Named = { manifest: Pick<Manifest, "payments" | "events" | "data">; key: string };

/** @returns what was verified up to the first break */
async function verifySegments(
  source: ArchiveSource,
  shard: string,
  rows: SegmentRow[],
): Promise<{ manifests: Named[]; broken?: Break }> {
  const manifests: Named[] = [];
  let before: Link | undefined;
  for (const [at, row] of rows.entries()) {
    const ref = { shard, number: at + 1, hash: row.hash };
    try {
      const { payments, events, data, replaces } = await verifySegment(source, ref, row, before);
      manifests.push({ manifest: { payments, events, data }, key: manifestKey(ref) });
      before = { hash: row.hash, replaces };
    } catch (fault) {
      if (!(fault instanceof ArchiveFault) || fault.kind === "unavailable") throw fault;
      return { manifests, broken: { shard, number: ref.number, key: fault.key, what: fault.what } };
    }
  }
  return { manifests };
}

/** Whether the shard names another hash for one of its segments by now. */
async function wasReplaced(
  source: ArchiveSource,
  shard: string,
  rows: SegmentRow[],
): Promise<boolean> {
  const now = await readAllSegments(source, shard);
  return rows.some(({ hash }, at) => now[at]?.hash !== hash);
}

/** What the next segment is compared with. */
type Link = { hash: string } & Pick<Manifest, "replaces">;

/** @throws ArchiveFault when anything is wrong with the segment */
async function verifySegment(
  source: ArchiveSource,
  ref: SegmentRef,
  row: SegmentRow,
  before: Link | undefined,
): Promise<Manifest> {
  const key = manifestKey(ref);
  if (row.number !== ref.number) {
    throw new ArchiveFault("missing", key, `the shard names segment ${row.number} instead`);
  }
  const manifest = await readManifest(source, ref);
  const earlier = before?.replaces.map(({ hash }) => hash) ?? [];
  if (before && ![before.hash, ...earlier].includes(manifest.previous ?? "")) {
    throw new ArchiveFault("altered", key, "does not follow the segment before it");
  }
  const { payments, first_created_at, last_created_at, data } = manifest;
  const isAsNamed =
    row.payments === payments &&
    row.bytes === data.bytes &&
    row.first_created_at === first_created_at &&
    row.last_created_at === last_created_at;
  if (!isAsNamed) throw new ArchiveFault("altered", key, "is not what the shard says about it");
  const contents = new SegmentContents();
  for await (const block of readBlocks(source, manifest)) {
    const wrong = contents.addBlock(block.map(({ payment }) => payment));
    if (wrong !== undefined) throw new ArchiveFault("altered", data.key, wrong);
  }
  const different = contents.differenceFrom(manifest);
  if (different !== undefined) throw new ArchiveFault("altered", key, different);
  return manifest;
}

async function readAllKeys(source: ArchiveSource): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const keys = await source.readKeys(all.at(-1) ?? "");
    if (keys.length === 0) return all;
    all.push(...keys);
  }
}
