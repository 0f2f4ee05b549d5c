/** Routes of the delivery log. */
import { z } from "@hono/zod-openapi";
import { formatTime } from "../../domain/time/format-time";
import { webhookDispatcher } from "../../webhooks/client";
import { isOrigin, MAX_EXAMINED, type ShownDelivery } from "../../webhooks/rpc";
import type { AppContext } from "../context";
import { formatPositionCursor, parsePositionCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { emptyBody, pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, pageResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { DeliveriesQuery, Delivery, DeliveryList, EXAMPLE_DELIVERY_ID } from "./schemas";

const PATH = "/api/v1/webhook-deliveries";
const Params = z.object({
  id: z.string().openapi({ description: "Id of the delivery.", example: EXAMPLE_DELIVERY_ID }),
});
const params = pathParams(Params);

export function webhookDeliveryRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: PATH,
    operationId: "listWebhookDeliveries",
    summary: "List webhook deliveries",
    description: `Returns deliveries newest first. Finished deliveries are kept for 30 days. A page examines at most ${MAX_EXAMINED.toLocaleString("en")} deliveries, so it can have fewer than \`limit\` items, or none, while \`has_more\` is true: continue with \`next_cursor\` until \`has_more\` is false.`,
    tag: "Webhooks",
    security: "api_key",
    request: { query: DeliveriesQuery },
    responses: { 200: { description: "A page of deliveries.", schema: DeliveryList } },
    problems: ["invalid_request"],
    before: [authenticate("webhooks:read", "list")],
    handle: list,
  });
  defineRoute(app, {
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getWebhookDelivery",
    summary: "Get a webhook delivery and its attempts",
    description: "Includes every attempt and its result.",
    tag: "Webhooks",
    security: "api_key",
    request: { params },
    responses: { 200: { description: "The delivery.", schema: Delivery } },
    problems: ["webhook_delivery_not_found"],
    before: [authenticate("webhooks:read")],
    handle: async (c, { params: { id } }) =>
      jsonResponse(c, 200, toDeliveryJson(requireDelivery(await dispatcher(c).delivery(id)))),
  });
  defineRoute(app, {
    method: "post",
    path: `${PATH}/{id}/redeliver`,
    operationId: "redeliverWebhook",
    summary: "Redeliver a webhook",
    description: "Restarts the delivery with its first attempt, even if it succeeded or is `dead`.",
    tag: "Webhooks",
    security: "api_key",
    request: { params, body: emptyBody },
    responses: {
      202: {
        description: "The restarted delivery. Get it later for the result.",
        schema: Delivery,
      },
    },
    problems: [...BODY_PROBLEMS, "webhook_delivery_not_found", "webhook_endpoint_not_found"],
    before: [authenticate("webhooks:write")],
    handle: redeliver,
  });
}

async function list(
  c: AppContext,
  { query }: { query: z.output<typeof DeliveriesQuery> },
): Promise<Response> {
  const { limit, cursor, ...filter } = query;
  const before =
    cursor === undefined ? undefined : await parsePositionCursor(c, "delivery", cursor);
  const { deliveries, next } = await dispatcher(c).deliveries(filter, before, limit);
  return pageResponse(
    c,
    deliveries.map((delivery) => JSON.stringify(toDeliveryJson(delivery))),
    next !== undefined,
    next === undefined ? undefined : await formatPositionCursor(c, "delivery", next),
  );
}

async function redeliver(
  c: AppContext,
  { params: { id } }: { params: z.output<typeof Params> },
): Promise<Response> {
  requireDelivery(await dispatcher(c).delivery(id));
  const again = await dispatcher(c).redeliver(id);
  if (!again) throw new Problem("webhook_endpoint_not_found");
  return jsonResponse(c, 202, toDeliveryJson(again));
}

function dispatcher(c: AppContext) {
  return webhookDispatcher(c.env, c.get("merchant_id"));
}

function requireDelivery<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Problem("webhook_delivery_not_found");
  return value;
}

/** A delivery as its merchant sees it. */
export function toDeliveryJson(delivery: ShownDelivery) {
  const { id, endpoint_id, message_id, event_type, transaction_id, url, status } = delivery;
  const toTimeText = (ms: number | null): string | null => (ms === null ? null : formatTime(ms));
  return {
    id,
    endpoint_id: isOrigin(endpoint_id) ? null : endpoint_id,
    event_id: message_id,
    event_type,
    transaction_id,
    url,
    status,
    attempts: delivery.log.map((attempt) => ({
      ...attempt,
      started_at: formatTime(attempt.started_at),
    })),
    next_attempt_at: toTimeText(delivery.next_at),
    created_at: formatTime(delivery.created_at),
    finished_at: toTimeText(delivery.finished_at),
  };
}
