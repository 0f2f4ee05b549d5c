/** Brings segments back into their shards. */
import type { Deployment } from "../../operator/deployment";
import { type Pause, requestJson } from "../../operator/request";
import { ARCHIVE_PATH, toNumber } from "./client";
import { type CreatedRange, segmentsWithin } from "./export";
import type { ArchiveSource } from "./source";

/** A segment is read and written in one request. */
const LIMIT_MS = 120_000;

export type Restored = { shard: string; number: number; payments: number };

/** Brings each segment back that has payments of a range, with all of its payments. Can be repeated.
 *  @param options `days`: how long the payments stay at least
 *  @throws RequestFailed */
export async function* restoreSegments(
  deployment: Deployment,
  archive: ArchiveSource,
  { range, days }: { range: CreatedRange; days: number },
  pause?: Pause,
): AsyncGenerator<Restored> {
  const path = `${ARCHIVE_PATH}/restore`;
  for (const shard of await archive.readShards()) {
    for (const { number } of await segmentsWithin(archive, shard, range)) {
      const body = { shard: toNumber(shard), number, days };
      const sent = { path, limit_ms: LIMIT_MS, body };
      const { payments } = await requestJson<{ payments: number }>(deployment, sent, pause);
      yield { shard, number, payments };
    }
  }
}
