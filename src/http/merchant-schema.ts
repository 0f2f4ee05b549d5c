/** The shapes of administration: merchants and their API keys. */
import { z } from "@hono/zod-openapi";
import { SCOPES } from "../domain/api-key";
import { newPaymentFault } from "../domain/currency/currency";
import { freeText, Time } from "./fields";

export const MerchantBody = z
  .strictObject({
    name: freeText(1, 200),
    default_currency: z
      .string("must be a string")
      .superRefine((code, context) => {
        const fault = newPaymentFault(code, Date.now());
        if (fault) context.addIssue(fault);
      })
      .optional()
      .openapi({
        description: "ISO 4217: of payments whose create names no currency. Left out: USD.",
        pattern: "^[A-Z]{3}$",
        example: "EUR",
      }),
  })
  .openapi("CreateMerchant");
export const Merchant = z
  .object({
    id: z.string(),
    name: z.string(),
    default_currency: z.string().openapi({
      description: "The currency of payments whose create names none. It never changes.",
      example: "USD",
    }),
    created_at: Time,
  })
  .openapi("Merchant");
export const MerchantList = z.object({ data: z.array(Merchant) }).openapi("MerchantList");

export const ApiKeyBody = z
  .strictObject({
    name: freeText(1, 200).nullish(),
    scopes: z
      .array(z.enum(SCOPES, `must be one of ${SCOPES.join(", ")}`), "must be a list of scopes")
      .min(1, "must name at least one scope")
      .max(SCOPES.length, "must name each scope once")
      .default([...SCOPES]),
  })
  .openapi("CreateApiKey");
const ONE_DAY_S = 86_400;
const MAX_OVERLAP_S = 7 * ONE_DAY_S;
export const RollBody = z
  .strictObject({
    overlap_s: z
      .int("must be a whole number of seconds")
      .min(0, "must not be negative")
      .max(MAX_OVERLAP_S, `must be at most ${MAX_OVERLAP_S}`)
      .default(ONE_DAY_S)
      .openapi({ description: "How long the old key goes on working." }),
  })
  .openapi("RollApiKey");
export const ApiKey = z
  .object({
    id: z.string(),
    merchant_id: z.string(),
    name: z.string().nullable(),
    last_four: z.string(),
    scopes: z.array(z.string()),
    created_at: Time,
    expires_at: Time.nullable(),
  })
  .openapi("ApiKey");
export const NewApiKey = ApiKey.extend({
  key: z.string().openapi({ description: "Shown this once." }),
}).openapi("NewApiKey");
export const ApiKeyList = z.object({ data: z.array(ApiKey) }).openapi("ApiKeyList");
