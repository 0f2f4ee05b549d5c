/** The segments that a shard has in the archive, as an operator reads them. */
import { shardName } from "../../domain/identity/id";
import { withTimeout } from "../../runtime/with-timeout";
import { transactionShard } from "../../transactions/client";
import type { SegmentInfo } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";
import { jsonResponse, timeText } from "../http/response";

/** Long enough for a shard to start. */
const SHARD_LIMIT_MS = 5_000;

/** Segments of a shard after a number, in order. @param shard its number */
export async function listSegments(c: AppContext, shard: number, after: number): Promise<Response> {
  const { transaction_shards } = c.get("config");
  if (transaction_shards === 0) {
    const detail = "With TRANSACTION_SHARDS=0 nothing is archived.";
    throw new Problem("not_found", { detail });
  }
  if (shard >= transaction_shards) {
    const message = `must be below the number of shards, which is ${transaction_shards}`;
    throw new Problem("invalid_request", {
      detail: `shard ${message}.`,
      errors: [{ parameter: "shard", message }],
    });
  }
  const segments = await readSegments(c, shard, after);
  return jsonResponse(c, 200, { data: segments.map(toJson), transaction_shards });
}

async function readSegments(c: AppContext, shard: number, after: number): Promise<SegmentInfo[]> {
  try {
    const owner = transactionShard(c.env, shardName(shard));
    return await withTimeout(SHARD_LIMIT_MS, owner.segments(after));
  } catch {
    throw new Problem("unavailable", {
      detail: `Shard ${shard} did not respond. Retry the request.`,
    });
  }
}

function toJson({ number, hash, payments, bytes, ...times }: SegmentInfo) {
  return {
    number,
    hash,
    payments,
    bytes,
    first_created_at: timeText(times.first_created_at_ms),
    last_created_at: timeText(times.last_created_at_ms),
  };
}
