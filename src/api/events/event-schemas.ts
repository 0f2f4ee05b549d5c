/** Schemas of events, for openapi.json. */
import { z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../../domain/transaction/event";
import { REFUND_STATUSES } from "../../domain/transaction/refund";
import { STATUSES } from "../../domain/transaction/status";
import { Cursor, cursor, HasMore, limit, StaleSince, Time } from "../http/common-schemas";
import { Refund } from "../refunds/schemas";
import { Transaction } from "../transactions/schemas";

const STATUSES_OF_EITHER = [...new Set([...STATUSES, ...REFUND_STATUSES])] as const;

/** One flat object, because many code generators lose a choice between objects. */
const EventData = z
  .object({
    ...Transaction.partial().shape,
    ...Refund.partial().shape,
    ...Transaction.pick({
      id: true,
      idempotency_key: true,
      amount: true,
      amount_minor: true,
      currency: true,
      failure: true,
      metadata: true,
      created_at: true,
      updated_at: true,
    }).shape,
    status: z.enum(STATUSES_OF_EITHER).openapi("EventDataStatus"),
  })
  .openapi("EventData", {
    description:
      "The transaction at the time of the event: a `Transaction`. If the event's `type` begins with `refund.`, the refund: a `Refund`.",
  });

const TransactionEvent = z
  .object({
    id: z.string().openapi({ example: "evt_mfzwizlhn5xgs3dpnrsw45dfoi" }),
    type: z.enum(EVENT_TYPES).openapi("EventType"),
    sequence: z.int().min(1).openapi({
      description: "Number of the event within its transaction: 1, 2, 3 … without gaps.",
      example: 1,
    }),
    transaction_id: z.string().openapi({ example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" }),
    created_at: Time,
    data: EventData,
  })
  .openapi("TransactionEvent");

export const EventList = z
  .object({
    data: z.array(TransactionEvent),
    has_more: HasMore,
    next_cursor: Cursor,
    stale_since: StaleSince,
  })
  .openapi("EventList");

export const EventsQuery = z.strictObject({
  limit,
  cursor,
  tail: z
    .enum(["true", "false"], "must be true or false")
    .transform((text) => text === "true")
    .optional()
    .openapi({
      type: "boolean",
      description:
        "Begins with the last events of the feed instead of the first, oldest first as well. Ignored with `cursor`.",
      example: true,
    }),
});
