/** When a shard's next alarm is due. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALARM_INTERVAL_MS,
  nextAlarmAtMs,
  SAFETY_ALARM_MS,
} from "../../../src/transactions/alarm-schedule";
import { NOW_MS } from "../../support/examples";

describe("a shard's next alarm", () => {
  const later = NOW_MS + 60_000;

  it("A shard's next alarm is not set when nothing is open", () => {
    expect(nextAlarmAtMs({ charge_at_ms: undefined, outboxes_at_ms: [] }, NOW_MS)).toBeUndefined();
  });

  it.each([
    ["a charge that is due later", later, [], later],
    ["an outbox that is resting", undefined, [later], later],
    ["the charge, when it is earlier", later, [later + 1], later],
    ["the outbox, when it is earlier", later + 1, [later], later],
    ["the earliest of several outboxes", later + 2, [later + 1, later, later + 3], later],
    ["a charge that is due", NOW_MS, [later], NOW_MS + ALARM_INTERVAL_MS],
    ["a charge that is long overdue", 0, [], NOW_MS + ALARM_INTERVAL_MS],
    ["a healthy outbox", undefined, [0], NOW_MS + SAFETY_ALARM_MS],
    ["a failing outbox beside a healthy one", undefined, [0, 1], NOW_MS + ALARM_INTERVAL_MS],
    ["work due just before the safety margin", NOW_MS + 999, [], NOW_MS + 1_000],
    ["work due just after it", NOW_MS + 1_001, [], NOW_MS + 1_001],
  ])("A shard's next alarm is for %s", (_, charge_at_ms, outboxes_at_ms, expected) => {
    expect(nextAlarmAtMs({ charge_at_ms, outboxes_at_ms }, NOW_MS)).toBe(expected);
  });

  it("A shard's next alarm is the safety net while counts are unwritten or a charge is in progress", () => {
    const open = { charge_at_ms: NOW_MS + 60_000, outboxes_at_ms: [] };
    const safety = NOW_MS + SAFETY_ALARM_MS;
    expect(nextAlarmAtMs({ ...open, has_counts: true }, NOW_MS)).toBe(safety);
    expect(nextAlarmAtMs({ ...open, has_claims: true }, NOW_MS)).toBe(safety);
    expect(nextAlarmAtMs({ ...open, charge_at_ms: safety - 1, has_claims: true }, NOW_MS)).toBe(
      safety - 1,
    );
  });

  it("A shard's next alarm is never missing while work is open, never early, and never later than the work", () => {
    const times = fc.integer({ min: NOW_MS - 100_000, max: NOW_MS + 100_000 });
    const charges = fc.option(times, { nil: undefined });
    fc.assert(
      fc.property(charges, fc.array(times, { maxLength: 4 }), (charge_at_ms, outboxes_at_ms) => {
        const next = nextAlarmAtMs({ charge_at_ms, outboxes_at_ms }, NOW_MS);
        const open = [...outboxes_at_ms, ...(charge_at_ms === undefined ? [] : [charge_at_ms])];
        expect(next === undefined).toBe(open.length === 0);
        if (next === undefined) return;
        expect(next).toBeGreaterThanOrEqual(NOW_MS + ALARM_INTERVAL_MS);
        for (const time of open)
          expect(next).toBeLessThanOrEqual(Math.max(time, NOW_MS + ALARM_INTERVAL_MS));
        expect([...open, NOW_MS + ALARM_INTERVAL_MS]).toContain(next);
      }),
    );
  });
});
