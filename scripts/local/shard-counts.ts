// The shard counts of a local server. They may not change while there is data, so they are kept beside it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type ShardCounts = { TRANSACTION_SHARDS: string; VELOCITY_SHARDS: string };

/** The best for one machine, where all objects share a thread and each commits separately. */
const ONE_MACHINE: ShardCounts = { TRANSACTION_SHARDS: "1", VELOCITY_SHARDS: "1" };

/** Where the counts of a state are kept. */
export const shardCountsFile = (state: string) => join(state, "shards.json");

/**
 * The counts of a state. New state gets one shard of each kind, or what `.dev.vars` sets. State without kept counts was
 * made by an earlier release: null, because wrangler.toml and `.dev.vars` have its counts.
 *
 * To be called before anything is stored in `state`.
 */
export function keepShardCounts(
  state: string,
  devVars: Record<string, string>,
): ShardCounts | null {
  const file = shardCountsFile(state);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as ShardCounts;
  if (existsSync(join(state, "v3"))) return null;
  const {
    TRANSACTION_SHARDS = ONE_MACHINE.TRANSACTION_SHARDS,
    VELOCITY_SHARDS = ONE_MACHINE.VELOCITY_SHARDS,
  } = devVars;
  const counts = { TRANSACTION_SHARDS, VELOCITY_SHARDS };
  mkdirSync(state, { recursive: true });
  writeFileSync(file, `${JSON.stringify(counts)}\n`);
  return counts;
}

/** The counts as arguments of wrangler, those that `.dev.vars` sets left out: there they have priority. */
export function toWranglerVars(
  counts: ShardCounts | null,
  devVars: Record<string, string>,
): string[] {
  return Object.entries(counts ?? {})
    .filter(([name]) => !(name in devVars))
    .flatMap(([name, count]) => ["--var", `${name}:${count}`]);
}
