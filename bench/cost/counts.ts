// What the platform bills, by the part of the system that causes it. The metered Worker counts it, the tool reads it.

/** The parts, in the order of the tables. `worker` is everything that runs in the Worker itself. */
export const PARTS = ["worker", "d1", "shard", "velocity", "dispatcher", "quota", "queue"] as const;
export type Part = (typeof PARTS)[number];

/** `requests` are calls of an object or of D1, and invocations of the Worker, the queue's consumer included; `alarms`
 *  are runs of an object's alarm, which are billed as requests. `rows_written` includes `alarms_set`, a row each.
 *  `operations` are those of queues: a write, a read and a delete for a message of up to 64 KB. `bytes` is what is
 *  stored now. `unmetered` are calls of `exec()` with several statements, whose cursor tells the last one's rows only. */
export const UNITS = [
  "requests",
  "alarms",
  "rows_written",
  "alarms_set",
  "rows_read",
  "operations",
  "log_lines",
  "bytes",
  "unmetered",
] as const;
export type Unit = (typeof UNITS)[number];

export type Counts = Record<Part, Record<Unit, number>>;

function mapCounts(value: (part: Part, unit: Unit) => number): Counts {
  const entries = PARTS.map((part) => [
    part,
    Object.fromEntries(UNITS.map((unit) => [unit, value(part, unit)])),
  ]);
  return Object.fromEntries(entries) as Counts; // It has every part and every unit.
}

export function noCounts(): Counts {
  return mapCounts(() => 0);
}

/** What was counted between two readings. */
export function subtract(after: Counts, before: Counts): Counts {
  return mapCounts((part, unit) => after[part][unit] - before[part][unit]);
}

export function divide(counts: Counts, by: number): Counts {
  return mapCounts((part, unit) => counts[part][unit] / by);
}

/** Whether two readings are the same but for what reading them costs: nothing is under way. */
export function isSame(one: Counts, other: Counts): boolean {
  return PARTS.every((part) => UNITS.every((unit) => one[part][unit] === other[part][unit]));
}
