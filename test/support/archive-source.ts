/** An archive in memory, for what reads one in Node. */
import type { ArchiveSource, SegmentRow } from "../../scripts/archive/bundled/source";
import type { ArchivedPayment } from "../../src/archive/line";
import { type Manifest, manifestKey, type SegmentRef } from "../../src/archive/manifest";
import { sealed } from "./archive";

/** What a shard names of a segment. */
export function toRow({ number, hash }: SegmentRef, manifest: Manifest): SegmentRow {
  const { payments, data, first_created_at, last_created_at } = manifest;
  return { number, hash, payments, bytes: data.bytes, first_created_at, last_created_at };
}

/** @param shards the payments of each segment, by shard */
export async function memoryArchive(shards: Record<string, ArchivedPayment[][]>) {
  const rows = new Map<string, SegmentRow[]>();
  const objects = new Map<string, Uint8Array>();
  for (const [shard, segments] of Object.entries(shards)) {
    const own: SegmentRow[] = [];
    for (const payments of segments) {
      const place = { shard, number: own.length + 1, previous: own.at(-1)?.hash ?? null };
      const { ref, manifest, manifest_bytes, data } = await sealed(payments, place);
      objects.set(manifestKey(ref), manifest_bytes);
      objects.set(manifest.data.key, data);
      own.push(toRow(ref, manifest));
    }
    rows.set(shard, own);
  }
  /** Keys of objects that were read. */
  const read: string[] = [];
  const source: ArchiveSource = {
    readShards: async () => [...rows.keys()],
    readSegments: async (shard, after) =>
      (rows.get(shard) ?? []).filter((row) => row.number > after),
    readObject: async (key) => {
      read.push(key);
      return objects.get(key);
    },
    readKeys: async (after) => [...objects.keys()].filter((key) => key > after).sort(),
  };
  return { source, objects, read };
}
