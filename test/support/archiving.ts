/** The archive of all shards. */
import { runInDurableObject } from "cloudflare:test";
import { readConfig } from "../../src/config";
import { shardName, transactionObjectName } from "../../src/domain/identity/id";
import { packId } from "../../src/domain/identity/packed-id";
import type { TransactionShard } from "../../src/transactions/transaction-shard";
import { env } from "./env";

const ownerOf = (id: string) =>
  env.TRANSACTIONS.getByName(transactionObjectName(id, readConfig(env).transaction_shards));

const shards = () =>
  Array.from({ length: readConfig(env).transaction_shards }, (_, shard) =>
    env.TRANSACTIONS.getByName(shardName(shard)),
  );

/** Archives whatever is final and old enough. */
export async function archiveEverything(): Promise<void> {
  await Promise.all(shards().map((shard) => shard.archiveNow().catch(() => {})));
}

/** Whether a payment is in the archive, and none of it in the tables. */
export async function isArchived(id: string): Promise<boolean> {
  return runInDurableObject(ownerOf(id), (_: TransactionShard, { storage: { sql } }) => {
    const rows = sql.exec("SELECT 1 FROM archived WHERE id = ?", packId(id).buffer).toArray();
    const events = sql.exec("SELECT 1 FROM events WHERE transaction_id = ?", id).toArray();
    return rows.length === 1 && events.length === 0;
  });
}
