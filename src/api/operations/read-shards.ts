/** Reads the state of each transaction shard, for the metrics and for the operator's overview. Each shard writes D1 first. */
import { shardName } from "../../domain/identity/id";
import { withTimeout } from "../../runtime/with-timeout";
import { transactionShard } from "../../transactions/client";
import type { ShardMetrics } from "../../transactions/rpc";
import type { AppContext } from "../context";

/** The default timeout of a Prometheus scrape is ten seconds; scrapes must not accumulate if a source hangs. */
export const SOURCE_LIMIT_MS = 2_000;
/** A request can make a thousand calls, and a shard has about a hundred series. With more shards than this, only the
 *  first ones are read. */
export const MAX_READ_SHARDS = 256;

/** The number of a shard, and its metrics unless it did not respond. */
export type ShardReading = { shard: number; metrics: ShardMetrics | undefined };

/** Reads all shards at once, within `SOURCE_LIMIT_MS`. Without a fixed number of shards there is none to read. */
export function readShards(c: AppContext): Promise<ShardReading[]> {
  const { transaction_shards } = c.get("config");
  const count = Math.min(transaction_shards, MAX_READ_SHARDS);
  const shards = Array.from({ length: count }, (_, at) => at);
  return Promise.all(
    shards.map(async (shard) => ({ shard, metrics: await readShard(c, shardName(shard)) })),
  );
}

async function readShard(c: AppContext, name: string): Promise<ShardMetrics | undefined> {
  try {
    return await withTimeout(SOURCE_LIMIT_MS, transactionShard(c.env, name).metrics());
  } catch {
    return undefined;
  }
}
