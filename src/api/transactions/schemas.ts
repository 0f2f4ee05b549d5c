/** Schemas of transactions, for checking requests and for openapi.json. */
import { z } from "@hono/zod-openapi";
import { ORDERS } from "../../d1/transactions/select-rows";
import { MAX_AMOUNT_MINOR } from "../../domain/money/money";
import { CAPTURE_METHODS, VOID_REASONS } from "../../domain/transaction/capture";
import { DISPUTE_STATUSES } from "../../domain/transaction/dispute";
import { PROCESSOR_NAMES } from "../../domain/transaction/payment-details";
import { STATUSES } from "../../domain/transaction/status";
import { Cursor, cursor, HasMore, limit, StaleSince, Time } from "../http/common-schemas";
import { createdQuery, parseQueryRange } from "../http/created-range";
import { Resolution } from "../operations/resolve-schema";
import { currency } from "../risk/schemas/fields";
import { Review, Risk } from "./decision-schema";

const ABSENT = "Absent in transactions created before this field was introduced.";

const minorUnits = (description: string) =>
  z.int().min(0).optional().openapi({ description, maximum: MAX_AMOUNT_MINOR, example: 10050 });

const TransactionId = z.string().openapi({ example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" });

const TransactionStatus = z
  .enum(STATUSES, `must be one of ${STATUSES.join(", ")}`)
  .openapi("TransactionStatus");

export const Failure = z
  .object({
    code: z.string().openapi({ example: "card_declined" }),
    message: z.string().openapi({ example: "The card was declined." }),
    processor_code: z.string().optional().openapi({
      description: "The processor's own code, where `code` is another one.",
      example: "generic_decline",
    }),
  })
  .openapi("Failure", { description: "Why the payment failed. Null if it has not failed." });

const VoidReason = z.enum(VOID_REASONS).openapi("VoidReason", {
  description:
    "`requested`: the transaction was cancelled. `capture_expired`: it was not captured in time. `action_expired`: the customer did not act in time. `processor`: it was voided at the processor.",
  example: "requested",
});

export const CaptureMethod = z
  .enum(CAPTURE_METHODS, `must be one of ${CAPTURE_METHODS.join(", ")}`)
  .openapi("CaptureMethod");

const PendingOperation = z
  .object({
    type: z.enum(["capture", "void"]).openapi({ example: "capture" }),
    amount_minor: minorUnits("Of a capture: its amount."),
    reason: VoidReason.optional().openapi({ description: "Of a void: why." }),
  })
  .openapi("PendingOperation");

const NextAction = z
  .object({
    type: z.enum(["redirect_to_url"]).openapi({ example: "redirect_to_url" }),
    redirect_to_url: z.object({
      url: z.string().openapi({
        description: "Where to send the customer. It may hold a secret: do not store or log it.",
        format: "uri",
        example: "https://hooks.example/redirect/authenticate/src_1",
      }),
      return_url: z.string().nullable().openapi({
        description: "Where the customer returns to.",
        example: "https://shop.example/orders/1001",
      }),
    }),
  })
  .openapi("NextAction");

const Dispute = z
  .object({
    id: z.string().openapi({ description: "The processor's own id.", example: "dp_1Qx4yZ2eZvKY" }),
    status: z.enum(DISPUTE_STATUSES).openapi("DisputeStatus", {
      description:
        "`open` until the card's issuer has decided; `closed` if it ended without a decision.",
      example: "open",
    }),
    reason: z.string().openapi({ example: "fraudulent" }),
    amount_minor: z.int().openapi({
      description: "Amount in minor units of the dispute's currency.",
      maximum: MAX_AMOUNT_MINOR,
      example: 10050,
    }),
    currency: z.string().openapi({ example: "USD" }),
    evidence_due_by: Time.nullable().openapi({ description: "Until when evidence can be sent." }),
    opened_at: Time,
  })
  .openapi("Dispute");

const ProcessorName = z.enum(PROCESSOR_NAMES).openapi("ProcessorName");

export const Transaction = z
  .object({
    id: TransactionId,
    idempotency_key: z.string().openapi({ example: "order-1001" }),
    user_id: z.string().openapi({ example: "user_123" }),
    amount: z
      .number()
      .openapi({ description: "Amount in major units, for display.", example: 100.5 }),
    amount_minor: z.int().openapi({
      description: "Amount in minor units (ISO 4217). Use it for calculations.",
      maximum: MAX_AMOUNT_MINOR,
      example: 10050,
    }),
    currency: z.string().openapi({ example: "USD" }),
    status: TransactionStatus,
    livemode: z.boolean().optional().openapi({
      example: true,
      description:
        "Whether money moves; `false` with the sandbox processor. Set at creation. Absent in transactions created before this field was introduced, until they are charged.",
    }),
    processor: ProcessorName.optional().openapi({
      description:
        "The deployment's processor. From the processing of the transaction on it is the only one that is called for it. Absent in transactions created before this field was introduced, or without a processor.",
      example: "stripe",
    }),
    fraud_score: z.int().min(0).max(100).openapi({ example: 0 }),
    risk: Risk,
    failure: Failure.nullable(),
    review: Review.nullable().openapi({
      description: "Null if the transaction was never in review.",
    }),
    description: z.string().nullable().openapi({ example: "two books" }),
    metadata: z.record(z.string(), z.string()).openapi({ example: { order_id: "1001" } }),
    webhook_url: z.string().nullable().openapi({ example: "https://example.com/webhooks" }),
    version: z.int().min(1).openapi({ description: "Increases with every change.", example: 1 }),
    created_at: Time,
    updated_at: Time,
    resolution: Resolution.optional().openapi({
      description: "Present if an operator resolved the charge manually.",
    }),
    capture_method: CaptureMethod.optional().openapi({
      description: `Whether processing charges the payment or authorizes it for a capture. ${ABSENT}`,
      example: "automatic",
    }),
    amount_captured_minor: minorUnits(
      `What was captured: 0, and the amount of the charge or capture when it is complete. ${ABSENT}`,
    ),
    amount_refunded_minor: minorUnits(`The sum of the refunds that succeeded. ${ABSENT}`),
    amount_capturable_minor: minorUnits(
      "Only with `capture_method: manual`. What can be captured: 0 unless the payment is authorized.",
    ),
    capture_before: Time.optional().openapi({
      description: "Present once the payment was authorized: when the authorization expires.",
    }),
    action_expires_at: Time.optional().openapi({
      description:
        "Present if the customer had to act: when the transaction is voided unless it is completed before.",
    }),
    next_action: NextAction.optional().openapi({
      description:
        "Only while the status is `requires_action`, in responses about this transaction: what the customer has to do.",
    }),
    dispute: Dispute.optional().openapi({
      description: "Present if the customer disputed the payment: the newest dispute.",
    }),
    erased_at: Time.optional().openapi({
      description:
        "Present if the customer's data was erased: when. `user_id` is then `erased`, and `description`, `metadata` and `webhook_url` are empty.",
    }),
    pending_operation: PendingOperation.optional().openapi({
      description:
        "Present while a capture or a void is under way and its outcome is not known: the status is `processing`.",
    }),
    cancellation_reason: VoidReason.optional().openapi({
      description: "Present if the payment was voided at the processor: why.",
    }),
    processor_reference: z.string().optional().openapi({
      description: "The processor's own id of the payment, if it has named one.",
      example: "pay_123",
    }),
  })
  .openapi("Transaction");

export const TransactionList = z
  .object({
    data: z.array(Transaction),
    has_more: HasMore,
    next_cursor: Cursor,
    stale_since: StaleSince,
  })
  .openapi("TransactionList");

const NOT_MINOR = `must be a whole number from 0 to ${MAX_AMOUNT_MINOR}`;
const amountBound = (description: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, NOT_MINOR)
    .transform(Number)
    .optional()
    .openapi({
      type: "integer",
      minimum: 0,
      maximum: MAX_AMOUNT_MINOR,
      description,
      example: 10050,
    });

export const ListQuery = z.strictObject({
  user_id: z.string().max(128, "must have at most 128 characters").optional().openapi({
    description: "Only transactions of this customer.",
    example: "user_123",
  }),
  status: TransactionStatus.optional().openapi({
    description: "Only transactions with this status.",
  }),
  currency: currency.optional().openapi({
    description: "Only transactions in this currency.",
  }),
  "amount_minor[gte]": amountBound(
    "Only transactions of at least this amount, in minor units of each transaction's currency.",
  ),
  "amount_minor[lte]": amountBound(
    "Only transactions of at most this amount, in minor units of each transaction's currency.",
  ),
  ...createdQuery,
  order: z
    .enum(ORDERS, `must be one of ${ORDERS.join(", ")}`)
    .default("desc")
    .openapi({
      description:
        "`desc`: newest first. `asc`: oldest first. A cursor is valid in the order of its page.",
    }),
  limit,
  cursor,
});

/** Parses the query of a list: its bounds become ranges. */
export const listQuery = ListQuery.transform((query, context) => {
  const { user_id, status, currency, order, limit, cursor } = query;
  const [gte, lte] = [query["amount_minor[gte]"], query["amount_minor[lte]"]];
  if (gte !== undefined && lte !== undefined && gte > lte) {
    const message = "is less than amount_minor[gte], so the range is empty";
    context.addIssue({ code: "custom", path: ["amount_minor[lte]"], message });
  }
  const created = parseQueryRange(query, context);
  const filter = { user_id, status, created, currency, amount_minor: { gte, lte } };
  return { filter, order, limit, cursor };
});
