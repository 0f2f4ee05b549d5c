/** The body of a create request: the documented schema, and the one that parses it into the canonical request. */
import { z } from "@hono/zod-openapi";
import { findCurrency, notCurrencyText } from "../../domain/money/currency";
import { parseAmount } from "../../domain/money/money";
import { containsCardNumber, isCardNumber } from "../../domain/text/card-number";
import { MAX_RETURN_URL_CHARACTERS, parseReturnUrl } from "../../domain/text/return-url";
import type { CreateRequest } from "../../domain/transaction/idempotency";
import { hasDetails } from "../../domain/transaction/payment-details";
import { parseWebhookUrl } from "../../domain/webhook/webhook-url";
import { collectIssues, type Faults } from "../http/collect-issues";
import {
  AMOUNT_FAULTS,
  CARD,
  CARD_MESSAGE,
  freeText,
  MAX_DECIMALS,
  sentAmount,
  text,
} from "../http/common-schemas";
import { checkMetadataNames, sentMetadata } from "../http/metadata-schema";
import { CaptureMethod } from "./schemas";

/** A token of the processor: its own id of something that it keeps. */
const token = z
  .string("must be a string")
  .regex(/^[a-zA-Z0-9_]{1,255}$/, "must be a token of 1 to 255 letters, digits and underscores")
  .refine((value) => !containsCardNumber(value), { message: CARD_MESSAGE, ...CARD })
  .nullish();

/** A customer. */
export const userId = text(1, 128).refine((value) => !isCardNumber(value), {
  message: CARD_MESSAGE,
  ...CARD,
});

const createShape = {
  user_id: userId.openapi({ description: "Your id for the customer.", example: "user_123" }),
  amount: sentAmount.openapi({
    description:
      "Amount in major units, greater than 0: a JSON number or a decimal string. It must not have more decimal places than the currency; amounts are never rounded.",
    example: 100.5,
  }),
  currency: z.string("must be a string").optional().openapi({
    description:
      "ISO 4217 code. Default: the merchant's default currency, unless the deployment requires this field.",
    pattern: "^[A-Z]{3}$",
    example: "USD",
  }),
  description: freeText(0, 500).nullish().openapi({ example: "two books" }),
  webhook_url: text(1, 2048).nullish().openapi({
    description: "An https URL that receives every event of this transaction.",
    format: "uri",
    example: "https://example.com/webhooks",
  }),
  metadata: sentMetadata,
  payment_method: token.openapi({
    description:
      "The processor's token of a payment method. Required if the deployment's processor charges payment methods. Never a card number. Not part of any response.",
    example: "pm_1Qx4yZ2eZvKYlo2C",
  }),
  customer: token.openapi({
    description: "The processor's token of a customer. Not part of any response.",
    example: "cus_Q1w2E3r4",
  }),
  return_url: text(1, MAX_RETURN_URL_CHARACTERS).nullish().openapi({
    description:
      "An https URL to which the customer returns after an action, such as 3-D Secure. Without it a payment that needs an action is declined.",
    format: "uri",
    example: "https://shop.example/orders/1001",
  }),
  capture_method: CaptureMethod.optional().openapi({
    description:
      "`automatic` charges the payment when it is processed. `manual` authorizes it, and it is charged by a capture. Default: `automatic`.",
  }),
  process: z.boolean("must be true or false").optional().openapi({
    description:
      "Whether to process the payment in the same request, unless the fraud rules hold or block it. Default: false. The same as a separate process request: it is not part of the comparison with an earlier request under the same key.",
    example: true,
  }),
};

const createFields = z.strictObject(createShape).openapi("CreateTransaction", {
  // Without a webhook_url, so that trying the example calls no site.
  example: { user_id: "user_123", amount: 100.5, currency: "USD", description: "two books" },
});

/** The documented body of a create request. */
export const CreateTransactionBody = createFields;

/** The documented item of a batch. */
export const BatchItem = z
  .strictObject({
    idempotency_key: z.string().openapi({
      description: "1 to 255 visible ASCII characters, as in the header Idempotency-Key.",
      example: "order-1001",
    }),
    ...createShape,
  })
  .openapi("BatchItem", {
    example: {
      idempotency_key: "order-1001",
      user_id: "user_123",
      amount: 100.5,
      currency: "USD",
      process: true,
    },
  });

/** A parsed create request: the canonical request, whether to process it at once, whether it names a currency, and the fault
 *  of its webhook URL. */
export type SentCreate = {
  request: CreateRequest;
  process: boolean;
  names_currency: boolean;
  url_fault: string | undefined;
};

// Cached, because creating a schema costs more than using it. There are at most two for each currency.
const schemas = new Map<string, z.ZodType<SentCreate>>();

/** The schema that parses a create request. The handler checks whether its currency is valid today, because a repeated
 *  request may have a currency that was withdrawn since. */
export function selectCreateSchema(
  allowInsecureWebhooks: boolean,
  defaultCurrency: string,
): z.ZodType<SentCreate> {
  const name = `${allowInsecureWebhooks} ${defaultCurrency}`;
  const schema = schemas.get(name) ?? buildSchema(allowInsecureWebhooks, defaultCurrency);
  schemas.set(name, schema);
  return schema;
}

/** Faults that depend on more than one field, or on the deployment. */
function checkRequest(
  sent: Record<string, unknown>,
  allowInsecureWebhooks: boolean,
  defaultCurrency: string,
  faults: Faults,
): void {
  const { fault, isFaulty } = faults;
  const { amount, currency = defaultCurrency, webhook_url, return_url, metadata } = sent;
  if (typeof currency === "string") {
    const found = findCurrency(currency);
    if (!found) fault(["currency"], notCurrencyText(currency));
    const wrong = findAmountFault(amount, currency, found?.decimals);
    if (wrong) fault(["amount"], wrong);
  }
  checkMetadataNames(metadata, faults);
  if (typeof webhook_url === "string" && webhook_url !== "") {
    const url = parseWebhookUrl(webhook_url, allowInsecureWebhooks);
    // A URL that an earlier release or setting accepted may be repeated; the handler decides.
    const isLasting = url.href === undefined || isFaulty();
    if (url.fault !== undefined && isLasting) fault(["webhook_url"], url.fault);
    const hasCard = containsCardNumber(`${webhook_url} ${url.href}`);
    if (hasCard) fault(["webhook_url"], CARD_MESSAGE, CARD);
  }
  const isLong = typeof return_url === "string" && return_url.length > MAX_RETURN_URL_CHARACTERS;
  if (typeof return_url === "string" && return_url !== "" && !isLong) {
    const url = parseReturnUrl(return_url, allowInsecureWebhooks);
    if (url.fault !== undefined) fault(["return_url"], url.fault);
    if (containsCardNumber(`${return_url} ${url.href}`)) {
      fault(["return_url"], CARD_MESSAGE, CARD);
    }
  }
}

/** What the processor needs besides; nothing for a request that names none of it. */
function toDetails(
  body: z.output<typeof createFields>,
  allowInsecure: boolean,
): Pick<CreateRequest, "details"> {
  const url = body.return_url ?? null;
  const details = {
    payment_method: body.payment_method ?? null,
    customer: body.customer ?? null,
    return_url: url === null ? null : (parseReturnUrl(url, allowInsecure).href ?? null),
  };
  return hasDetails(details) ? { details } : {};
}

/** @param decimals undefined without a valid currency: then only faults in any currency are reported */
function findAmountFault(
  amount: unknown,
  currency: string,
  decimals: number | undefined,
): string | undefined {
  if (typeof amount !== "string" && typeof amount !== "number") return undefined;
  const most = decimals ?? MAX_DECIMALS;
  const parsed = parseAmount(String(amount), most);
  if (parsed.ok) return undefined;
  const isOfNone = parsed.fault === "malformed" || parsed.fault === "not_positive";
  if (decimals === undefined && !isOfNone) return undefined;
  return AMOUNT_FAULTS[parsed.fault](currency, most);
}

function buildSchema(allowInsecureWebhooks: boolean, defaultCurrency: string) {
  return collectIssues(
    createFields,
    (sent, faults) => checkRequest(sent, allowInsecureWebhooks, defaultCurrency, faults),
    (body): SentCreate => {
      const currency = body.currency ?? defaultCurrency;
      const found = findCurrency(currency);
      const amount = found && parseAmount(String(body.amount), found.decimals);
      if (!amount?.ok) throw new TypeError("the amount was not checked");
      const webhookUrl = body.webhook_url ?? null;
      const url = webhookUrl === null ? {} : parseWebhookUrl(webhookUrl, allowInsecureWebhooks);
      const request = {
        user_id: body.user_id,
        amount_minor: amount.amount_minor,
        currency,
        description: body.description ?? null,
        metadata: body.metadata ?? {},
        webhook_url: url.href ?? null,
        capture_method: body.capture_method ?? "automatic",
        ...toDetails(body, allowInsecureWebhooks),
      };
      const names_currency = body.currency !== undefined;
      return { request, process: body.process ?? false, names_currency, url_fault: url.fault };
    },
  );
}
