/** Issues that schemas find. Checks that involve several fields of a body: a schema's own `transform` and `refine` run only if
 *  every field is valid; these checks always run, so that all faults are reported at once. And the faults of a response,
 *  which are made of issues. */
import { z } from "@hono/zod-openapi";

/** Describes the faults for which a schema has no message of its own. */
export const DEFAULT_MESSAGES = {
  error: ({ code, expected }: { code?: string | undefined; expected?: unknown }) =>
    code === "invalid_type" && expected === "object" ? "must be a JSON object" : undefined,
};

export type Faults = {
  fault: (path: string[], message: string, params?: object) => void;
  /** Whether a fault was found so far. */
  isFaulty: () => boolean;
};

/** @param check receives the body as it was sent: a member may be missing or have a wrong type, which is already
 *  reported
 *  @param build creates the result from a body without faults */
export function collectIssues<Schema extends z.ZodType, Result>(
  schema: Schema,
  check: (sent: Record<string, unknown>, faults: Faults) => void,
  build: (body: z.output<Schema>) => Result,
) {
  return z.unknown().transform((sent, context): Result => {
    const parsed = schema.safeParse(sent, DEFAULT_MESSAGES);
    for (const issue of parsed.error?.issues ?? []) {
      // A reported issue has all members of a raw issue.
      context.issues.push({ ...issue, input: sent } as z.core.$ZodRawIssue);
    }
    if (typeof sent === "object" && sent !== null) {
      check(sent as Record<string, unknown>, {
        fault: (path, message, params) =>
          context.addIssue({ code: "custom", path, message, ...params }),
        isFaulty: () => context.issues.length > 0,
      });
    }
    if (!parsed.success || context.issues.length > 0) return z.NEVER;
    return build(parsed.data);
  });
}

export type Fault = { path: PropertyKey[]; message: string; isCard?: boolean };
type Issue = z.core.$ZodIssue;

/** The faults of a value. @param sent the whole value */
export function toFaults(issues: Issue[], sent: unknown): Fault[] {
  return withoutConsequences(issues).flatMap((issue) => toFault(issue, sent));
}

/** Leaves out issues that only follow from another one. zod also measures what has the wrong type but a length, and one
 *  value can exceed several limits, of which the last one is the closest. */
function withoutConsequences(issues: Issue[]): Issue[] {
  const places = Map.groupBy(issues, ({ path }) => JSON.stringify(path.map(String)));
  return [...places.values()].flatMap((same) => {
    const wrongType = same.find(({ code }) => code === "invalid_type");
    const closest = same.findLast(isOfSize);
    return wrongType ?? same.filter((issue) => !isOfSize(issue) || issue === closest);
  });
}

const isOfSize = ({ code }: Issue): boolean => code === "too_big" || code === "too_small";

function toFault(issue: Issue, sent: unknown): Fault[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: "is not a known field" }));
  }
  // The inner issue describes the fault of a key.
  const cause = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
  const isCard = cause.code === "custom" && cause.params?.code === "card_number_refused";
  const isMissing =
    cause.code !== "custom" && path.length > 0 && memberAt(sent, path) === undefined;
  const message = isMissing ? `is required, and ${cause.message}` : cause.message;
  return [{ path, message, isCard }];
}

function memberAt(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (within, name) => (within as Record<PropertyKey, unknown> | null | undefined)?.[name],
    value,
  );
}
