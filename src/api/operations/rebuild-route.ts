/** `POST /operations/rebuild-book`: has every shard write its whole record into D1 again, for when D1 was set
 *  back to an earlier time or emptied. What is there already is passed over. */
import { z } from "@hono/zod-openapi";
import { shardName } from "../../domain/identity/id";
import { withTimeout } from "../../runtime/with-timeout";
import { transactionShard } from "../../transactions/client";
import type { AppContext } from "../context";
import { Time } from "../http/common-schemas";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { optionalBody } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, timeText } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";

/** Long enough for a shard that has to start; asking again does no harm. */
const ASK_LIMIT_MS = 5_000;
/** As many calls as one request waits for at a time. */
const ASKED_AT_ONCE = 100;
/** D1 is set back in minutes; a pause that nobody ends must end by itself. */
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
        description: "How long nothing is written, so that D1 can be set back first.",
        example: 0,
      }),
  })
  .openapi("RebuildBook");
export const Rebuild = z
  .object({
    events: z
      .int()
      .openapi({ description: "How many will be written or passed over.", example: 1234 }),
    shards: z.int().openapi({ example: 16 }),
    starts_at: Time,
  })
  .openapi("Rebuild");

export function rebuildRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/operations/rebuild-book",
    operationId: "rebuildBook",
    summary: "Write the book again",
    description:
      "Every shard writes its whole record into D1, passing over what is there. Payments go on; lists are behind until it is done, which `GET /health/ready` shows. May be repeated; the last one's pause counts.",
    tag: "Operations",
    security: "admin_token",
    before: [authenticateAdmin],
    request: { body: optionalBody(RebuildBody) },
    answers: { 202: { description: "The rebuild has started.", schema: Rebuild } },
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
    const detail = "Transactions have an object each, and nobody knows all of their names.";
    throw new Problem("not_found", { detail });
  }
  const startsAtMs = Date.now() + pause_s * MS_PER_S;
  let events = 0;
  for (let first = 0; first < transaction_shards; first += ASKED_AT_ONCE) {
    const count = Math.min(ASKED_AT_ONCE, transaction_shards - first);
    const asked = Array.from({ length: count }, (_, at) => askShard(c, first + at, startsAtMs));
    for (const own of await Promise.all(asked)) events += own;
  }
  c.get("log")("warn", "book.rebuild", { rows: events });
  return jsonResponse(c, 202, {
    events,
    shards: transaction_shards,
    starts_at: timeText(startsAtMs),
  });
}

async function askShard(c: AppContext, shard: number, startsAtMs: number): Promise<number> {
  try {
    const owner = transactionShard(c.env, shardName(shard));
    return await withTimeout(ASK_LIMIT_MS, owner.rebuildBook(startsAtMs));
  } catch {
    throw new Problem("unavailable", { detail: `Shard ${shard} did not answer. Ask again.` });
  }
}
