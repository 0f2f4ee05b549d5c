/** The state of the deployment, for its operator: one read of each shard, which the metrics make too, one of D1, and the
 *  checks of readiness. */
import type { z } from "@hono/zod-openapi";
import { type BookReading, readBookTotals } from "../../api/books/read-totals";
import type { AppContext } from "../../api/context";
import { d1Metrics } from "../../api/operations/d1-metrics";
import { readShards, type ShardReading, SOURCE_LIMIT_MS } from "../../api/operations/read-shards";
import type { Readiness as ReadinessSchema } from "../../api/operations/readiness-schema";
import { webhookMetrics } from "../../api/operations/webhook-metrics";
import type { Family } from "../../observability/prometheus";
import type { Backlog, DestinationName, ShardMetrics } from "../../transactions/rpc";
import type { ApiClient } from "../http/api-client";

export type Readiness = z.infer<typeof ReadinessSchema>;

export type System = {
  readiness: Readiness;
  shards: ShardReading[];
  /** How many shards there are; 0 when each payment has an object of its own. */
  shard_count: number;
  /** By status, from D1; undefined if one of its databases does not respond. */
  book: { payments: StatusCounts; deliveries: StatusCounts; endpoints: StatusCounts } | undefined;
  /** The size of each book in D1. */
  books: BookReading[];
};
export type StatusCounts = { status: string; count: number }[];

/** Reads at most `MAX_READ_SHARDS` shards. They write D1 before they respond, so what is read from it afterwards has every
 *  payment that was answered before. */
export async function readSystem(c: AppContext, api: ApiClient): Promise<System> {
  const [readiness, shards] = await Promise.all([readReadiness(api), readShards(c)]);
  const { transaction_shards } = c.get("config");
  return { readiness, shards, shard_count: transaction_shards, ...(await readBook(c)) };
}

/** Without readiness the response has the status 503 and the same form. */
async function readReadiness(api: ApiClient): Promise<Readiness> {
  const reply = await api.call<Readiness>("GET", "/health/ready");
  return reply.ok ? reply.body : (reply.problem as unknown as Readiness);
}

async function readBook(c: AppContext): Promise<Pick<System, "book" | "books">> {
  const { books, totals } = await readBookTotals(c, SOURCE_LIMIT_MS);
  if (!totals) return { book: undefined, books };
  const families = [...d1Metrics(totals.book), ...webhookMetrics(totals.webhooks)];
  return {
    book: {
      payments: countsOf(families, "payments_transactions", "status"),
      deliveries: countsOf(families, "payments_webhook_backlog", "status"),
      endpoints: countsOf(families, "payments_webhook_endpoints", "state"),
    },
    books,
  };
}

function countsOf(families: Family[], name: string, label: string): StatusCounts {
  const samples = families.find((family) => family.name === name)?.samples ?? [];
  return [...samples].map(({ labels, value }) => ({ status: String(labels[label]), count: value }));
}

/** What waits in all shards that responded. */
export type Waiting = {
  outboxes: { name: DestinationName; backlog: Backlog }[];
  charges: ShardMetrics["charges"];
  parked: number;
};

export function sumWaiting(shards: ShardReading[]): Waiting {
  const found = shards.flatMap(({ metrics }) => metrics ?? []);
  const backlogs = found.flatMap(({ backlogs }) => Object.entries(backlogs.of));
  const outboxes = [...Map.groupBy(backlogs, ([name]) => name)].map(([name, all]) => ({
    name: name as DestinationName, // The keys of `of`.
    backlog: {
      depth: all.reduce((sum, [, { depth }]) => sum + depth, 0),
      oldest_age_ms: Math.max(...all.map(([, { oldest_age_ms }]) => oldest_age_ms)),
      failures: Math.max(...all.map(([, { failures }]) => failures)),
    },
  }));
  const sum = (figure: (one: ShardMetrics) => number) =>
    found.reduce((total, one) => total + figure(one), 0);
  return {
    outboxes,
    charges: {
      open: sum(({ charges }) => charges.open),
      overdue: sum(({ charges }) => charges.overdue),
      oldest_age_ms: Math.max(0, ...found.map(({ charges }) => charges.oldest_age_ms)),
    },
    parked: sum(({ backlogs }) => backlogs.parked),
  };
}
