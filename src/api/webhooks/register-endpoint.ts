/** The route that registers a webhook endpoint, at most once for an idempotency key. */
import type { z } from "@hono/zod-openapi";
import { deriveEndpointId } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import { webhookDispatcher } from "../../webhooks/client";
import type { Endpoint as StoredEndpoint } from "../../webhooks/rpc";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { optionalIdempotencyHeaders } from "../transactions/idempotency-header";
import { NewEndpoint, NewEndpointBody, selectNewEndpoint } from "./schemas";

export const ENDPOINTS_PATH = "/api/v1/webhook-endpoints";
const body = {
  documentedAs: NewEndpointBody,
  checkedBy: (c: AppContext) => selectNewEndpoint(c.get("config").allow_insecure_webhooks),
};

export function registerEndpointRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: ENDPOINTS_PATH,
    operationId: "createWebhookEndpoint",
    summary: "Register a webhook endpoint",
    description:
      "The response contains the endpoint's signing secret, which is shown only once. Safe to retry with an `Idempotency-Key`, which registers one endpoint only: a repeated request fails with `webhook_endpoint_exists`.",
    tag: "Webhooks",
    security: "api_key",
    request: { headers: optionalIdempotencyHeaders, body },
    responses: { 201: { description: "The endpoint and its secret.", schema: NewEndpoint } },
    problems: [
      ...BODY_PROBLEMS,
      "card_number_refused",
      "idempotency_key_invalid",
      "webhook_endpoint_exists",
      "too_many_webhook_endpoints",
    ],
    before: [authenticate("webhooks:write")],
    handle: register,
  });
}

async function register(
  c: AppContext,
  {
    headers: { idempotencyKey },
    body: given,
  }: {
    headers: { idempotencyKey: string | undefined };
    body: z.output<typeof NewEndpointBody>;
  },
): Promise<Response> {
  const merchantId = c.get("merchant_id");
  const id = idempotencyKey && deriveEndpointId(merchantId, idempotencyKey);
  const made = await webhookDispatcher(c.env, merchantId).addEndpoint(given, id);
  if (!made) throw new Problem("too_many_webhook_endpoints");
  if (made === "exists") {
    throw new Problem("webhook_endpoint_exists", {
      detail: `The endpoint ${id} was already registered under this Idempotency-Key. Its secret was shown once; if it was lost, rotate it.`,
    });
  }
  const { endpoint, secret } = made;
  return jsonResponse(c, 201, { ...toEndpointJson(endpoint), secret });
}

/** An endpoint as the API returns it. */
export function toEndpointJson(endpoint: StoredEndpoint) {
  const { failing_since, created_at } = endpoint;
  return {
    ...endpoint,
    failing_since: failing_since === null ? null : formatTime(failing_since),
    created_at: formatTime(created_at),
  };
}
