/** `GET /metrics` for Prometheus: reads each shard, which writes D1 first, and then D1, each within two seconds. The series
 *  of a source that does not respond are omitted, and `payments_scrape_ok` shows it. */

import { openDatabase } from "../../d1/query";
import { readTotals } from "../../d1/totals";
import { shardName } from "../../domain/identity/id";
import { EXPOSITION_TYPE, type Family, formatExposition } from "../../observability/prometheus";
import { withTimeout } from "../../runtime/with-timeout";
import { transactionShard } from "../../transactions/client";
import type { ShardMetrics } from "../../transactions/rpc";
import type { AppContext } from "../context";
import type { App } from "../http/define-route";
import { respond } from "../http/response";
import { authenticateMetrics } from "../middleware/authenticate";
import { d1Metrics } from "./d1-metrics";
import { shardMetrics } from "./shard-metrics";
import { webhookMetrics } from "./webhook-metrics";

/** The default timeout of a Prometheus scrape is ten seconds; scrapes must not accumulate if a source hangs. */
const SOURCE_LIMIT_MS = 2_000;
/** A request can make a thousand calls, and a shard has about a hundred series. With more shards than this, only the
 *  first ones are read. */
const MAX_SHARDS = 256;

export function metricsRoute(app: App): void {
  app.get("/metrics", authenticateMetrics, async (c) =>
    respond(c, 200, EXPOSITION_TYPE, await scrape(c)),
  );
}

async function scrape(c: AppContext): Promise<string> {
  const { transaction_shards } = c.get("config");
  const shards = Array.from({ length: Math.min(transaction_shards, MAX_SHARDS) }, (_, at) => at);
  const metrics = await Promise.all(shards.map((shard) => readShard(c, shard)));
  const totals = await readTotals(openDatabase(c.env.DB), SOURCE_LIMIT_MS).catch(() => undefined);
  const responses = shards.flatMap((shard) => {
    const own = metrics[shard];
    return own ? [{ shard, metrics: own }] : [];
  });
  return formatExposition([
    buildScrapeOk({
      book: totals !== undefined,
      ...Object.fromEntries(
        shards.map((shard) => [shardName(shard), metrics[shard] !== undefined]),
      ),
    }),
    ...(shards.length > 0 ? [buildShardCounts(shards.length, responses.length)] : []),
    ...(totals ? [...d1Metrics(totals.book), ...webhookMetrics(totals.webhooks)] : []),
    ...shardMetrics(responses),
  ]);
}

async function readShard(c: AppContext, shard: number): Promise<ShardMetrics | undefined> {
  try {
    return await withTimeout(SOURCE_LIMIT_MS, transactionShard(c.env, shardName(shard)).metrics());
  } catch {
    return undefined;
  }
}

function buildScrapeOk(sources: Record<string, boolean>): Family {
  return {
    name: "payments_scrape_ok",
    type: "gauge",
    help: "Whether a source responded. The series of a source that did not are omitted.",
    samples: Object.entries(sources).map(([source, isOk]) => ({
      labels: { source },
      value: isOk ? 1 : 0,
    })),
  };
}

function buildShardCounts(asked: number, answered: number): Family {
  return {
    name: "payments_shards",
    type: "gauge",
    help: "Transaction shards whose metrics were requested, and shards that responded.",
    samples: [
      { labels: { state: "asked" }, value: asked },
      { labels: { state: "answered" }, value: answered },
    ],
  };
}
