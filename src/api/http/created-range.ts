/** The range of creation times of a list or a backtest: four bounds, and two older names of bounds. */
import type { z } from "@hono/zod-openapi";
import {
  type Bound,
  type Instant,
  isAfter,
  LOWER_BOUNDS,
  rangeWithin,
  type TimeRange,
} from "../../domain/time/timestamp";
import { object } from "../risk/schemas/fields";
import { time } from "./common-schemas";

const MEANINGS: Record<Bound, string> = {
  gt: "Only transactions created after this time.",
  gte: "Only transactions created at or after this time.",
  lt: "Only transactions created before this time.",
  lte: "Only transactions created at or before this time.",
};
const bound = (name: Bound) => time.optional().openapi({ description: MEANINGS[name] });
const sameAs = (name: Bound, newer: string) =>
  time.optional().openapi({ description: `Alias of \`${newer}\`. ${MEANINGS[name]}` });

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
type OlderNames = { created_after?: Instant | undefined; created_before?: Instant | undefined };

/** Parses the range of a query. Contradicting bounds become issues of `context`. */
export function parseQueryRange(
  query: OlderNames & { [Name in `created_at[${Bound}]`]?: Instant | undefined },
  context: z.RefinementCtx,
): TimeRange {
  const toName = (bound: Bound) => `created_at[${bound}]` as const;
  const bounds = {
    gt: query[toName("gt")],
    gte: query[toName("gte")],
    lt: query[toName("lt")],
    lte: query[toName("lte")],
  };
  const given = readBounds(bounds, (bound) => ({ path: [toName(bound)], name: toName(bound) }));
  return toRange([...given, ...readOlderNames(query)], context);
}

/** Parses the range of a body. */
export function parseBodyRange(
  body: OlderNames & { created_at?: Bounds | undefined },
  context: z.RefinementCtx,
): TimeRange {
  const given = readBounds(body.created_at ?? {}, (bound) => ({
    path: ["created_at", bound],
    name: `created_at.${bound}`,
  }));
  return toRange([...given, ...readOlderNames(body)], context);
}

function readBounds(
  bounds: Bounds,
  place: (bound: Bound) => Pick<Given, "path" | "name">,
): Given[] {
  return Object.entries(bounds).flatMap(([name, instant]) => {
    const bound = name as Bound; // The keys of Bounds.
    return instant ? [{ bound, instant, ...place(bound) }] : [];
  });
}

function readOlderNames({ created_after, created_before }: OlderNames): Given[] {
  return [
    ...readBounds({ gt: created_after }, () => named("created_after")),
    ...readBounds({ lt: created_before }, () => named("created_before")),
  ];
}

const named = (name: string) => ({ path: [name], name });
const isLower = ({ bound }: Given) => LOWER_BOUNDS.some((lower) => lower === bound);

function toRange(given: Given[], context: z.RefinementCtx): TimeRange {
  const fault = ({ path }: Given, message: string) =>
    context.addIssue({ code: "custom", path, message });
  const ends = [given.filter(isLower), given.filter((one) => !isLower(one))];
  for (const [first, ...others] of ends) {
    for (const other of others)
      fault(other, `sets the same bound as ${first?.name}: send only one of them`);
  }
  const [[lower], [upper]] = ends as [Given[], Given[]]; // Built just above.
  if (lower && upper && isAfter(lower.instant, upper.instant)) {
    fault(upper, `is before ${lower.name}, so the range is empty`);
  }
  return rangeWithin(given);
}
