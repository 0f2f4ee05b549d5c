/** `/customers/{user_id}` and `/erasures/{id}`: erasing a customer's data, and how far that has come. */
import { formatTime } from "../../domain/time/format-time";
import { findErasure, startErasure } from "../../erasures/client";
import type { Erasure as Stored } from "../../erasures/rpc";
import type { AppContext } from "../context";
import { type App, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse, jsonTextResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { consumeMore } from "../middleware/rate-limit";
import { customerParams, Erasure, erasureParams } from "./schemas";

const ERASURES = "/api/v1/erasures";
/** The number of requests that an erasure counts as: it reads all counted payments of the merchant, and all its segments. */
const ERASURE_COST = 100;
const COMMON = {
  tag: "Customers",
  security: "api_key",
  before: [authenticate("customers:erase")],
} as const;

export function erasureRoutes(app: App): void {
  defineRoute(app, {
    ...COMMON,
    method: "delete",
    path: "/api/v1/customers/{user_id}",
    operationId: "eraseCustomer",
    summary: "Erase a customer's data",
    description:
      "Begins to replace the customer's data in all transactions that were created before this request, also in the archive, in webhooks' deliveries and in the counts of the fraud rules. Amounts, currencies, statuses, times and ids stay. It cannot be undone. Each transaction gets an event `transaction.erased`. A repeated request begins another erasure, which finds what is left. The request counts as 100 requests.",
    request: { params: customerParams },
    responses: {
      202: {
        description: "The erasure has begun. Get it later to see whether it is complete.",
        schema: Erasure,
        headers: ["Location"],
        links: {
          GetErasure: {
            operationId: "getErasure",
            parameters: { id: "$response.body#/id" },
            description: "How far the erasure has come.",
          },
        },
      },
    },
    problems: ["invalid_request", "card_number_refused"],
    handle: (c, { params: { user_id } }) => erase(c, user_id),
  });

  defineRoute(app, {
    ...COMMON,
    method: "get",
    path: `${ERASURES}/{id}`,
    operationId: "getErasure",
    summary: "Get an erasure",
    description: "How far an erasure has come, and what it has changed.",
    request: { params: erasureParams },
    responses: { 200: { description: "The erasure.", schema: Erasure } },
    problems: ["erasure_not_found"],
    handle: (c, { params: { id } }) => find(c, id),
  });
}

async function erase(c: AppContext, user_id: string): Promise<Response> {
  await consumeMore(c, ERASURE_COST);
  const request = { merchant_id: c.get("merchant_id"), traceparent: c.get("traceparent"), user_id };
  const erasure = await call(startErasure(c.env, request));
  const headers = { Location: `${ERASURES}/${erasure.id}` };
  return jsonTextResponse(c, 202, JSON.stringify(toJson(erasure)), headers);
}

async function find(c: AppContext, id: string): Promise<Response> {
  const erasure = await call(findErasure(c.env, id, c.get("merchant_id")));
  if (!erasure) throw new Problem("erasure_not_found");
  return jsonResponse(c, 200, toJson(erasure));
}

async function call<Value>(called: Promise<Value>): Promise<Value> {
  try {
    return await called;
  } catch {
    throw new Problem("unavailable", { detail: "The erasure did not respond. Retry the request." });
  }
}

function toJson({ id, user_id, created_at_ms, completed_at_ms, waiting, counts }: Stored) {
  return {
    id,
    user_id,
    status: completed_at_ms === null ? "pending" : "completed",
    transactions_waiting: waiting,
    transactions_erased: counts.transactions,
    deliveries_erased: counts.deliveries,
    counted_payments_deleted: counts.counted_payments,
    archive_segments_rewritten: counts.segments,
    archive_objects_deleted: counts.objects,
    created_at: formatTime(created_at_ms),
    completed_at: completed_at_ms === null ? null : formatTime(completed_at_ms),
  };
}
