/** Brings the book up to date before it is read: every shard is asked to write what it has outstanding of a merchant. One
 *  round of calls serves all requests of the merchant that wait in this isolate. */
import type { Config } from "../config";
import { shardName } from "../domain/identity/id";
import type { Env } from "../env";
import { BoundedCache } from "../runtime/bounded-cache";
import { Cooldown } from "../runtime/cooldown";
import { callObject } from "../runtime/object-stub";
import { SharedTurn } from "../runtime/shared-turn";

/** A shard waits two seconds for D1 at most. */
const CALL_LIMIT_MS = 2_500;
/** Two rounds, one after the other. */
const TURN_LIMIT_MS = 2 * CALL_LIMIT_MS;
/** A shard that did not respond is not called again for so long, so that it delays few readers. */
const COOLDOWN_MS = 2_000;
const MAX_MERCHANTS = 1_000;
/** No merchant has this id. */
const ALL_MERCHANTS = "";

type Merchant = {
  turn: SharedTurn<number | null>;
  /** The book is known to have everything that was confirmed before this time. 0: nothing is known. */
  complete_until_ms: number;
};

/** In this isolate. */
const merchants = new BoundedCache<Merchant>({ max_entries: MAX_MERCHANTS });
const cooldowns = new Map<string, Cooldown>();

export type Reader = {
  env: Pick<Env, "TRANSACTIONS">;
  config: Pick<Config, "transaction_shards">;
  /** Null for all merchants. */
  merchant_id: string | null;
  waitUntil: (work: Promise<unknown>) => void;
};

/** Completes once the book has everything of the merchant that was confirmed before the call, within some seconds.
 *  @returns the time in ms since which changes may be missing, because D1 or a shard fails; null when none are. 0 when
 *    nothing is known */
export async function refreshBook(reader: Reader): Promise<number | null> {
  // Objects with a single transaction have written theirs before they responded.
  if (reader.config.transaction_shards === 0) return null;
  const name = reader.merchant_id ?? ALL_MERCHANTS;
  const merchant = merchants.get(name) ?? {
    turn: new SharedTurn<number | null>(TURN_LIMIT_MS),
    complete_until_ms: 0,
  };
  merchants.set(name, merchant);
  return merchant.turn.get(() => callShards(reader, merchant), reader.waitUntil);
}

async function callShards(reader: Reader, merchant: Merchant): Promise<number | null> {
  const startedAtMs = Date.now();
  const { transaction_shards } = reader.config;
  const names = Array.from({ length: transaction_shards }, (_, shard) => shardName(shard));
  const replies = await Promise.all(
    names.map(async (name) => {
      const since = await callShard(reader, name);
      return since === "unknown" ? merchant.complete_until_ms : since;
    }),
  );
  const since = replies.filter((reply) => reply !== null);
  if (since.length > 0) return Math.min(...since);
  merchant.complete_until_ms = Math.max(merchant.complete_until_ms, startedAtMs);
  return null;
}

async function callShard(
  { env, merchant_id }: Reader,
  name: string,
): Promise<number | null | "unknown"> {
  const cooldown = cooldowns.get(name) ?? new Cooldown(COOLDOWN_MS);
  cooldowns.set(name, cooldown);
  if (cooldown.isActive(Date.now())) return "unknown";
  try {
    return await callObject(env.TRANSACTIONS, name, (shard) => shard.refreshBook(merchant_id), {
      limit_ms: CALL_LIMIT_MS,
    });
  } catch {
    cooldown.start(Date.now());
    return "unknown";
  }
}
