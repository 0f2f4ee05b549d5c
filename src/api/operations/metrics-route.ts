/** `GET /metrics` for Prometheus: reads each shard, which writes D1 first, and then D1, each within two seconds. The series
 *  of a source that does not respond are omitted, and `payments_scrape_ok` shows it. */

import { shardName } from "../../domain/identity/id";
import { EXPOSITION_TYPE, type Family, formatExposition } from "../../observability/prometheus";
import { readBookTotals } from "../books/read-totals";
import type { AppContext } from "../context";
import type { App } from "../http/define-route";
import { respond } from "../http/response";
import { authenticateMetrics } from "../middleware/authenticate";
import { bookMetrics, bookSource } from "./book-metrics";
import { d1Metrics } from "./d1-metrics";
import { readShards, SOURCE_LIMIT_MS } from "./read-shards";
import { shardMetrics } from "./shard-metrics";
import { webhookMetrics } from "./webhook-metrics";

export function metricsRoute(app: App): void {
  app.get("/metrics", authenticateMetrics, async (c) =>
    respond(c, 200, EXPOSITION_TYPE, await scrape(c)),
  );
}

async function scrape(c: AppContext): Promise<string> {
  const shards = await readShards(c);
  const { books, totals } = await readBookTotals(c, SOURCE_LIMIT_MS);
  const responses = shards.flatMap(({ shard, metrics }) => (metrics ? [{ shard, metrics }] : []));
  return formatExposition([
    buildScrapeOk({
      ...Object.fromEntries(
        books.map(({ book, bytes }) => [bookSource(book), bytes !== undefined]),
      ),
      ...Object.fromEntries(
        shards.map(({ shard, metrics }) => [shardName(shard), metrics !== undefined]),
      ),
    }),
    ...(shards.length > 0 ? [buildShardCounts(shards.length, responses.length)] : []),
    ...bookMetrics(books),
    ...(totals ? [...d1Metrics(totals.book), ...webhookMetrics(totals.webhooks)] : []),
    ...shardMetrics(responses),
  ]);
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
