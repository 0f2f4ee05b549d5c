/** The segments that a shard has in the archive, as an operator reads them and puts them back. */
import type { z } from "@hono/zod-openapi";
import { shardName } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import { withTimeout } from "../../runtime/with-timeout";
import { type TransactionOwner, transactionShard } from "../../transactions/client";
import type { SegmentInfo } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { type Place, Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import type { RestoreBody } from "./schemas";

/** Long enough for a shard to start. */
const SHARD_LIMIT_MS = 5_000;
/** A segment is read from R2 and written to D1 in some seconds. */
const RESTORE_LIMIT_MS = 60_000;
const DAY_MS = 86_400_000;

/** Segments of a shard after a number, in order. @param shard its number */
export async function listSegments(c: AppContext, shard: number, after: number): Promise<Response> {
  const transaction_shards = requireShard(c, shard, { parameter: "shard" });
  const segments = await callShard(c, shard, SHARD_LIMIT_MS, (owner) => owner.segments(after));
  return jsonResponse(c, 200, { data: segments.map(toJson), transaction_shards });
}

/** Puts the payments of a segment back. */
export async function restoreSegment(
  c: AppContext,
  { shard, number, days }: z.output<typeof RestoreBody>,
): Promise<Response> {
  requireShard(c, shard, { pointer: "#/shard" });
  const untilMs = Date.now() + days * DAY_MS;
  const payments = await callShard(c, shard, RESTORE_LIMIT_MS, (owner) =>
    owner.restore(number, untilMs),
  );
  if (payments === null) {
    throw new Problem("not_found", { detail: `Shard ${shard} has no segment ${number}.` });
  }
  c.get("log")("warn", "archive.restored", { rows: payments });
  return jsonResponse(c, 200, { payments });
}

/** @param at where the request names the shard. @returns the number of shards. @throws Problem */
function requireShard(c: AppContext, shard: number, at: Place): number {
  const { transaction_shards } = c.get("config");
  if (transaction_shards === 0) {
    const detail = "With TRANSACTION_SHARDS=0 nothing is archived.";
    throw new Problem("not_found", { detail });
  }
  if (shard < transaction_shards) return transaction_shards;
  const message = `must be below the number of shards, which is ${transaction_shards}`;
  throw new Problem("invalid_request", {
    detail: `shard ${message}.`,
    errors: [{ ...at, message }],
  });
}

async function callShard<Value>(
  c: AppContext,
  shard: number,
  limitMs: number,
  call: (owner: TransactionOwner) => Promise<Value>,
): Promise<Value> {
  try {
    return await withTimeout(limitMs, call(transactionShard(c.env, shardName(shard))));
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
    first_created_at: formatTime(times.first_created_at_ms),
    last_created_at: formatTime(times.last_created_at_ms),
  };
}
