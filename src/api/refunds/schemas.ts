/** Schemas of refunds, for checking requests and for openapi.json. */
import { z } from "@hono/zod-openapi";
import { isTransactionId } from "../../domain/identity/id";
import { MAX_AMOUNT_MINOR } from "../../domain/money/money";
import { REFUND_STATUSES } from "../../domain/transaction/refund";
import { collectIssues } from "../http/collect-issues";
import {
  Cursor,
  cursor,
  freeText,
  HasMore,
  limit,
  partialAmount,
  StaleSince,
  Time,
} from "../http/common-schemas";
import { createdQuery, parseQueryRange } from "../http/created-range";
import { checkMetadataNames, sentMetadata } from "../http/metadata-schema";
import { Resolution } from "../operations/resolve-schema";
import { Failure } from "../transactions/schemas";

const RefundStatus = z
  .enum(REFUND_STATUSES, `must be one of ${REFUND_STATUSES.join(", ")}`)
  .openapi("RefundStatus", {
    description:
      "`pending` until the processor's outcome is known. A refund that has `succeeded` may fail later; `failed` is final.",
  });

const RefundFields = z
  .strictObject({
    amount: partialAmount.openapi({
      description:
        "Amount in major units of the transaction's currency: a JSON number or a decimal string. Default: all that is left to refund.",
      example: 10.5,
    }),
    reason: freeText(0, 500).nullish().openapi({ example: "One book was damaged" }),
    metadata: sentMetadata,
  })
  .openapi("CreateRefund");

export const CreateRefundBody = {
  documentedAs: RefundFields,
  checkedBy: collectIssues(
    RefundFields,
    ({ metadata }, faults) => checkMetadataNames(metadata, faults),
    ({ amount = null, reason = null, metadata }) => ({ amount, reason, metadata: metadata ?? {} }),
  ),
  mayBeAbsent: true,
} as const;

export const Refund = z
  .object({
    id: z.string().openapi({ example: "re_mfzwizlhn5xgs3dpnrsw45dfoi_mfzwizlhn5xgs3dp" }),
    transaction_id: z.string().openapi({ example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" }),
    idempotency_key: z.string().openapi({ example: "return-1001" }),
    amount: z
      .number()
      .openapi({ description: "Amount in major units, for display.", example: 10.5 }),
    amount_minor: z.int().openapi({
      description: "Amount in minor units (ISO 4217). Use it for calculations.",
      maximum: MAX_AMOUNT_MINOR,
      example: 1050,
    }),
    currency: z.string().openapi({ example: "USD" }),
    status: RefundStatus,
    reason: z.string().nullable().openapi({ example: "One book was damaged" }),
    metadata: z.record(z.string(), z.string()).openapi({ example: { order_id: "1001" } }),
    livemode: z.boolean().openapi({
      description: "Whether money moves; `false` with the sandbox processor.",
      example: true,
    }),
    failure: Failure.nullable(),
    processor_reference: z.string().optional().openapi({
      description: "The processor's own id of the refund, if it has named one.",
      example: "refund_123",
    }),
    reversed_at: Time.optional().openapi({
      description: "Present if the refund had succeeded before it failed: when it failed.",
    }),
    created_at: Time,
    updated_at: Time,
    resolution: Resolution.optional().openapi({
      description: "Present if an operator resolved the refund manually.",
    }),
  })
  .openapi("Refund");

export const RefundList = z
  .object({
    data: z.array(Refund),
    has_more: HasMore,
    next_cursor: Cursor,
    stale_since: StaleSince,
  })
  .openapi("RefundList");

export const RefundsQuery = z.strictObject({
  transaction_id: z
    .string()
    .refine(isTransactionId, "must be the id of a transaction")
    .optional()
    .openapi({
      description: "Only refunds of this transaction.",
      example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi",
    }),
  status: RefundStatus.optional().openapi({ description: "Only refunds with this status." }),
  ...createdQuery,
  limit,
  cursor,
});

/** Parses the query of a list: its bounds become one range. */
export const refundsQuery = RefundsQuery.transform((query, context) => {
  const { transaction_id, status, limit, cursor } = query;
  const filter = { transaction_id, status, created: parseQueryRange(query, context) };
  return { filter, limit, cursor };
});
