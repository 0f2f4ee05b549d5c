/** Checks that involve several fields of a body. A schema's own `transform` and `refine` run only if every field is
 *  valid; these checks always run, so that all faults are reported at once. */
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
