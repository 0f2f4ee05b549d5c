/** Routes of refunds: they live with their transaction's owner, and D1 lists those of all transactions. */
import { z } from "@hono/zod-openapi";
import { listRefunds } from "../../d1/refund-queries";
import { deriveRefundId, isRefundId, transactionOfRefund } from "../../domain/identity/id";
import { readOwnBook } from "../books/own-book";
import type { AppContext } from "../context";
import { noParameters } from "../http/common-schemas";
import { formatListCursor, parseListCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { bookPageResponse, jsonTextResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { PROCESS_PROBLEMS } from "../transactions/create-route";
import { idempotencyHeaders } from "../transactions/idempotency-header";
import { ifMatchHeaders } from "../transactions/if-match";
import {
  callOwner,
  refreshBookFor,
  requireAccepted,
  transactionParams,
} from "../transactions/owner";
import { processorModeHeaders } from "../transactions/transaction-headers";
import { CreateRefundBody, Refund, RefundList, RefundsQuery, refundsQuery } from "./schemas";

const canRead = authenticate("transactions:read");
const canList = authenticate("transactions:read", "list");
const canWrite = authenticate("transactions:write");
/** An id that no refund can have is not looked up. */
const refundParams = pathParams(
  z.object({
    id: z.string().openapi({
      description: "Id of the refund.",
      example: "re_mfzwizlhn5xgs3dpnrsw45dfoi_mfzwizlhn5xgs3dp",
    }),
  }),
  ({ id }) => {
    if (!isRefundId(id)) throw new Problem("refund_not_found");
    return { id };
  },
);

const refundHeaders = {
  documentedAs: idempotencyHeaders.documentedAs.extend(ifMatchHeaders.documentedAs.shape),
  parsedBy: (c: AppContext) => ({
    ...idempotencyHeaders.parsedBy(c),
    ...ifMatchHeaders.parsedBy(c),
  }),
};

export function refundRoutes(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/transactions/{id}/refunds",
    operationId: "createRefund",
    summary: "Refund a transaction",
    description:
      "Returns money of a completed transaction to the customer, all or a part of what is left. Safe to retry: the same idempotency key and body always return the same refund, as it is now. The sum of refunds that have not failed never exceeds what was captured.",
    tag: "Refunds",
    security: "api_key",
    request: { params: transactionParams, headers: refundHeaders, body: CreateRefundBody },
    responses: {
      201: {
        description:
          "The refund: `succeeded` or `failed`, or `pending` while its outcome is not known. The API continues to query the processor.",
        schema: Refund,
        headers: ["Location", "Idempotent-Replayed", "Processor-Mode"],
        links: {
          getRefund: {
            operationId: "getRefund",
            parameters: { id: "$response.body#/id" },
            description: "Get the refund.",
          },
        },
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "idempotency_key_missing",
      "idempotency_key_invalid",
      "card_number_refused",
      "transaction_not_found",
      "illegal_transition",
      "refund_exceeds_remaining",
      "amount_not_supported",
      "too_many_refunds",
      "version_mismatch",
      "idempotency_key_reused",
      ...PROCESS_PROBLEMS,
    ],
    before: [canWrite],
    handle: createRefund,
  });

  defineRoute(app, {
    method: "get",
    path: "/api/v1/transactions/{id}/refunds",
    operationId: "listTransactionRefunds",
    summary: "List the refunds of a transaction",
    description: "Returns all refunds of the transaction, newest first.",
    tag: "Refunds",
    security: "api_key",
    request: { params: transactionParams, query: noParameters },
    responses: { 200: { description: "All refunds of the transaction.", schema: RefundList } },
    problems: ["invalid_request", "transaction_not_found"],
    before: [canRead],
    handle: listTransactionRefunds,
  });

  defineRoute(app, {
    method: "get",
    path: "/api/v1/refunds/{id}",
    operationId: "getRefund",
    summary: "Get a refund",
    description:
      "Returns the current state, including every change that was confirmed before this request.",
    tag: "Refunds",
    security: "api_key",
    request: { params: refundParams },
    responses: {
      200: { description: "The refund.", schema: Refund, headers: ["Processor-Mode"] },
    },
    problems: ["refund_not_found"],
    before: [canRead],
    handle: getRefund,
  });

  defineRoute(app, {
    method: "get",
    path: "/api/v1/refunds",
    operationId: "listRefunds",
    summary: "List refunds",
    description:
      "Returns refunds newest first, including every change that was confirmed before this request. If that cannot be ensured, `stale_since` and the header `Data-Age` tell how old the page may be. Filters can be combined.",
    tag: "Refunds",
    security: "api_key",
    request: { query: { documentedAs: RefundsQuery, checkedBy: refundsQuery } },
    responses: {
      200: { description: "A page of refunds.", schema: RefundList, headers: ["Data-Age"] },
    },
    problems: ["invalid_request"],
    before: [canList],
    handle: list,
  });
}

async function createRefund(
  c: AppContext,
  {
    params: { id },
    headers: { idempotencyKey, precondition },
    body,
  }: {
    params: { id: string };
    headers: ReturnType<typeof refundHeaders.parsedBy>;
    body: z.output<typeof CreateRefundBody.checkedBy>;
  },
): Promise<Response> {
  const request = { idempotency_key: idempotencyKey, ...body, ...precondition };
  const reply = await callOwner(c, id, (owner, address) => owner.refund(address, request));
  const { body: json, replayed } = requireAccepted(reply);
  c.set("outcome", replayed ? "replayed" : "created");
  return jsonTextResponse(c, 201, json, {
    Location: `/api/v1/refunds/${deriveRefundId(id, idempotencyKey)}`,
    ...processorModeHeaders(c, json),
    ...(replayed ? { "Idempotent-Replayed": "true" } : {}),
  });
}

async function listTransactionRefunds(
  c: AppContext,
  { params: { id } }: { params: { id: string } },
): Promise<Response> {
  const reply = await callOwner(c, id, (owner, address) => owner.refunds(address));
  return bookPageResponse(c, requireAccepted(reply).refunds, false, undefined, null);
}

async function getRefund(
  c: AppContext,
  { params: { id } }: { params: { id: string } },
): Promise<Response> {
  const reply = await callOwner(c, transactionOfRefund(id), (owner, address) =>
    owner.findRefund(address, id),
  );
  // The response must not reveal whether another merchant has such a transaction.
  if (!reply.ok && reply.refusal.code === "transaction_not_found") {
    throw new Problem("refund_not_found");
  }
  const { body } = requireAccepted(reply);
  return jsonTextResponse(c, 200, body, processorModeHeaders(c, body));
}

async function list(
  c: AppContext,
  { query: { limit, cursor, filter } }: { query: z.output<typeof refundsQuery> },
): Promise<Response> {
  const after =
    cursor === undefined ? undefined : await parseListCursor(c, cursor, undefined, "refund");
  const staleSinceMs = await refreshBookFor(c);
  const merchantId = c.get("merchant_id");
  const page = await readOwnBook(c, (db) => listRefunds(db, merchantId, filter, after, limit));
  const next = page.next && (await formatListCursor(c, page.next, "refund"));
  return bookPageResponse(c, page.items, page.hasMore, next, staleSinceMs);
}
