/** Looks for texts in everything that the deployment stores: the tables of every object, D1 and the bucket. */
import { runInDurableObject } from "cloudflare:test";
import { gunzipSync } from "node:zlib";
import { readConfig } from "../../../src/config";
import { shardName, velocityShardName } from "../../../src/domain/identity/id";
import { env } from "../env";
import { tablesWith, textsIn } from "./scan";

/** What cannot be found by counting: the merchants, the erasures, and the transactions when each has an object. */
export type Known = { merchants: string[]; erasures?: string[]; transactions?: string[] };

type Named = { kind: string; name: string; stub: DurableObjectStub };

function objectsOf({ merchants, erasures = [], transactions = [] }: Known): Named[] {
  const { transaction_shards, velocity_shards } = readConfig(env);
  const shards = Array.from({ length: transaction_shards }, (_, at) => shardName(at));
  const velocity = Array.from({ length: velocity_shards }, (_, at) => velocityShardName(at));
  const named = (kind: string, names: string[], of: { getByName(name: string): unknown }) =>
    names.map((name): Named => {
      return { kind, name, stub: of.getByName(name) as DurableObjectStub };
    });
  return [
    ...named("shard", transaction_shards === 0 ? transactions : shards, env.TRANSACTIONS),
    ...named("velocity", velocity, env.VELOCITY),
    ...named("dispatcher", merchants, env.WEBHOOKS),
    ...named("quotas", merchants, env.QUOTAS),
    ...named("erasure", erasures, env.ERASURES),
  ];
}

/** Every place that has one of the texts. */
export async function placesWith(texts: readonly string[], known: Known): Promise<string[]> {
  const places: string[] = [];
  for (const { kind, name, stub } of objectsOf(known)) {
    const found = await runInDurableObject(stub, (_, { storage: { sql } }) =>
      tablesWith(sql, texts),
    );
    places.push(...found.map((place) => `${kind} ${name}: ${place}`));
  }
  for (const [at, book] of openBooks().entries()) {
    places.push(...(await inBook(`D1 ${at + 1}`, book, texts)));
  }
  return [...places, ...(await inBucket(texts))];
}

const openBooks = (): D1Database[] =>
  [env.DB, env.BOOK_2, env.BOOK_3].filter((book) => book !== undefined);

async function inBook(name: string, book: D1Database, texts: readonly string[]): Promise<string[]> {
  const read = async (query: string) => (await book.prepare(query).all()).results;
  const tables = await read("SELECT name FROM sqlite_master WHERE type = 'table'");
  const places: string[] = [];
  for (const { name: table } of tables) {
    if (/^(_cf_|sqlite_|d1_)/.test(String(table))) continue;
    const rows = await read(`SELECT * FROM "${table}"`);
    const found = textsIn(JSON.stringify(rows), texts);
    places.push(...found.map((text) => `${name}: ${table}: ${text}`));
  }
  return places;
}

/** The lines of every object of the archive. */
async function objectTexts(): Promise<Map<string, string>> {
  const bucket = env.ARCHIVE as R2Bucket; // wrangler.toml binds it.
  const texts = new Map<string, string>();
  for (let cursor: string | undefined; ; ) {
    const page: R2Objects = await bucket.list({ ...(cursor && { cursor }) });
    for (const { key } of page.objects) {
      const bytes = new Uint8Array((await (await bucket.get(key))?.arrayBuffer()) ?? []);
      texts.set(key, new TextDecoder().decode(key.endsWith(".gz") ? gunzipSync(bytes) : bytes));
    }
    if (!page.truncated) return texts;
    cursor = page.cursor;
  }
}

async function inBucket(texts: readonly string[]): Promise<string[]> {
  const objects = [...(await objectTexts())];
  return objects.flatMap(([key, text]) =>
    textsIn(text, texts).map((found) => `R2: ${key}: ${found}`),
  );
}
