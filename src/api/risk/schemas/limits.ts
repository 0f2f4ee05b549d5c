/** Checks over all rules of a rule set: unique ids, and limits on the number of conditions and signals. */
import type { Path } from "../../../domain/risk/conditions/definition";
import { walkConditions } from "../../../domain/risk/conditions/kinds";
import { MAX_CONDITIONS, MAX_COUNTED_FIELDS, MAX_SIGNALS } from "../../../domain/risk/limits";
import { type Rule, type Velocity, velocityName } from "../../../domain/risk/rule-set";

export type LimitFault = { path: Path; message: string };

/** For each limit, the first place that exceeds it. */
export function findLimitFaults(rules: Rule[]): LimitFault[] {
  const places = rules.flatMap(({ when }, at) => [
    ...walkConditions({ path: ["rules", at, "when"], condition: when }),
  ]);
  const velocities = places.flatMap(({ path, condition }) =>
    "velocity" in condition ? [{ path: [...path, "velocity"], velocity: condition.velocity }] : [],
  );
  const fields = velocities.filter(({ velocity }) => velocity.of !== "customer");
  const passing = places[MAX_CONDITIONS];
  return [
    ...repeatedIds(rules),
    ...fault(passing?.path, `exceeds the limit of ${MAX_CONDITIONS} conditions per rule set`),
    ...fault(
      firstBeyond(velocities, velocityName, MAX_SIGNALS),
      `exceeds the limit of ${MAX_SIGNALS} different velocity signals per rule set`,
    ),
    ...fault(
      firstBeyond(fields, ({ of }) => of, MAX_COUNTED_FIELDS),
      `exceeds the limit of ${MAX_COUNTED_FIELDS} different metadata fields with velocity per rule set`,
    ),
  ];
}

/** The number of conditions of all rules, combinators included, which is the cost of evaluating them. */
export function countConditions(rules: Rule[]): number {
  return rules.reduce(
    (sum, { when }) => sum + [...walkConditions({ path: [], condition: when })].length,
    0,
  );
}

function repeatedIds(rules: Rule[]): LimitFault[] {
  const first = new Map<string, number>();
  return rules.flatMap(({ id }, at) => {
    const earlier = first.get(id);
    first.set(id, earlier ?? at);
    return fault(
      earlier === undefined ? undefined : ["rules", at, "id"],
      `is already the id of rule ${earlier}`,
    );
  });
}

/** The first place with more than `most` different names so far. */
function firstBeyond(
  velocities: { path: Path; velocity: Velocity }[],
  nameOf: (velocity: Velocity) => string,
  most: number,
): Path | undefined {
  const seen = new Set<string>();
  return velocities.find(({ velocity }) => seen.add(nameOf(velocity)).size > most)?.path;
}

function fault(path: Path | undefined, message: string): LimitFault[] {
  return path === undefined ? [] : [{ path, message }];
}
