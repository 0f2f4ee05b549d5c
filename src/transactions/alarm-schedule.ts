/** When a shard's alarm is due. Pure, so that tests can show that no open work is left without an alarm. */
import { dueAtMs } from "../domain/time/clock";
import { Alarm, nextAlarmMs } from "../runtime/alarm";
import type { Archiver } from "./archive/archiver";
import type { Counters } from "./counters";
import type { Journal } from "./journal/journal";
import type { OutboxRelays } from "./outbox/relays";
import { LONGEST_BACKOFF_MS } from "./outbox/stored-backoff";

/** The shortest time to an alarm. */
export const ALARM_INTERVAL_MS = 1_000;
/** The time to the alarm for work that ends without it unless the object stops: a charge in progress, events on their way,
 *  counts that the next commit writes. After a crash such work waits this long for a shard that gets no requests. Each alarm
 *  is a billed row and, on one machine, two waits for its disk. */
export const SAFETY_ALARM_MS = 5_000;

export type OpenWork = {
  /** When the next operation without an outcome is due. */
  charge_at_ms: number | undefined;
  /** Whether there are operations that were claimed and not deferred. */
  has_claims?: boolean;
  /** When the next review or authorization expires. */
  deadline_at_ms?: number | undefined;
  /** For each destination with undelivered events, when it may be tried again; 0 when it does not fail. */
  outboxes_at_ms: number[];
  /** Whether there are counts to write. */
  has_counts?: boolean;
  /** Whether there are events of an earlier release to move. */
  has_earlier_events?: boolean;
  /** When payments are to be archived, if they are. */
  archive_at_ms?: number | undefined;
};

/** The alarm of a shard, which is due when the next of its open work is. */
export function createAlarm(
  storage: DurableObjectStorage,
  journal: Journal,
  relays: Pick<OutboxRelays, "openAtMs">,
  counters: Pick<Counters, "isOpen">,
  archiver: Pick<Archiver, "dueAtMs"> | undefined,
): Alarm {
  return new Alarm(storage, ALARM_INTERVAL_MS, (nowMs) => {
    const work = readOpenWork(journal, relays, counters, nowMs);
    return [nextAlarmAtMs({ ...work, archive_at_ms: archiver?.dueAtMs(nowMs) }, nowMs)];
  });
}

/** The open work of a shard. */
function readOpenWork(
  { charges, deadlines, events }: Pick<Journal, "charges" | "deadlines" | "events">,
  relays: Pick<OutboxRelays, "openAtMs">,
  counters: Pick<Counters, "isOpen">,
  nowMs: number,
): OpenWork {
  return {
    charge_at_ms: charges.nextAtMs(nowMs),
    has_claims: charges.hasClaims,
    deadline_at_ms: deadlines.nextAtMs(nowMs),
    outboxes_at_ms: relays.openAtMs(),
    has_counts: counters.isOpen,
    has_earlier_events: !events.earlier.isEmpty,
  };
}

/** The time of the next alarm; undefined when nothing is open. */
export function nextAlarmAtMs(
  {
    charge_at_ms,
    deadline_at_ms,
    outboxes_at_ms,
    has_claims = false,
    has_counts = false,
    has_earlier_events = false,
    archive_at_ms,
  }: OpenWork,
  nowMs: number,
): number | undefined {
  const isSafe = has_claims || has_counts || outboxes_at_ms.includes(0);
  const outboxes = outboxes_at_ms
    .filter((at) => at !== 0)
    .map((at) => dueAtMs(at, nowMs, LONGEST_BACKOFF_MS));
  const safety = isSafe ? nowMs + SAFETY_ALARM_MS : undefined;
  const move = has_earlier_events ? nowMs : undefined;
  const due = [...outboxes, charge_at_ms, deadline_at_ms, safety, move, archive_at_ms];
  return nextAlarmMs(due, ALARM_INTERVAL_MS, nowMs);
}
