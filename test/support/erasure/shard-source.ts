/** The archive of a shard in memory, as the operator's commands read it. */
import { gunzipSync } from "node:zlib";
import type { ArchiveSource } from "../../../scripts/archive/bundled/source";
import type { ArchivingShard } from "../archiving-shard";

const PART = 2;

/** @param shard its name */
export function sourceOf({ segments, r2 }: ArchivingShard, shard: string): ArchiveSource {
  const toText = (ms: number) => new Date(ms).toISOString();
  return {
    readShards: async () => [shard],
    readSegments: async (_, after) =>
      segments.list(after, PART).map(({ first_created_at_ms, last_created_at_ms, ...row }) => ({
        ...row,
        first_created_at: toText(first_created_at_ms),
        last_created_at: toText(last_created_at_ms),
      })),
    readObject: async (key) => r2.objects.get(key),
    readKeys: async (after) => [...r2.objects.keys()].filter((key) => key > after).sort(),
  };
}

/** The lines of all objects, also of those that belong to no segment. */
export function linesOf({ r2 }: ArchivingShard): string[] {
  const files = [...r2.objects].filter(([key]) => key.endsWith(".gz"));
  return files.flatMap(([, bytes]) => new TextDecoder().decode(gunzipSync(bytes)).split("\n"));
}
