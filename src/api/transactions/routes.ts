/** Routes of transactions: each calls the owner of a transaction and returns its reply, or reads lists from D1. */
import { z } from "@hono/zod-openapi";
import { listTransactions } from "../../d1/transaction-queries";
import { MAX_EXAMINED } from "../../d1/transactions/select-rows";
import { deriveTransactionId } from "../../domain/identity/id";
import { isIdempotencyKey, NOT_A_KEY } from "../../domain/transaction/idempotency";
import { continueInArchive, reachesArchive } from "../../transactions/client";
import { readOwnBook } from "../books/own-book";
import type { AppContext } from "../context";
import { formatListCursor, parseListCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { emptyBody, pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { bookPageResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { createTransactionRoute } from "./create-route";
import { ifMatchHeaders } from "./if-match";
import { callOwner, callOwnerShared, refreshBookFor, toResponse, transactionParams } from "./owner";
import { ListQuery, listQuery, Transaction, TransactionList } from "./schemas";

const PATH = "/api/v1/transactions";
const keyParams = pathParams(
  z.object({
    key: z.string().openapi({
      description:
        "Idempotency key as shown in the transaction, percent-encoded where a path requires it.",
      example: "order-1001",
    }),
  }),
  ({ key }) => {
    // A key in a path is not quoted.
    if (isIdempotencyKey(key)) return { key };
    throw new Problem("idempotency_key_invalid", {
      detail: `The key in the path ${NOT_A_KEY}.`,
      errors: [{ parameter: "key", message: NOT_A_KEY }],
    });
  },
);
const canRead = authenticate("transactions:read");
const canList = authenticate("transactions:read", "list");
const canWrite = authenticate("transactions:write");

export function transactionRoutes(app: App): void {
  createTransactionRoute(app);

  defineRoute(app, {
    method: "get",
    path: PATH,
    operationId: "listTransactions",
    summary: "List transactions",
    description: `Returns transactions newest first, or with \`order=asc\` oldest first, including every change that was confirmed before this request. If that cannot be ensured, \`stale_since\` and the header \`Data-Age\` tell how old the page may be. Filters can be combined. With \`currency\` or \`amount_minor\` a page examines at most ${MAX_EXAMINED.toLocaleString("en")} transactions that the other filters choose, so it can have fewer than \`limit\` items, or none, while \`has_more\` is true; a page that reaches archived transactions can too. Continue with \`next_cursor\` until \`has_more\` is false.`,
    tag: "Transactions",
    security: "api_key",
    request: { query: { documentedAs: ListQuery, checkedBy: listQuery } },
    responses: {
      200: {
        description: "A page of transactions.",
        schema: TransactionList,
        headers: ["Data-Age"],
      },
    },
    problems: ["invalid_request"],
    before: [canList],
    handle: list,
  });

  defineRoute(app, {
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getTransaction",
    summary: "Get a transaction",
    description:
      "Returns the current state, including every change that was confirmed before this request.",
    tag: "Transactions",
    security: "api_key",
    request: { params: transactionParams },
    responses: {
      200: {
        description: "The transaction.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
    },
    problems: ["transaction_not_found"],
    before: [canRead],
    handle: async (c, { params: { id } }) =>
      toResponse(c, await callOwnerShared(c, id, { kind: "find" })),
  });

  defineRoute(app, {
    method: "post",
    path: `${PATH}/{id}/process`,
    operationId: "processTransaction",
    summary: "Charge a transaction",
    description:
      "Safe to retry: a transaction is charged once. A declined charge returns 200 with `status: failed`. With the sandbox processor, which moves no money, responses have the header `Processor-Mode: sandbox`.",
    tag: "Transactions",
    security: "api_key",
    request: { params: transactionParams, headers: ifMatchHeaders, body: emptyBody },
    responses: {
      200: {
        description: "The transaction with the outcome of its charge.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
      202: {
        description:
          "The outcome of the charge is not known yet. The API continues to query the processor. With the status `requires_action`, send the customer to `next_action`; a repeated request queries the processor at once.",
        schema: Transaction,
        headers: ["ETag", "Retry-After", "Processor-Mode"],
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "transaction_not_found",
      "illegal_transition",
      "customer_erased",
      "version_mismatch",
      "livemode_mismatch",
      "processor_mismatch",
      "processor_not_configured",
    ],
    before: [canWrite],
    handle: async (c, { params: { id }, headers: { precondition } }) =>
      toResponse(c, await callOwnerShared(c, id, { kind: "process", ...precondition })),
  });

  defineRoute(app, {
    method: "post",
    path: `${PATH}/{id}/cancel`,
    operationId: "cancelTransaction",
    summary: "Cancel a transaction",
    description:
      "Cancels a transaction with status `pending` or `review`. One with status `authorized` or `requires_action` is voided at the processor, which releases the money that is held. If the processor charges it first, the status is `completed`. Safe to retry.",
    tag: "Transactions",
    security: "api_key",
    request: { params: transactionParams, headers: ifMatchHeaders, body: emptyBody },
    responses: {
      200: {
        description:
          "The cancelled transaction. If the processor refuses to void it, the status is as before and `failure` says why.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
      202: {
        description:
          "The outcome of the void is not known yet. The API continues to query the processor.",
        schema: Transaction,
        headers: ["ETag", "Retry-After", "Processor-Mode"],
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "transaction_not_found",
      "illegal_transition",
      "version_mismatch",
      "too_many_attempts",
      "livemode_mismatch",
      "processor_mismatch",
      "operation_not_supported",
      "processor_not_configured",
    ],
    before: [canWrite],
    handle: async (c, { params: { id }, headers: { precondition } }) =>
      toResponse(
        c,
        await callOwner(c, id, (owner, address) => owner.cancel(address, precondition)),
      ),
  });

  defineRoute(app, {
    method: "get",
    path: "/api/v1/idempotency-keys/{key}",
    operationId: "getTransactionByIdempotencyKey",
    summary: "Get the transaction created under an idempotency key",
    description: "For clients that did not receive the response to their create request.",
    tag: "Transactions",
    security: "api_key",
    request: { params: keyParams },
    responses: {
      200: {
        description: "The current state of the transaction.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
    },
    problems: ["idempotency_key_not_found", "idempotency_key_invalid"],
    before: [canRead],
    handle: findByKey,
  });
}

async function findByKey(
  c: AppContext,
  { params: { key } }: { params: { key: string } },
): Promise<Response> {
  const id = deriveTransactionId(c.get("merchant_id"), key);
  const reply = await callOwnerShared(c, id, { kind: "find" });
  if (!reply.ok && reply.refusal.code === "transaction_not_found") {
    throw new Problem("idempotency_key_not_found");
  }
  return toResponse(c, reply);
}

async function list(
  c: AppContext,
  { query: { limit, cursor, filter, order } }: { query: z.output<typeof listQuery> },
): Promise<Response> {
  const list = order === "asc" ? "transaction_oldest_first" : "transaction";
  const after =
    cursor === undefined ? undefined : await parseListCursor(c, cursor, undefined, list);
  const staleSinceMs = await refreshBookFor(c);
  const merchant_id = c.get("merchant_id");
  const { archived_through_ms, ...book } = await readOwnBook(c, (db) =>
    listTransactions(db, merchant_id, filter, after, limit, order),
  );
  const query = { merchant_id, filter, after, order, limit };
  const page = reachesArchive(book, query, archived_through_ms)
    ? await continueInArchive({ env: c.env, config: c.get("config") }, book, query)
    : book;
  if (!page) {
    throw new Problem("unavailable", {
      detail:
        "The page reaches archived transactions, which cannot be read now. Retry the request.",
    });
  }
  const next = page.next && (await formatListCursor(c, page.next, list));
  return bookPageResponse(c, page.items, page.hasMore, next, staleSinceMs);
}
