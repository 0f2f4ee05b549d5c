/** What a rule set's rules must keep together: ids of their own, and limits over all conditions; and how many conditions
 *  that is. */
import type { Path } from "../../../domain/risk/conditions/definition";
import { walkConditions } from "../../../domain/risk/conditions/kinds";
import { MAX_CONDITIONS, MAX_COUNTED_FIELDS, MAX_SIGNALS } from "../../../domain/risk/limits";
import { type Rule, type Velocity, velocityName } from "../../../domain/risk/rule-set";

export type LimitFault = { path: Path; message: string };

/** Where rules are too many things together: for each limit the first place that passes it. */
export function limitFaults(rules: Rule[]): LimitFault[] {
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
    ...fault(passing?.path, `is one more than the ${MAX_CONDITIONS} conditions of a rule set`),
    ...fault(
      firstBeyond(velocities, velocityName, MAX_SIGNALS),
      `is one more than the ${MAX_SIGNALS} different velocity signals of a rule set`,
    ),
    ...fault(
      firstBeyond(fields, ({ of }) => of, MAX_COUNTED_FIELDS),
      `names one more than the ${MAX_COUNTED_FIELDS} metadata fields whose velocity a rule set may ask for`,
    ),
  ];
}

/** How many conditions rules have together, combinators included: what it costs to evaluate them. */
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
      `is the id of rule ${earlier} too`,
    );
  });
}

/** The place at which there are more than `most` different things. */
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
