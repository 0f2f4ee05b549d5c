/** Schemas for resolving a charge manually. */
import { z } from "@hono/zod-openapi";
import { CHARGE_OUTCOMES } from "../../domain/transaction/resolution";
import { freeText, Time } from "../http/common-schemas";

const ChargeOutcome = z
  .enum(CHARGE_OUTCOMES, `must be one of ${CHARGE_OUTCOMES.join(", ")}`)
  .openapi("ChargeOutcome", {
    description: "Outcome of the charge according to the processor's records.",
  });

export const ResolveBody = z
  .strictObject({
    outcome: ChargeOutcome,
    reason: freeText(1, 500).openapi({
      description: "Why the charge is resolved manually. Stored in the transaction.",
      example: "Settled in the acquirer's report of 22 November, ticket 123",
    }),
    resolved_by: freeText(1, 128).openapi({
      description: "Who resolved the charge.",
      example: "ann",
    }),
    force: z.boolean("must be true or false").default(false).openapi({
      description:
        "Whether to resolve the charge even if the processor may still report an outcome.",
      example: false,
    }),
  })
  .openapi("ResolveCharge");

export const Resolution = z
  .object({
    outcome: ChargeOutcome,
    reason: z.string().openapi({
      example: "Settled in the acquirer's report of 22 November, ticket 123",
    }),
    resolved_by: z.string().openapi({ example: "ann" }),
    resolved_at: Time,
    forced: z.boolean().openapi({
      description:
        "Whether the processor could still have reported an outcome, so that `force` was needed.",
      example: false,
    }),
  })
  .openapi("Resolution");
