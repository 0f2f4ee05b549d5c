/** Schemas of erasures. */
import { z } from "@hono/zod-openapi";
import { isErasureId } from "../../erasures/client";
import type { AppContext } from "../context";
import { CARD_MESSAGE, Time } from "../http/common-schemas";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { userId } from "../transactions/create-schema";

const ERASURE_ID = "era_mfzwizlhn5xgs3dpnrsw45dfoi";

/** The customer in the path, by the rules for the `user_id` of a create request. */
export const customerParams = pathParams(
  z.object({
    user_id: z.string().openapi({
      description:
        "Your id for the customer, as in the create request, percent-encoded where a path requires it.",
      example: "user_123",
    }),
  }),
  (_, c) => {
    const parsed = userId.safeParse(readSegment(c));
    if (parsed.success) return { user_id: parsed.data };
    const message = parsed.error.issues[0]?.message ?? "is not valid";
    throw new Problem(message === CARD_MESSAGE ? "card_number_refused" : "invalid_request", {
      detail: `user_id ${message}.`,
      errors: [{ parameter: "user_id", message }],
    });
  },
);

/** The last segment of the path, decoded once. @throws Problem when it is not percent-encoded UTF-8 */
function readSegment(c: AppContext): string {
  const segments = new URL(c.req.url).pathname.split("/");
  try {
    return decodeURIComponent(segments.findLast((segment) => segment !== "") ?? "");
  } catch {
    const message = "is not percent-encoded UTF-8";
    throw new Problem("invalid_request", {
      detail: `user_id ${message}.`,
      errors: [{ parameter: "user_id", message }],
    });
  }
}

/** An id that no erasure can have is not looked up. */
export const erasureParams = pathParams(
  z.object({
    id: z.string().openapi({ description: "Id of the erasure.", example: ERASURE_ID }),
  }),
  ({ id }) => {
    if (!isErasureId(id)) throw new Problem("erasure_not_found");
    return { id };
  },
);

const count = (description: string, example: number) =>
  z.int().min(0).openapi({ description, example });

export const Erasure = z
  .object({
    id: z.string().openapi({ example: ERASURE_ID }),
    user_id: z.string().nullable().openapi({
      description: "The customer. Null when the erasure is complete.",
      example: "user_123",
    }),
    status: z.enum(["pending", "completed"]).openapi("ErasureStatus", {
      description: "`completed` when nothing of the customer is left that can be reached.",
      example: "pending",
    }),
    transactions_waiting: count(
      "Transactions whose data is erased when an operation of the processor has its outcome.",
      0,
    ),
    transactions_erased: count("Transactions whose data was erased.", 3),
    deliveries_erased: count("Deliveries of webhooks whose body was replaced.", 6),
    counted_payments_deleted: count(
      "Payments that fraud rules no longer count, of each subject.",
      4,
    ),
    archive_segments_rewritten: count("Segments of the archive that were written again.", 1),
    archive_objects_deleted: count(
      "Objects that an attempt to archive had left behind and that were deleted.",
      0,
    ),
    created_at: Time,
    completed_at: Time.nullable().openapi({ description: "Null until it is complete." }),
  })
  .openapi("Erasure");
