/** Merchants and their API keys in D1, and the lookup of a key that every request needs. */
import { and, desc, eq, exists, inArray, type SQL, sql } from "drizzle-orm";
import type { Scope } from "../domain/identity/api-key";
import { FIRST_BOOK } from "../settings";
import { BOOKS, keepBookCount } from "./books/directory";
import { type Database, queryD1 } from "./query";
import { apiKeys, merchants, settings } from "./schema";

export type Merchant = typeof merchants.$inferSelect;
export type ApiKey = Omit<typeof apiKeys.$inferSelect, "hash">;

/** The merchant and the permissions of a key. */
export type KeyHolder = {
  key_id: string;
  merchant_id: string;
  merchant_name: string;
  /** It never changes, so it may be cached without a limit. */
  default_currency: string;
  /** The book that has the merchant's payments. A merchant can be moved to another one. */
  book: number;
  scopes: string[];
  expires_at_ms: number | null;
  /** The start of the hour in which it was last used, as far as D1 has it; null if never. */
  last_used_at_ms: number | null;
};

const SHARDS = "transaction_shards";

/** Columns of two tables. A D1 batch drops all but one column of the same name, so these names differ. */
const holding = {
  key_id: apiKeys.id,
  merchant_id: apiKeys.merchant_id,
  merchant_name: merchants.name,
  default_currency: merchants.default_currency,
  book: merchants.book,
  scopes: apiKeys.scopes,
  expires_at_ms: apiKeys.expires_at,
  last_used_at_ms: apiKeys.last_used_at,
};

/** What the deployment has: its shards, which never change, and the last book that any merchant was given. */
export type DeploymentCounts = { shards: number; books: number };

/** The holder of the key with this hash, and the counts of this deployment: the first call stores that of the shards. */
export async function findKeyHolder(
  db: Database,
  hash: string,
  shards: number,
  limitMs: number,
): Promise<{ holder: KeyHolder | undefined; counts: DeploymentCounts }> {
  const [keys, rows] = await queryD1(
    db.batch([
      db
        .select(holding)
        .from(apiKeys)
        .innerJoin(merchants, eq(merchants.id, apiKeys.merchant_id))
        .where(eq(apiKeys.hash, hash)),
      selectCounts(db),
    ]),
    limitMs,
  );
  const [holder] = keys;
  const kept = readCounts(rows);
  const counts = {
    shards: kept.shards ?? (await keepShards(db, shards, limitMs)),
    books: kept.books,
  };
  return { holder, counts };
}

/** The counts of this deployment; without shards before its first request. @throws DatabaseUnavailable */
export async function findCounts(db: Database): Promise<{ shards?: number; books: number }> {
  return readCounts(await queryD1(selectCounts(db)));
}

const selectCounts = (db: Database) =>
  db
    .select()
    .from(settings)
    .where(inArray(settings.name, [SHARDS, BOOKS]));

function readCounts(rows: { name: string; value: string }[]): { shards?: number; books: number } {
  const counts = new Map(rows.map(({ name, value }) => [name, Number(value)]));
  const shards = counts.get(SHARDS);
  return { ...(shards === undefined ? {} : { shards }), books: counts.get(BOOKS) ?? FIRST_BOOK };
}

async function keepShards(db: Database, shards: number, limitMs: number): Promise<number> {
  const [, rows] = await queryD1(
    db.batch([
      db
        .insert(settings)
        .values({ name: SHARDS, value: String(shards) })
        .onConflictDoNothing(),
      db.select().from(settings).where(eq(settings.name, SHARDS)),
    ]),
    limitMs,
  );
  return Number(rows[0]?.value);
}

/** Adds a merchant, unless one has this id already. @returns whether it did */
export async function insertMerchant(db: Database, merchant: Merchant): Promise<boolean> {
  await keepBookCount(db, merchant.book);
  const { meta } = await queryD1(db.insert(merchants).values(merchant).onConflictDoNothing());
  return meta.changes > 0;
}

export async function findMerchant(db: Database, id: string): Promise<Merchant | undefined> {
  return (await queryD1(db.select().from(merchants).where(eq(merchants.id, id))))[0];
}

/** The place of a merchant in their list. */
export type MerchantPlace = Pick<Merchant, "created_at" | "id">;

/** A page of merchants, the newest first. @param after the last one of the page before */
export async function listMerchants(
  db: Database,
  after: MerchantPlace | undefined,
  limit: number,
): Promise<Merchant[]> {
  const { created_at, id } = after ?? { created_at: Number.MAX_SAFE_INTEGER, id: "" };
  return queryD1(
    db.all<Merchant>(sql`
      SELECT * FROM merchants INDEXED BY merchants_by_time
      WHERE (created_at, id) < (${created_at}, ${id})
      ORDER BY created_at DESC, id DESC LIMIT ${limit}`),
  );
}

const shown = {
  id: apiKeys.id,
  merchant_id: apiKeys.merchant_id,
  name: apiKeys.name,
  last_four: apiKeys.last_four,
  scopes: apiKeys.scopes,
  created_at: apiKeys.created_at,
  expires_at: apiKeys.expires_at,
  last_used_at: apiKeys.last_used_at,
};

export type NewApiKey = ApiKey & { hash: string; scopes: Scope[] };

/** Adds a key, unless the merchant has `most` without an end already, or a key with this id. @returns whether it did */
export async function insertApiKey(db: Database, key: NewApiKey, most: number): Promise<boolean> {
  const { meta } = await queryD1(insertion(db, key, most, "", isNew(key.id)));
  return meta.changes > 0;
}

/** Adds a key and sets the end of another one, both or neither. Only a key without an end is replaced, so of concurrent
 *  calls only the first succeeds. The replaced key does not count for the limit. @returns whether it did */
export async function replaceApiKey(
  db: Database,
  key: NewApiKey,
  most: number,
  old: ApiKey,
  oldEndsAtMs: number,
): Promise<boolean> {
  const isThere = exists(db.select().from(apiKeys).where(eq(apiKeys.id, key.id)));
  const [{ meta }] = await queryD1(
    db.batch([
      insertion(db, key, most, old.id, isWithoutEnd(old.id)),
      ending(db, old, oldEndsAtMs, isThere),
    ]),
  );
  return meta.changes > 0;
}

const isNew = (id: string) =>
  sql`NOT EXISTS (SELECT 1 FROM ${apiKeys} WHERE ${apiKeys.id} = ${id})`;

const isWithoutEnd = (id: string) => sql`EXISTS (SELECT 1 FROM ${apiKeys}
  WHERE ${apiKeys.id} = ${id} AND ${apiKeys.expires_at} IS NULL)`;

/** One statement counts and adds, so of two concurrent calls for the last place one fails. */
function insertion(db: Database, key: NewApiKey, most: number, besidesId: string, condition: SQL) {
  const { id, merchant_id, name, hash, last_four, scopes } = key;
  const { created_at, expires_at, last_used_at } = key;
  const held = sql`SELECT count(*) FROM ${apiKeys} INDEXED BY api_keys_without_end
    WHERE ${apiKeys.merchant_id} = ${merchant_id}
    AND ${apiKeys.expires_at} IS NULL AND ${apiKeys.id} <> ${besidesId}`;
  // In the order of the schema's columns.
  return db.insert(apiKeys).select(sql`
    SELECT ${id}, ${merchant_id}, ${name}, ${hash}, ${last_four}, ${JSON.stringify(scopes)},
           ${created_at}, ${expires_at}, ${last_used_at}
    WHERE (${held}) < ${most} AND ${condition}`);
}

export async function listApiKeys(
  db: Database,
  merchantId: string,
  limit: number,
): Promise<ApiKey[]> {
  return queryD1(
    db
      .select(shown)
      .from(apiKeys)
      .where(eq(apiKeys.merchant_id, merchantId))
      .orderBy(desc(apiKeys.created_at), desc(apiKeys.id))
      .limit(limit),
  );
}

export async function findApiKey(
  db: Database,
  merchantId: string,
  keyId: string,
): Promise<(ApiKey & { hash: string }) | undefined> {
  const own = and(eq(apiKeys.merchant_id, merchantId), eq(apiKeys.id, keyId));
  return (await queryD1(db.select().from(apiKeys).where(own)))[0];
}

/** Notes that a key was used in an hour. A later hour that was noted stays.
 *  @param hourStartMs since 1970
 *  @throws DatabaseUnavailable */
export async function noteKeyUse(db: Database, id: string, hourStartMs: number): Promise<void> {
  const isEarlier = sql`coalesce(${apiKeys.last_used_at}, 0) < ${hourStartMs}`;
  const update = db.update(apiKeys).set({ last_used_at: hourStartMs });
  await queryD1(update.where(and(eq(apiKeys.id, id), isEarlier)));
}

/** Sets the end of a key; a key that ends earlier stays as it is. */
export async function endApiKey(db: Database, key: ApiKey, expiresAtMs: number): Promise<void> {
  await queryD1(ending(db, key, expiresAtMs));
}

function ending(db: Database, { id, expires_at }: ApiKey, atMs: number, condition?: SQL) {
  const ends = Math.min(expires_at ?? atMs, atMs);
  const update = db.update(apiKeys).set({ expires_at: ends });
  return update.where(and(eq(apiKeys.id, id), condition));
}
