/** Schemas of the decisions about a payment: by the fraud rules and by a reviewer. */
import { z } from "@hono/zod-openapi";
import { DECISIONS, OUTCOMES } from "../../domain/risk/evaluate";
import { REVIEW_DECISIONS, REVIEW_STATUSES } from "../../domain/transaction/review";
import { freeText, Time } from "../http/common-schemas";

export const RiskDecision = z.enum(DECISIONS).openapi("RiskDecision");
export const ReviewDecision = z
  .enum(REVIEW_DECISIONS, `must be one of ${REVIEW_DECISIONS.join(", ")}`)
  .openapi("ReviewDecision");

export const RiskReason = z
  .object({
    rule: z.string().openapi({
      description: "Id of the rule, `block_list` or `allow_list`.",
      example: "large-amount",
    }),
    outcome: z.enum(OUTCOMES).openapi("RiskReasonOutcome", {
      description: "`error`: the rule could not be evaluated and has no effect.",
    }),
    points: z.int().openapi({ description: "Points the rule adds to the score.", example: 40 }),
    detail: z.string().openapi({ example: "amount 6000.00 USD is above 5000" }),
  })
  .openapi("RiskReason");

export const Risk = z
  .object({
    decision: RiskDecision,
    reasons: z.array(RiskReason),
    shadow: z
      .array(RiskReason)
      .openapi({ description: "Results of shadow rules, which do not affect the decision." }),
    rule_set_version: z.int().min(0).openapi({
      description: "Version of the rule set. 0 is the deployment's default.",
      example: 0,
    }),
    signals: z.record(z.string(), z.number()).openapi({
      description: "Signals used for the decision, in addition to the payment itself.",
      example: { "customer.count.24h": 3 },
    }),
  })
  .openapi("Risk");

export const Review = z
  .object({
    status: z.enum(REVIEW_STATUSES).openapi("ReviewStatus"),
    expires_at: Time,
    expires_to: ReviewDecision,
    expired: z.boolean().openapi({
      description: "Whether the review ended without a reviewer's decision.",
      example: false,
    }),
    reviewer: z.string().nullable().openapi({ example: "ann" }),
    note: z.string().nullable().openapi({ example: "known customer" }),
    decided_at: Time.nullable(),
  })
  .openapi("Review");

/** A reviewer's decision. */
export const ReviewBody = z
  .strictObject({
    decision: ReviewDecision,
    reviewer: freeText(1, 128)
      .nullish()
      .openapi({ description: "Your id for the reviewer.", example: "ann" }),
    note: freeText(0, 500).nullish().openapi({ example: "known customer" }),
  })
  .openapi("ReviewTransaction");
