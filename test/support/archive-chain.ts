/** Chains of segments in a bucket, and what their shards name. */
import type { ArchiveSource, SegmentRow } from "../../scripts/archive/bundled/source";
import { ArchiveStore } from "../../src/archive/archive-store";
import type { ArchivedPayment } from "../../src/archive/line";
import { type Manifest, manifestKey, type SegmentRef } from "../../src/archive/manifest";
import type { Segment } from "../../src/archive/segment";
import { hashSha256Hex } from "../../src/domain/identity/sha256";
import { sealed } from "./archive";
import { toRow } from "./archive-source";

/** Rows in a part, so that a chain has several. */
const ROWS_AT_ONCE = 2;

/** The segments that each shard names. */
export class Chains {
  readonly #store: ArchiveStore;
  readonly #bucket: R2Bucket;
  readonly rows = new Map<string, SegmentRow[]>();

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
    this.#store = new ArchiveStore(bucket, { timeout_ms: 10_000 });
  }

  /** Writes the next segment of a shard. */
  async seal(shard: string, payments: ArchivedPayment[]): Promise<Segment> {
    const rows = this.rows.get(shard) ?? [];
    const previous = rows.at(-1)?.hash ?? null;
    const segment = await sealed(payments, { shard, number: rows.length + 1, previous });
    await this.#store.write(segment);
    this.rows.set(shard, [...rows, toRow(segment.ref, segment.manifest)]);
    return segment;
  }

  /** Writes other content for a segment, and names it. @returns the key of its manifest */
  async rewrite({ ref, manifest, data }: Segment, change: (copy: Manifest) => void, bytes = data) {
    const copy = structuredClone(manifest);
    const sha256 = hashSha256Hex(bytes);
    const key = manifest.data.key.replace(/-[0-9a-f]{16}\./, `-${sha256.slice(0, 16)}.`);
    copy.data = { key, bytes: bytes.byteLength, sha256 };
    change(copy);
    await this.#bucket.put(copy.data.key, bytes);
    const text = JSON.stringify(copy);
    const other: SegmentRef = { ...ref, hash: hashSha256Hex(text) };
    await this.#bucket.put(manifestKey(other), text);
    const rows = this.rows.get(ref.shard) ?? [];
    this.rows.set(ref.shard, rows.with(ref.number - 1, toRow(other, copy)));
    return manifestKey(other);
  }

  /** Only the objects of these shards: the bucket has those of other tests too. */
  get source(): ArchiveSource {
    const keys = async () => {
      const lists = [...this.rows.keys()].map((shard) =>
        this.#bucket.list({ prefix: `segments/${shard}/` }),
      );
      return (await Promise.all(lists)).flatMap(({ objects }) => objects.map(({ key }) => key));
    };
    return {
      readShards: async () => [...this.rows.keys()],
      readSegments: async (shard, after) =>
        (this.rows.get(shard) ?? []).filter((row) => row.number > after).slice(0, ROWS_AT_ONCE),
      readObject: async (key) => {
        const object = await this.#bucket.get(key);
        return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
      },
      readKeys: async (after) =>
        (await keys())
          .filter((key) => key > after)
          .sort()
          .slice(0, ROWS_AT_ONCE),
    };
  }
}
