/** The shapes of ending a charge by hand. */
import { z } from "@hono/zod-openapi";
import { CHARGE_OUTCOMES } from "../../domain/transaction/resolution";
import { freeText, Time } from "../http/common-schemas";

const ChargeOutcome = z
  .enum(CHARGE_OUTCOMES, `must be one of ${CHARGE_OUTCOMES.join(", ")}`)
  .openapi("ChargeOutcome", {
    description: "What the processor's own records say became of the charge.",
  });

export const ResolveBody = z
  .strictObject({
    outcome: ChargeOutcome,
    reason: freeText(1, 500).openapi({
      description: "Why it is resolved by hand. It is part of the transaction.",
      example: "Settled in the acquirer's report of 22 November, ticket 123",
    }),
    resolved_by: freeText(1, 128).openapi({ description: "Who decided.", example: "ann" }),
    force: z.boolean("must be true or false").default(false).openapi({
      description: "Resolves although the processor may still answer by itself.",
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
      description: "Whether the processor could still have answered by itself.",
      example: false,
    }),
  })
  .openapi("Resolution");
