/** The archive of all shards. */
import { runInDurableObject } from "cloudflare:test";
import { manifestKey } from "../../src/archive/manifest";
import { readConfig } from "../../src/config";
import { shardName, transactionObjectName } from "../../src/domain/identity/id";
import { packId } from "../../src/domain/identity/packed-id";
import type { TransactionShard } from "../../src/transactions/transaction-shard";
import { env } from "./env";

/** As `archived-payments.ts` has it. */
const BLOCKS = 2_048;
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

/** The keys of the objects that an archived payment is in. */
export async function segmentOf(id: string): Promise<{ manifest: string; data: string }> {
  const place = await runInDurableObject(ownerOf(id), (_: TransactionShard, { storage }) =>
    storage.sql
      .exec<{ place: number }>("SELECT place FROM archived WHERE id = ?", packId(id).buffer)
      .one(),
  );
  const number = Math.floor(place.place / BLOCKS);
  const [segment] = await ownerOf(id).segments(number - 1);
  if (!segment) throw new Error("no such segment");
  const manifest = manifestKey(segment);
  const text = await (await env.ARCHIVE?.get(manifest))?.text();
  const { data } = JSON.parse(text ?? "") as { data: { key: string } };
  return { manifest, data: data.key };
}
