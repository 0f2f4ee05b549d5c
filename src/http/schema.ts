/** The shapes of transactions, their events and problems, once: requests are checked by them and openapi.json
 *  is made from them. */
import { z } from "@hono/zod-openapi";
import { containsCardNumber, isCardNumber } from "../domain/card-number";
import { findCurrency, notCurrencyText } from "../domain/currency/currency";
import { EVENT_TYPES } from "../domain/event";
import type { CreateRequest } from "../domain/idempotency";
import {
  type AmountFault,
  MAX_AMOUNT_MINOR,
  MAX_DECIMAL_CHARACTERS,
  parseAmount,
} from "../domain/money";
import { REVIEW_DECISIONS, REVIEW_STATUSES } from "../domain/review";
import { DECISIONS, OUTCOMES } from "../domain/risk/evaluate";
import { STATUSES } from "../domain/status";
import { parseWebhookUrl } from "../domain/webhook-url";
import { createdQuery, rangeOfQuery } from "./created-range";
import { CARD, CARD_MESSAGE, Cursor, cursor, freeText, limit, Time, text } from "./fields";

const MAX_METADATA_PAIRS = 50;
const AMOUNT_FAULTS: Record<AmountFault, (currency: string, decimals: number) => string> = {
  malformed: () => `must be a decimal number of at most ${MAX_DECIMAL_CHARACTERS} characters`,
  not_positive: () => "must be above 0",
  too_many_decimals: (currency, decimals) =>
    `has more than the ${decimals} decimals of ${currency}`,
  too_large: (currency) => `is above ${MAX_AMOUNT_MINOR} minor units of ${currency}`,
};

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

/** A create as sent: the canonical request, and whether it names its currency itself. */
export type SentCreate = { request: CreateRequest; names_currency: boolean };

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
    if (url.fault !== undefined) fault("webhook_url", url.fault);
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
    return { request, names_currency: body.currency !== undefined };
  });
}

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
