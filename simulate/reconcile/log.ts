// Reads the server's log. A logged error pages the operator, so only faults that the simulation caused on purpose may
// appear. Pure.

import type { Difference, World } from "../world.ts";

const EXPECTED_IN_OUTAGES = new Set(["stream.failed"]);
/** Its answers are lost on purpose, also those that lead from an event to its payment. */
const EXPECTED_WITH_STRIPE = new Set(["processor.event_failed"]);

/** The errors in the server's output, as a Map of an event's name to how often it is there. */
export function errorsIn(output: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"time"') || !line.includes('"level":"error"')) continue;
    // A kill may have cut a line, and its event name is lost then.
    const [, event = "unknown"] = /"event":"([^"]+)"/.exec(line) ?? [];
    counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  return counts;
}

/** How often the server got no clear outcome of an operation, as a Map of its name to a number. */
export function unclearIn(output: string): Map<string, number> {
  const lines = output.split("\n").filter((line) => line.includes('"event":"charge.unknown"'));
  const groups = Map.groupBy(lines, (line) => /"operation":"(\w+)"/.exec(line)?.[1] ?? "unknown");
  return new Map([...groups].map(([operation, own]) => [operation, own.length]));
}

/** The errors that nothing was done to bring about. */
export function reconcileLog({ errors, chaos, stripe }: World): Difference[] {
  const isExpected = (event: string) =>
    (chaos.outages > 0 && EXPECTED_IN_OUTAGES.has(event)) ||
    (stripe !== null && EXPECTED_WITH_STRIPE.has(event));
  return [...errors]
    .filter(([event]) => !isExpected(event))
    .map(([event, count]) => ({ area: "log", text: `the server logged ${event} ${count} times` }));
}
