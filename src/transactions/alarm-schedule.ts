/** When a shard's alarm is due. Pure, so that tests can show that no open work is left without an alarm. */
import { dueAtMs } from "../domain/time/clock";
import { nextAlarmMs } from "../runtime/alarm";
import type { Counters } from "./counters";
import type { Journal } from "./journal/journal";
import type { OutboxRelays } from "./outbox/relays";
import { LONGEST_BACKOFF_MS } from "./outbox/stored-backoff";

/** The shortest time to an alarm. After a crash open work waits this long; under load a shard that runs spends one
 *  alarm a second on work that mostly ends without it. */
export const ALARM_INTERVAL_MS = 1_000;

export type OpenWork = {
  /** When the next charge without an outcome is due. */
  charge_at_ms: number | undefined;
  /** When the next open review expires. */
  review_at_ms?: number | undefined;
  /** For each destination with undelivered events, when it may be tried again. */
  outboxes_at_ms: number[];
  /** Whether there are counts to write. */
  has_counts?: boolean;
};

/** The open work of a shard. */
export function readOpenWork(
  { charges, reviews }: Pick<Journal, "charges" | "reviews">,
  relays: Pick<OutboxRelays, "openAtMs">,
  counters: Pick<Counters, "isOpen">,
  nowMs: number,
): OpenWork {
  return {
    charge_at_ms: charges.nextAtMs(nowMs),
    review_at_ms: reviews.nextAtMs(nowMs),
    outboxes_at_ms: relays.openAtMs(),
    has_counts: counters.isOpen,
  };
}

/** The time of the next alarm; undefined when nothing is open. */
export function nextAlarmAtMs(
  { charge_at_ms, review_at_ms, outboxes_at_ms, has_counts = false }: OpenWork,
  nowMs: number,
): number | undefined {
  const outboxes = outboxes_at_ms.map((at) => dueAtMs(at, nowMs, LONGEST_BACKOFF_MS));
  const counts = has_counts ? nowMs : undefined;
  return nextAlarmMs([...outboxes, charge_at_ms, review_at_ms, counts], ALARM_INTERVAL_MS, nowMs);
}
