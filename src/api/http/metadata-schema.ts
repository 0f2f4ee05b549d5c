/** The `metadata` of a body: pairs of strings. */
import { z } from "@hono/zod-openapi";
import type { Faults } from "./collect-issues";
import { freeText } from "./common-schemas";

const MAX_METADATA_PAIRS = 50;

export const sentMetadata = z
  .record(freeText(1, 40), freeText(0, 500), "must be an object with string values")
  .refine(
    (pairs) => Object.keys(pairs).length <= MAX_METADATA_PAIRS,
    `must have at most ${MAX_METADATA_PAIRS} pairs`,
  )
  .nullish()
  .openapi({
    description: `Up to ${MAX_METADATA_PAIRS} key-value pairs of strings.`,
    example: { order_id: "1001" },
  });

/** Reports a name that an object cannot keep: assigning it sets the prototype, so the value would be lost without an error.
 *  @param metadata as it was sent */
export function checkMetadataNames(metadata: unknown, { fault }: Faults): void {
  if (typeof metadata === "object" && metadata !== null && Object.hasOwn(metadata, "__proto__")) {
    fault(["metadata", "__proto__"], "is not an allowed name");
  }
}
