/** When a shard has to wake up by itself. Pure, so that "nothing is ever stuck" can be read and tested. */
import { dueAtMs } from "../domain/time/clock";
import { nextAlarmMs } from "../runtime/alarm";
import type { Counters } from "./counters";
import type { Journal } from "./journal/journal";
import type { OutboxRelays } from "./outbox/relays";
import { LONGEST_BACKOFF_MS } from "./outbox/stored-backoff";

/** How soon the alarm looks after work that should be finishing by itself. A dead object's work waits
 *  this long; a living one spends one alarm a second on it under load. */
export const ALARM_INTERVAL_MS = 1_000;

export type OpenWork = {
  /** Due time of the next charge without an outcome. */
  charge_at_ms: number | undefined;
  /** When the next open review expires. */
  review_at_ms?: number | undefined;
  /** For each destination with undelivered events: when it may be tried again. */
  outboxes_at_ms: number[];
  /** Whether there are counts to be written. */
  has_counts?: boolean;
};

/** What is open in a shard now. */
export function openWorkOf(
  { charges, reviews }: Pick<Journal, "charges" | "reviews">,
  outboxes: Pick<OutboxRelays, "openAtMs">,
  counters: Pick<Counters, "isOpen">,
  nowMs: number,
): OpenWork {
  return {
    charge_at_ms: charges.nextAtMs(nowMs),
    review_at_ms: reviews.nextAtMs(nowMs),
    outboxes_at_ms: outboxes.openAtMs(),
    has_counts: counters.isOpen,
  };
}

/** The time of the next alarm, or undefined when nothing is open. */
export function nextAlarmAtMs(
  { charge_at_ms, review_at_ms, outboxes_at_ms, has_counts = false }: OpenWork,
  nowMs: number,
): number | undefined {
  const outboxes = outboxes_at_ms.map((at) => dueAtMs(at, nowMs, LONGEST_BACKOFF_MS));
  const counts = has_counts ? nowMs : undefined;
  return nextAlarmMs([...outboxes, charge_at_ms, review_at_ms, counts], ALARM_INTERVAL_MS, nowMs);
}
