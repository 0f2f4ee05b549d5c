/** `POST /operations/rebuild-book`: every shard writes all its events to D1 again, after D1 was restored to an earlier
 *  time or emptied. Rows that exist are skipped. */
import { z } from "@hono/zod-openapi";
import { shardName } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import { withTimeout } from "../../runtime/with-timeout";
import { transactionShard } from "../../transactions/client";
import type { AppContext } from "../context";
import { Time } from "../http/common-schemas";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { optionalBody } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";

/** Long enough for a shard to start. The request can be repeated safely. */
const SHARD_LIMIT_MS = 5_000;
/** Concurrent calls of one request. */
const SHARDS_AT_ONCE = 100;
/** Restoring D1 takes minutes. */
const MAX_PAUSE_S = 3_600;
const MS_PER_S = 1_000;

const RebuildBody = z
  .strictObject({
    pause_s: z
      .int("must be a whole number of seconds")
      .min(0, "must not be negative")
      .max(MAX_PAUSE_S, `must be at most ${MAX_PAUSE_S}`)
      .default(0)
      .openapi({
        description:
          "Seconds during which nothing is written to D1, so that it can be restored first.",
        example: 0,
      }),
  })
  .openapi("RebuildBook");
export const Rebuild = z
  .object({
    events: z.int().openapi({
      description: "Number of events to write, or to skip because they exist.",
      example: 1234,
    }),
    shards: z.int().openapi({ example: 16 }),
    starts_at: Time,
  })
  .openapi("Rebuild");

export function rebuildRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/operations/rebuild-book",
    operationId: "rebuildBook",
    summary: "Rebuild the D1 copy",
    description:
      "Every shard writes all its events to D1 again; rows that exist are skipped. Payments continue. Lists are incomplete until the rebuild has finished; `GET /health/ready` shows its backlog. Can be repeated; the last `pause_s` applies.",
    tag: "Operations",
    security: "admin_token",
    before: [authenticateAdmin],
    request: { body: optionalBody(RebuildBody) },
    responses: { 202: { description: "The rebuild has started.", schema: Rebuild } },
    problems: [...BODY_PROBLEMS, "not_found"],
    handle: rebuild,
  });
}

async function rebuild(
  c: AppContext,
  { body: { pause_s } }: { body: z.output<typeof RebuildBody> },
): Promise<Response> {
  const { transaction_shards } = c.get("config");
  if (transaction_shards === 0) {
    const detail =
      "A rebuild needs transaction shards. With TRANSACTION_SHARDS=0 there is no list of the objects to read.";
    throw new Problem("not_found", { detail });
  }
  const startsAtMs = Date.now() + pause_s * MS_PER_S;
  let events = 0;
  for (let first = 0; first < transaction_shards; first += SHARDS_AT_ONCE) {
    const count = Math.min(SHARDS_AT_ONCE, transaction_shards - first);
    const calls = Array.from({ length: count }, (_, at) => rebuildShard(c, first + at, startsAtMs));
    for (const own of await Promise.all(calls)) events += own;
  }
  c.get("log")("warn", "book.rebuild", { rows: events });
  return jsonResponse(c, 202, {
    events,
    shards: transaction_shards,
    starts_at: formatTime(startsAtMs),
  });
}

async function rebuildShard(c: AppContext, shard: number, startsAtMs: number): Promise<number> {
  try {
    const owner = transactionShard(c.env, shardName(shard));
    return await withTimeout(SHARD_LIMIT_MS, owner.rebuildBook(startsAtMs));
  } catch {
    throw new Problem("unavailable", {
      detail: `Shard ${shard} did not respond. Retry the request.`,
    });
  }
}
