/** Schemas of merchants and their API keys. */
import { z } from "@hono/zod-openapi";
import { DEFAULT_SCOPES, SCOPES } from "../../domain/identity/api-key";
import { newPaymentFault } from "../../domain/money/currency";
import { Cursor, cursor, freeText, HasMore, limitOf, Time } from "../http/common-schemas";

const MERCHANT_ID = "mer_mfzwizlhn5xgs3dpnrsw45dfoi";
const KEY_ID = "key_mfzwizlhn5xgs3dpnrsw45dfoi";
export const MerchantParams = z.object({
  id: z.string().openapi({ description: "Id of the merchant.", example: MERCHANT_ID }),
});
export const KeyParams = MerchantParams.extend({
  key_id: z.string().openapi({ description: "Id of the API key.", example: KEY_ID }),
});

export const MerchantBody = z
  .strictObject({
    name: freeText(1, 200).openapi({ example: "Shop" }),
    default_currency: z
      .string("must be a string")
      .superRefine((code, context) => {
        const fault = newPaymentFault(code, Date.now());
        if (fault) context.addIssue(fault);
      })
      .optional()
      .openapi({
        description:
          "ISO 4217 code. Currency of transactions that are created without one. Default: USD.",
        pattern: "^[A-Z]{3}$",
        example: "EUR",
      }),
    book: z.int("must be a whole number").min(1, "must be at least 1").optional().openapi({
      description:
        "Number of the D1 database that gets the merchant's payments. Default: the one with the fewest merchants.",
      example: 1,
    }),
  })
  .openapi("CreateMerchant");
export const Merchant = z
  .object({
    id: z.string().openapi({ example: MERCHANT_ID }),
    name: z.string().openapi({ example: "Shop" }),
    default_currency: z.string().openapi({
      description: "Currency of transactions that are created without one. It cannot be changed.",
      example: "USD",
    }),
    book: z.int().openapi({
      description: "Number of the D1 database that has the merchant's payments.",
      example: 1,
    }),
    created_at: Time,
  })
  .openapi("Merchant");
export const MerchantList = z
  .object({ data: z.array(Merchant), has_more: HasMore, next_cursor: Cursor })
  .openapi("MerchantList");
/** Until there were pages, the list had the newest 1,000. */
const MAX_MERCHANTS = 1_000;
export const MerchantsQuery = z.strictObject({
  limit: limitOf(MAX_MERCHANTS, MAX_MERCHANTS, "Maximum number of merchants on the page."),
  cursor,
});

const Scope = z.enum(SCOPES, `must be one of ${SCOPES.join(", ")}`).openapi("Scope");
export const ApiKeyBody = z
  .strictObject({
    name: freeText(1, 200).nullish().openapi({ example: "checkout" }),
    scopes: z
      .array(Scope, "must be a list of scopes")
      .min(1, "must have at least one scope")
      .max(SCOPES.length, "must not repeat a scope")
      .default([...DEFAULT_SCOPES])
      .openapi({
        description: "Permissions of the key. Default: all but `customers:erase`.",
        example: ["transactions:write"],
      }),
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
      .openapi({
        description: "Seconds during which the old key remains valid.",
        example: ONE_DAY_S,
      }),
  })
  .openapi("RollApiKey");
const ApiKey = z
  .object({
    id: z.string().openapi({ example: KEY_ID }),
    merchant_id: z.string().openapi({ example: MERCHANT_ID }),
    name: z.string().nullable().openapi({ example: "checkout" }),
    last_four: z
      .string()
      .openapi({ description: "Last four characters of the key.", example: "q4zd" }),
    scopes: z.array(Scope),
    created_at: Time,
    expires_at: Time.nullable().openapi({
      description: "Time at which the key stops working. Null: never.",
    }),
    last_used_at: Time.nullable().openapi({
      description:
        "Start of the hour in which a request was last made with the key, or with a session of the console that was opened with it. Null: never.",
    }),
  })
  .openapi("ApiKey");
/** Not `extend`, which would become an `allOf`, in which code generators lose nullability. */
export const NewApiKey = z
  .object({
    ...ApiKey.shape,
    key: z.string().openapi({
      description: "Secret API key. Shown only once.",
      example: "sk_mfzwizlhn5xgs3dpnrsw45dfoimfzwizlhn5xgs3dpnrsw45dfoimfzwiz",
    }),
  })
  .openapi("CreatedApiKey");
export const ApiKeyList = z.object({ data: z.array(ApiKey) }).openapi("ApiKeyList");
