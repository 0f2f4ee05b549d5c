/** `POST /operations/charges/{transaction_id}/resolve` and `/operations/refunds/{refund_id}/resolve`: an operator sets the
 *  outcome of an operation of the processor. */
import { z } from "@hono/zod-openapi";
import { isRefundId, isTransactionId, transactionOfRefund } from "../../domain/identity/id";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonTextResponse } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";
import { Refund } from "../refunds/schemas";
import { callOwner, requireAccepted } from "../transactions/owner";
import { Transaction } from "../transactions/schemas";
import { processorModeHeaders, transactionHeaders } from "../transactions/transaction-headers";
import { ResolveBody } from "./resolve-schema";

const chargeParams = pathParams(
  z.object({
    transaction_id: z.string().openapi({
      description: "Id of the transaction.",
      example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi",
    }),
  }),
);
const refundParams = pathParams(
  z.object({
    refund_id: z.string().openapi({
      description: "Id of the refund.",
      example: "re_mfzwizlhn5xgs3dpnrsw45dfoi_mfzwizlhn5xgs3dp",
    }),
  }),
);

const COMMON = {
  method: "post",
  tag: "Operations",
  security: "admin_token",
  before: [authenticateAdmin],
} as const;
type NotFound = "transaction_not_found" | "refund_not_found";
const toProblems = (notFound: NotFound) => [
  ...BODY_PROBLEMS,
  "card_number_refused" as const,
  notFound,
  "illegal_transition" as const,
  "charge_may_still_end" as const,
  "shard_count_changed" as const,
];

export function resolveRoutes(app: App): void {
  defineRoute(app, {
    ...COMMON,
    path: "/api/v1/operations/charges/{transaction_id}/resolve",
    operationId: "resolveCharge",
    summary: "Resolve a charge manually",
    description:
      "For a transaction that stays `processing` or `requires_action` because the processor never reports the outcome of its charge. The outcome is final, the processor is not called again, and the transaction's event records who resolved the charge and why. Refused for 15 minutes after the charge started, and during a call to the processor, unless `force` is true. Safe to retry: repeating the same outcome changes nothing.",
    request: { params: chargeParams, body: ResolveBody },
    responses: {
      200: {
        description: "The transaction with its outcome.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
    },
    problems: toProblems("transaction_not_found"),
    handle: (c, { params: { transaction_id }, body }) => {
      if (!isTransactionId(transaction_id)) throw new Problem("transaction_not_found");
      return resolve(c, body, transaction_id);
    },
  });

  defineRoute(app, {
    ...COMMON,
    path: "/api/v1/operations/refunds/{refund_id}/resolve",
    operationId: "resolveRefund",
    summary: "Resolve a refund manually",
    description:
      "For a refund that stays `pending` because the processor never reports its outcome; otherwise the same as resolving a charge. `settled` means that the money was returned.",
    request: { params: refundParams, body: ResolveBody },
    responses: {
      200: {
        description: "The refund with its outcome.",
        schema: Refund,
        headers: ["Processor-Mode"],
      },
    },
    problems: toProblems("refund_not_found"),
    handle: (c, { params: { refund_id }, body }) => {
      if (!isRefundId(refund_id)) throw new Problem("refund_not_found");
      return resolve(c, body, transactionOfRefund(refund_id), refund_id);
    },
  });
}

/** @param refundId of a refund; without it the open operation of the transaction is resolved */
async function resolve(
  c: AppContext,
  request: z.output<typeof ResolveBody>,
  transaction_id: string,
  refundId?: string,
): Promise<Response> {
  const reply = await callOwner(c, transaction_id, (owner, { merchant_id: _, ...address }) =>
    owner.resolve(address, request, refundId),
  );
  if (refundId && !reply.ok && reply.refusal.code === "transaction_not_found") {
    throw new Problem("refund_not_found");
  }
  const { body } = requireAccepted(reply);
  const refund = refundId ? { operation: "refund", refund_id: refundId } : {};
  const fields = { transaction_id, ...refund, outcome: request.outcome };
  c.get("log")("warn", "charge.resolved", fields);
  const toHeaders = refundId ? processorModeHeaders : transactionHeaders;
  return jsonTextResponse(c, 200, body, toHeaders(c, body));
}
