/** The shapes of transactions, their events and problems, once: requests are checked by them and openapi.json
 *  is made from them. */
import { z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../domain/event";
import { REVIEW_DECISIONS, REVIEW_STATUSES } from "../domain/review";
import { DECISIONS, OUTCOMES } from "../domain/risk/evaluate";
import { STATUSES } from "../domain/status";
import { createdQuery, rangeOfQuery } from "./created-range";
import { Cursor, cursor, freeText, limit, Time } from "./fields";
import { Resolution } from "./resolve-schema";

const TransactionId = z.string().openapi({ example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" });

export const RiskReason = z
  .object({
    rule: z.string().openapi({ description: "A rule's id, `block_list` or `allow_list`." }),
    outcome: z.enum(OUTCOMES).openapi({
      description: "`error`: the rule could not be evaluated, and adds nothing.",
    }),
    points: z.int(),
    detail: z.string(),
  })
  .openapi("RiskReason");

const Risk = z
  .object({
    decision: z.enum(DECISIONS),
    reasons: z.array(RiskReason),
    shadow: z.array(RiskReason).openapi({ description: "What rules on trial would have said." }),
    rule_set_version: z.int().min(0).openapi({ description: "0: the deployment's default." }),
    signals: z.record(z.string(), z.number()).openapi({
      description: "What the decision was made of, beside the payment itself.",
      example: { "customer.count.24h": 3 },
    }),
  })
  .openapi("Risk");

const Review = z
  .object({
    status: z.enum(REVIEW_STATUSES),
    expires_at: Time,
    expires_to: z.enum(REVIEW_DECISIONS).openapi({ description: "What is decided then." }),
    expired: z.boolean().openapi({ description: "Whether nobody had decided in time." }),
    reviewer: z.string().nullable(),
    note: z.string().nullable(),
    decided_at: Time.nullable(),
  })
  .openapi("Review");

/** A reviewer's word. */
export const ReviewBody = z
  .strictObject({
    decision: z.enum(REVIEW_DECISIONS, `must be one of ${REVIEW_DECISIONS.join(", ")}`),
    reviewer: freeText(1, 128)
      .nullish()
      .openapi({ description: "Who decides, as you name them.", example: "ann" }),
    note: freeText(0, 500).nullish(),
  })
  .openapi("ReviewTransaction");

export const Transaction = z
  .object({
    id: TransactionId,
    idempotency_key: z.string(),
    user_id: z.string(),
    amount: z.number().openapi({ description: "Major units, for people.", example: 100.5 }),
    amount_minor: z.int().openapi({ description: "Minor units: what counts.", example: 10050 }),
    currency: z.string().openapi({ example: "USD" }),
    status: z.enum(STATUSES),
    livemode: z.boolean().optional().openapi({
      description:
        "Whether money moves; false for the sandbox. Decided at creation. Missing in transactions of before it was recorded, until they are charged.",
    }),
    fraud_score: z.int().min(0).max(100),
    risk: Risk,
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    review: Review.nullable().openapi({ description: "Null when it never was in review." }),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    webhook_url: z.string().nullable(),
    version: z.int().min(1),
    created_at: Time,
    updated_at: Time,
    resolution: Resolution.optional().openapi({
      description: "Only there when an operator ended the charge by hand.",
    }),
  })
  .openapi("Transaction");

export const TransactionEvent = z
  .object({
    id: z.string(),
    type: z.enum(EVENT_TYPES),
    sequence: z.int().min(1).openapi({ description: "1, 2, 3 … per transaction, without gaps." }),
    transaction_id: TransactionId,
    created_at: Time,
    data: Transaction,
  })
  .openapi("TransactionEvent");

export const TransactionList = z
  .object({ data: z.array(Transaction), has_more: z.boolean(), next_cursor: Cursor })
  .openapi("TransactionList");
export const EventList = z
  .object({ data: z.array(TransactionEvent), has_more: z.boolean(), next_cursor: Cursor })
  .openapi("EventList");

export const ListQuery = z.strictObject({
  user_id: z.string().max(128, "must have at most 128 characters").optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
  ...createdQuery,
  limit,
  cursor,
});
/** A list's query as checked: its bounds come out as one range. */
export const listQuery = ListQuery.transform((query, context) => {
  const { user_id, status, limit, cursor } = query;
  return { filter: { user_id, status, created: rangeOfQuery(query, context) }, limit, cursor };
});
export const EventsQuery = z.strictObject({ limit, cursor });

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .openapi("Problem");
