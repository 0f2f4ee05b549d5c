/** Counts the processor's events by result for `GET /metrics`. The first transaction shard keeps the counts. An isolate adds
 *  up what it has counted and hands it over once in a while, so that a flood of forged events is no flood of calls. */
import { waitUntil } from "cloudflare:workers";
import { shardName } from "../../domain/identity/id";
import { transactionShard } from "../../transactions/client";
import type { EventCounts, EventResult } from "../../transactions/rpc";
import type { AppContext } from "../context";

const HAND_OVER_AFTER_MS = 1_000;
/** A hand-over that has not begun by then was lost with its request. */
const LOST_AFTER_MS = 5 * HAND_OVER_AFTER_MS;

/** What this isolate has counted and not handed over yet. */
let counted: EventCounts = {};
let scheduledAtMs = 0;

/** Counts an event. With an object for each transaction no metrics are scraped, and nothing is counted. */
export function countEvent(c: AppContext, result: EventResult): void {
  if (c.get("config").transaction_shards === 0) return;
  counted[result] = (counted[result] ?? 0) + 1;
  const now = Date.now();
  if (scheduledAtMs <= now && now < scheduledAtMs + LOST_AFTER_MS) return;
  scheduledAtMs = now;
  waitUntil(handOver(c));
}

async function handOver(c: AppContext): Promise<void> {
  await scheduler.wait(HAND_OVER_AFTER_MS);
  scheduledAtMs = 0;
  const counts = counted;
  counted = {};
  try {
    await transactionShard(c.env, shardName(0)).countEvents(counts);
  } catch {
    // The call may have arrived. A repetition could count events twice.
    c.get("log")("warn", "processor.events_not_counted", {});
  }
}
