/** `GET /metrics` for Prometheus: one question to the book and one to each shard, all at once, and never
 *  longer than two seconds. Who does not answer is left out and named. */

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

/** Prometheus gives up after ten seconds by default; its scrapes must not pile up behind a dead part. */
const ASK_LIMIT_MS = 2_000;
/** A request may make a thousand calls, and a shard has about a hundred series. Beyond this many shards the
 *  first ones are asked, always the same. */
const MAX_ASKED = 256;

export function metricsRoute(app: App): void {
  app.get("/metrics", authenticateMetrics, async (c) =>
    respond(c, 200, EXPOSITION_TYPE, await scrape(c)),
  );
}

async function scrape(c: AppContext): Promise<string> {
  const { transaction_shards } = c.get("config");
  const shards = Array.from({ length: Math.min(transaction_shards, MAX_ASKED) }, (_, at) => at);
  const [totals, ...metrics] = await Promise.all([
    readTotals(openDatabase(c.env.DB), ASK_LIMIT_MS).catch(() => undefined),
    ...shards.map((shard) => askShard(c, shard)),
  ]);
  const told = shards.flatMap((shard) => {
    const own = metrics[shard];
    return own ? [{ shard, metrics: own }] : [];
  });
  return formatExposition([
    scrapeOk({
      book: totals !== undefined,
      ...Object.fromEntries(
        shards.map((shard) => [shardName(shard), metrics[shard] !== undefined]),
      ),
    }),
    ...(shards.length > 0 ? [shardsAsked(shards.length, told.length)] : []),
    ...(totals ? [...d1Metrics(totals.book), ...webhookMetrics(totals.webhooks)] : []),
    ...shardMetrics(told),
  ]);
}

async function askShard(c: AppContext, shard: number): Promise<ShardMetrics | undefined> {
  try {
    return await withTimeout(ASK_LIMIT_MS, transactionShard(c.env, shardName(shard)).metrics());
  } catch {
    return undefined;
  }
}

function scrapeOk(sources: Record<string, boolean>): Family {
  return {
    name: "payments_scrape_ok",
    type: "gauge",
    help: "Whether a source answered. The series of one that did not are left out.",
    samples: Object.entries(sources).map(([source, isOk]) => ({
      labels: { source },
      value: isOk ? 1 : 0,
    })),
  };
}

function shardsAsked(asked: number, answered: number): Family {
  return {
    name: "payments_shards",
    type: "gauge",
    help: "Transaction shards that were asked for their metrics, and that answered.",
    samples: [
      { labels: { state: "asked" }, value: asked },
      { labels: { state: "answered" }, value: answered },
    ],
  };
}
