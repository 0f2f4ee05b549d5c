/** The archive of a deployment, read over its API. */
import { shardName } from "../../../src/domain/identity/id";
import type { Deployment } from "../../operator/deployment";
import { type Pause, RequestFailed, request, requestJson } from "../../operator/request";
import type { ArchiveSource, SegmentRow } from "./source";

export const ARCHIVE_PATH = "/api/v1/operations/archive";
/** An object has some megabytes at most. */
const LIMIT_MS = 60_000;
const NOT_FOUND = 404;
const NAME = /^shard-(\d+)$/;

type SegmentPage = { data: SegmentRow[]; transaction_shards: number };
type ObjectPage = { data: { key: string }[] };

/** @throws RequestFailed from each of its methods */
export function openArchive(deployment: Deployment, pause?: Pause): ArchiveSource {
  const get = <Page>(path: string, query: Record<string, string>) => {
    const sent = {
      path: `${ARCHIVE_PATH}/${path}?${new URLSearchParams(query)}`,
      limit_ms: LIMIT_MS,
    };
    return requestJson<Page>(deployment, sent, pause);
  };
  const segments = (shard: number, after: number) =>
    get<SegmentPage>("segments", { shard: String(shard), after: String(after) });
  return {
    async readShards() {
      const { transaction_shards } = await segments(0, 0);
      return Array.from({ length: transaction_shards }, (_, shard) => shardName(shard));
    },
    readSegments: async (shard, after) => (await segments(toNumber(shard), after)).data,
    async readObject(key) {
      const path = `${ARCHIVE_PATH}/objects/${encodeURIComponent(key)}`;
      try {
        return await request(deployment, { path, limit_ms: LIMIT_MS }, pause);
      } catch (fault) {
        if (fault instanceof RequestFailed && fault.status === NOT_FOUND) return undefined;
        throw fault;
      }
    },
    async readKeys(after) {
      const { data } = await get<ObjectPage>("objects", after === "" ? {} : { after });
      return data.map(({ key }) => key);
    },
  };
}

/** The number in the name of a shard. */
export function toNumber(shard: string): number {
  return Number(NAME.exec(shard)?.[1]);
}
