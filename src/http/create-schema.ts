/** The body of a create: as documented, and as checked, from which it comes out as the canonical request. */
import { z } from "@hono/zod-openapi";
import { containsCardNumber, isCardNumber } from "../domain/card-number";
import { findCurrency, notCurrencyText } from "../domain/currency/currency";
import type { CreateRequest } from "../domain/idempotency";
import { MAX_DECIMAL_CHARACTERS, parseAmount } from "../domain/money";
import { parseWebhookUrl } from "../domain/webhook-url";
import { AMOUNT_FAULTS, CARD, CARD_MESSAGE, freeText, text } from "./fields";

const MAX_METADATA_PAIRS = 50;

/** For the document only: `parseAmount` says better what is wrong with an amount. */
const amountNumber = z.number().openapi({ exclusiveMinimum: 0 });
const amountText = z.string().openapi({
  maxLength: MAX_DECIMAL_CHARACTERS,
  pattern: "^(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$",
});

const createFields = z
  .strictObject(
    {
      user_id: text(1, 128)
        .refine((value) => !isCardNumber(value), { message: CARD_MESSAGE, ...CARD })
        .openapi({ description: "Your name for the customer who pays.", example: "user_123" }),
      amount: z.union([amountNumber, amountText], "must be a number or a decimal string").openapi({
        description:
          "Major units, exact: a JSON number or a decimal string with at most as many decimals as the currency has.",
        example: 100.5,
      }),
      currency: z.string("must be a string").optional().openapi({
        description:
          "ISO 4217. Left out: the merchant's default currency, unless the deployment requires it.",
        pattern: "^[A-Z]{3}$",
        example: "USD",
      }),
      description: freeText(0, 500).nullish(),
      webhook_url: text(1, 2048).nullish().openapi({
        description: "An https URL that is told of every event of this transaction.",
        format: "uri",
      }),
      metadata: z
        .record(freeText(1, 40), freeText(0, 500), "must be an object of strings")
        .refine(
          (pairs) => Object.keys(pairs).length <= MAX_METADATA_PAIRS,
          `must have at most ${MAX_METADATA_PAIRS} pairs`,
        )
        .nullish()
        .openapi({
          description: `Up to ${MAX_METADATA_PAIRS} pairs of strings of your own.`,
          example: { order_id: "1001" },
        }),
    },
    { error: (issue) => (issue.code === "invalid_type" ? "must be a JSON object" : undefined) },
  )
  .openapi("CreateTransaction");

/** The body of a create as documented. */
export const CreateTransactionBody = createFields;

/** A create as sent: the canonical request, whether it names its currency itself, and why its webhook URL may not
 *  be called. */
export type SentCreate = {
  request: CreateRequest;
  names_currency: boolean;
  url_fault: string | undefined;
};

// Made once each: making a schema costs more than checking a body by it. There are at most two for each currency.
const schemas = new Map<string, z.ZodType<SentCreate>>();

/** The body of a create as checked. Whether a new payment can be in its currency today is for the handler to say:
 *  a repetition may be in one that has been withdrawn since. */
export function createRequest(
  allowInsecureWebhooks: boolean,
  defaultCurrency: string,
): z.ZodType<SentCreate> {
  const name = `${allowInsecureWebhooks} ${defaultCurrency}`;
  const schema =
    schemas.get(name) ??
    z.preprocess(refuseProto, canonicalRequest(allowInsecureWebhooks, defaultCurrency));
  schemas.set(name, schema);
  return schema;
}

/** The one name that an object cannot carry like any other; it would be lost on the way without a word. */
function refuseProto(body: unknown, context: z.RefinementCtx): unknown {
  const { metadata } = (body ?? {}) as { metadata?: unknown }; // Any value may be asked for a member.
  if (typeof metadata === "object" && metadata !== null && Object.hasOwn(metadata, "__proto__")) {
    const path = ["metadata", "__proto__"];
    context.addIssue({ code: "custom", path, message: "is not a name that can be used" });
  }
  return body;
}

function canonicalRequest(allowInsecureWebhooks: boolean, defaultCurrency: string) {
  return createFields.transform((body, context): SentCreate => {
    const fault = (field: string, message: string, params?: object) =>
      context.addIssue({ code: "custom", path: [field], message, ...params });
    const currency = body.currency ?? defaultCurrency;
    const found = findCurrency(currency);
    if (!found) fault("currency", notCurrencyText(currency));
    // Without the decimals of its currency an amount says nothing.
    const amount = found && parseAmount(String(body.amount), found.decimals);
    if (found && amount && !amount.ok) {
      fault("amount", AMOUNT_FAULTS[amount.fault](currency, found.decimals));
    }
    const webhookUrl = body.webhook_url ?? null;
    const url = webhookUrl === null ? {} : parseWebhookUrl(webhookUrl, allowInsecureWebhooks);
    // What was taken by an earlier release, or under another setting, may be repeated; the handler decides.
    const isLasting = url.href === undefined || !amount?.ok;
    if (url.fault !== undefined && isLasting) fault("webhook_url", url.fault);
    if (containsCardNumber(`${webhookUrl} ${url.href}`)) fault("webhook_url", CARD_MESSAGE, CARD);
    if (!amount?.ok) return z.NEVER; // Its fault has been told.
    const request = {
      user_id: body.user_id,
      amount_minor: amount.amount_minor,
      currency,
      description: body.description ?? null,
      metadata: body.metadata ?? {},
      webhook_url: url.href ?? null,
    };
    return { request, names_currency: body.currency !== undefined, url_fault: url.fault };
  });
}
