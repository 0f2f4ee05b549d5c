// Whether the server had to report a fault of its own. What it logs as an error somebody is woken up for,
// so there must be none but for what was broken on purpose. Pure.

import type { Difference, World } from "../world.ts";

const EXPECTED_IN_OUTAGES = new Set(["stream.failed"]);

/** The errors in the server's output, as a Map of an event's name to how often it is there. */
export function errorsIn(output: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"time"') || !line.includes('"level":"error"')) continue;
    // A kill may have cut a line; what it said is lost with it.
    const [, event = "unknown"] = /"event":"([^"]+)"/.exec(line) ?? [];
    counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  return counts;
}

/** The errors that nothing was done to bring about. */
export function reconcileLog({ errors, chaos }: World): Difference[] {
  const isExpected = (event: string) => chaos.outages > 0 && EXPECTED_IN_OUTAGES.has(event);
  return [...errors]
    .filter(([event]) => !isExpected(event))
    .map(([event, count]) => ({ area: "log", text: `the server logged ${event} ${count} times` }));
}
