/** Checks that lie between the fields of a body. A schema's own `transform` and `refine` run only when every field
 *  fits by itself; these run whatever else is wrong, so that a client is told of all faults at once. */
import { z } from "@hono/zod-openapi";

export type Faults = {
  fault: (path: string[], message: string, params?: object) => void;
  /** Whether anything has been found wrong so far. */
  isFaulty: () => boolean;
};

/** @param check looks at the body as it was sent: any member may be missing or of another type, and a fault of its
 *  type is told already
 *  @param build makes the result of a body without faults */
export function collectIssues<Schema extends z.ZodType, Result>(
  schema: Schema,
  check: (sent: Record<string, unknown>, faults: Faults) => void,
  build: (body: z.output<Schema>) => Result,
) {
  return z.unknown().transform((sent, context): Result => {
    const parsed = schema.safeParse(sent);
    for (const issue of parsed.error?.issues ?? []) {
      // An issue was a raw one before it was reported.
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
