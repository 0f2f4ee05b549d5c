// The built Worker on empty storage with everything that is billed counted (worker/entry.ts), and what a run asks of it
// besides payments.
import type { Build } from "../fresh-server.ts";
import { startFresh } from "../fresh-server.ts";
import type { Counts } from "./counts.ts";

export type MeteredServer = {
  origin: string;
  /** An API key of a merchant of its own. */
  key: string;
  /** What was counted since the server started. */
  readCounts(): Promise<Counts>;
  /** Idempotency keys, as many for each shard. */
  drawKeys(perShard: number): Promise<string[][]>;
  addEndpoint(url: string): Promise<void>;
  /** Runs the sweeps of all objects with a clock that is so many days ahead. Nothing else can follow.
   *  @returns the rows that they wrote, mostly deletions */
  sweep(days: number): Promise<Record<"velocity" | "dispatcher", number>>;
  end(): Promise<void>;
};

type Start = { build: Build; dir: string; log: string; shards: number };

const ENTRY = "bench/cost/worker/entry.ts";
const LIMIT_MS = 120_000;

export async function startMetered({ build, dir, log, shards }: Start): Promise<MeteredServer> {
  const { server, adminToken, benchToken } = await startFresh({
    build,
    dir,
    log,
    shards,
    mode: "miniflare",
    vars: { ALLOW_INSECURE_WEBHOOKS: "true" },
    entry: ENTRY,
  });
  const { origin } = server;
  const call = async (path: string, token: string, sent?: object) => {
    const response = await fetch(`${origin}${path}`, {
      method: sent === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  };
  const merchants = "/api/v1/merchants";
  const { id: merchant_id } = JSON.parse(await call(merchants, adminToken, { name: "cost" }));
  const keys = `${merchants}/${merchant_id}/api-keys`;
  const { key } = JSON.parse(await call(keys, adminToken, { name: "cost" }));
  return {
    origin,
    key,
    readCounts: async () => JSON.parse(await call("/__bench/counts", benchToken)),
    drawKeys: async (per_shard) =>
      JSON.parse(await call("/__bench/keys", benchToken, { merchant_id, shards, per_shard })),
    addEndpoint: async (url) => void (await call("/api/v1/webhook-endpoints", key, { url })),
    sweep: async (days) => JSON.parse(await call("/__bench/sweep", benchToken, { days })),
    end: () => server.end(),
  };
}
