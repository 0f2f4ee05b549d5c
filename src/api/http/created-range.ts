/** Which times of creation a list or a backtest asks for: the four bounds under their names, and the two names
 *  that this API had first. */
import type { z } from "@hono/zod-openapi";
import {
  type Bound,
  type Instant,
  LOWER_BOUNDS,
  rangeWithin,
  type TimeRange,
} from "../../domain/time/timestamp";
import { object } from "../risk/schemas/fields";
import { time } from "./common-schemas";

const MEANINGS: Record<Bound, string> = {
  gt: "Created after this time, which itself is left out.",
  gte: "Created at this time or after it.",
  lt: "Created before this time, which itself is left out.",
  lte: "Created at this time or before it.",
};
const bound = (name: Bound) => time.optional().openapi({ description: MEANINGS[name] });
const sameAs = (name: Bound, newer: string) =>
  time.optional().openapi({ description: `The same as \`${newer}\`: ${MEANINGS[name]}` });

/** Parameters of a query. */
export const createdQuery = {
  "created_at[gt]": bound("gt"),
  "created_at[gte]": bound("gte"),
  "created_at[lt]": bound("lt"),
  "created_at[lte]": bound("lte"),
  created_after: sameAs("gt", "created_at[gt]"),
  created_before: sameAs("lt", "created_at[lt]"),
};

/** Members of a body. */
export const createdBody = {
  created_at: object({
    gt: bound("gt"),
    gte: bound("gte"),
    lt: bound("lt"),
    lte: bound("lte"),
  }).optional(),
  created_after: sameAs("gt", "created_at.gt"),
  created_before: sameAs("lt", "created_at.lt"),
};

type Given = { bound: Bound; instant: Instant; path: string[]; name: string };
type Bounds = Partial<Record<Bound, Instant | undefined>>;
type First = { created_after?: Instant | undefined; created_before?: Instant | undefined };

/** The range that a query asks for. Bounds that contradict each other become issues of `context`. */
export function rangeOfQuery(
  query: First & { [Name in `created_at[${Bound}]`]?: Instant | undefined },
  context: z.RefinementCtx,
): TimeRange {
  const nameOf = (bound: Bound) => `created_at[${bound}]` as const;
  const bounds = {
    gt: query[nameOf("gt")],
    gte: query[nameOf("gte")],
    lt: query[nameOf("lt")],
    lte: query[nameOf("lte")],
  };
  const given = givenOf(bounds, (bound) => ({ path: [nameOf(bound)], name: nameOf(bound) }));
  return rangeOf([...given, ...firstNames(query)], context);
}

/** The range that a body asks for. */
export function rangeOfBody(
  body: First & { created_at?: Bounds | undefined },
  context: z.RefinementCtx,
): TimeRange {
  const given = givenOf(body.created_at ?? {}, (bound) => ({
    path: ["created_at", bound],
    name: `created_at.${bound}`,
  }));
  return rangeOf([...given, ...firstNames(body)], context);
}

function givenOf(bounds: Bounds, place: (bound: Bound) => Pick<Given, "path" | "name">): Given[] {
  return Object.entries(bounds).flatMap(([name, instant]) => {
    const bound = name as Bound; // The keys of the type above.
    return instant ? [{ bound, instant, ...place(bound) }] : [];
  });
}

function firstNames({ created_after, created_before }: First): Given[] {
  return [
    ...givenOf({ gt: created_after }, () => named("created_after")),
    ...givenOf({ lt: created_before }, () => named("created_before")),
  ];
}

const named = (name: string) => ({ path: [name], name });
const isLower = ({ bound }: Given) => LOWER_BOUNDS.some((lower) => lower === bound);

function rangeOf(given: Given[], context: z.RefinementCtx): TimeRange {
  const fault = ({ path }: Given, message: string) =>
    context.addIssue({ code: "custom", path, message });
  const ends = [given.filter(isLower), given.filter((one) => !isLower(one))];
  for (const [first, ...others] of ends) {
    for (const other of others) fault(other, `bounds the same end as ${first?.name}: send one`);
  }
  const [[lower], [upper]] = ends as [Given[], Given[]]; // Made just above.
  if (lower && upper && isAfter(lower.instant, upper.instant)) {
    fault(upper, `is before ${lower.name}, so that nothing is left`);
  }
  return rangeWithin(given);
}

/** Whether one instant is later than another, as far as milliseconds tell. */
function isAfter(one: Instant, other: Instant): boolean {
  if (one.floor_ms !== other.floor_ms) return one.floor_ms > other.floor_ms;
  return one.ceil_ms > other.ceil_ms;
}
