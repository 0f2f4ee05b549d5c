/** Routes of webhook endpoints. The merchant's dispatcher stores them, so a change applies to the next event. */
import { z } from "@hono/zod-openapi";
import { formatTime } from "../../domain/time/format-time";
import { webhookDispatcher } from "../../webhooks/client";
import { DEFAULT_SECRET } from "../../webhooks/rpc";
import type { AppContext } from "../context";
import { noParameters } from "../http/common-schemas";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { emptyBody, optionalBody, pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, respond } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { consumeMore } from "../middleware/rate-limit";
import { toDeliveryJson } from "./delivery-routes";
import { ENDPOINTS_PATH as PATH, registerEndpointRoute, toEndpointJson } from "./register-endpoint";
import {
  Delivery,
  Endpoint,
  EndpointChangeBody,
  EndpointList,
  EXAMPLE_ENDPOINT_ID,
  RecoverBody,
  Recovered,
  RotateBody,
  RotatedSecret,
  selectEndpointChange,
} from "./schemas";

const Params = z.object({
  id: z.string().openapi({ description: "Id of the endpoint.", example: EXAMPLE_ENDPOINT_ID }),
});
const params = pathParams(Params);
type WithId = { params: z.output<typeof Params> };
const endpointChange = {
  documentedAs: EndpointChangeBody,
  checkedBy: (c: AppContext) => selectEndpointChange(allowsInsecure(c)),
};
const canRead = authenticate("webhooks:read");
const canWrite = authenticate("webhooks:write");
const reading = { tag: "Webhooks", security: "api_key", before: [canRead] } as const;
const writing = { tag: "Webhooks", security: "api_key", before: [canWrite] } as const;

/** The number of requests that a recovery counts as: it may restart a thousand deliveries in one commit. */
const RECOVER_COST = 50;

export function webhookEndpointRoutes(app: App): void {
  registerEndpointRoute(app);
  defineRoute(app, {
    ...reading,
    method: "get",
    path: PATH,
    operationId: "listWebhookEndpoints",
    summary: "List webhook endpoints",
    description: "Secrets are not included.",
    request: { query: noParameters },
    responses: { 200: { description: "All endpoints, oldest first.", schema: EndpointList } },
    problems: ["invalid_request"],
    handle: async (c) => {
      const endpoints = await dispatcher(c).endpoints();
      return jsonResponse(c, 200, { data: endpoints.map(toEndpointJson) });
    },
  });
  defineRoute(app, {
    ...reading,
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getWebhookEndpoint",
    summary: "Get a webhook endpoint",
    description: "The secret is not included.",
    request: { params },
    responses: { 200: { description: "The endpoint.", schema: Endpoint } },
    problems: ["webhook_endpoint_not_found"],
    handle: async (c, { params }) => {
      const endpoints = await dispatcher(c).endpoints();
      const id = parseId(params.id);
      return jsonResponse(
        c,
        200,
        toEndpointJson(requireEndpoint(endpoints.find((one) => one.id === id))),
      );
    },
  });
  defineRoute(app, {
    ...writing,
    method: "patch",
    path: `${PATH}/{id}`,
    operationId: "changeWebhookEndpoint",
    summary: "Update a webhook endpoint",
    description:
      "Fields that are not sent keep their values. Enabling an endpoint again resets its failures.",
    request: { params, body: endpointChange },
    responses: { 200: { description: "The updated endpoint.", schema: Endpoint } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "webhook_endpoint_not_found"],
    handle: async (c, { params, body }) => {
      const changed = await dispatcher(c).changeEndpoint(parseId(params.id), body);
      return jsonResponse(c, 200, toEndpointJson(requireEndpoint(changed)));
    },
  });
  defineRoute(app, {
    ...writing,
    method: "delete",
    path: `${PATH}/{id}`,
    operationId: "removeWebhookEndpoint",
    summary: "Remove a webhook endpoint",
    description: "Pending deliveries to the endpoint become `dead`.",
    request: { params },
    responses: { 204: { description: "The endpoint was removed." } },
    problems: ["webhook_endpoint_not_found"],
    handle: async (c, { params }) => {
      if (!(await dispatcher(c).removeEndpoint(parseId(params.id)))) throw endpointNotFound();
      return respond(c, 204, "", null);
    },
  });
  defineRoute(app, {
    ...writing,
    method: "post",
    path: `${PATH}/{id}/rotate-secret`,
    operationId: "rotateWebhookSecret",
    summary: "Rotate the secret of a webhook endpoint",
    description:
      "Both secrets sign webhooks until the old one expires. Use the id `default` for the secret of webhooks to the `webhook_url` of transactions.",
    request: { params, body: optionalBody(RotateBody) },
    responses: { 200: { description: "The new secret.", schema: RotatedSecret } },
    problems: [...BODY_PROBLEMS, "webhook_endpoint_not_found"],
    handle: rotate,
  });
  defineRoute(app, {
    ...writing,
    method: "post",
    path: `${PATH}/{id}/test`,
    operationId: "testWebhookEndpoint",
    summary: "Send a test event",
    description:
      "Sends an event of type `webhook_endpoint.test`, regardless of the endpoint's event types. To a disabled endpoint it is sent once that is enabled.",
    request: { params, body: emptyBody },
    responses: {
      202: { description: "The delivery. Get it later for the result.", schema: Delivery },
    },
    problems: [...BODY_PROBLEMS, "webhook_endpoint_not_found"],
    handle: async (c, { params }) => {
      const sent = await dispatcher(c).sendTest(parseId(params.id));
      return jsonResponse(c, 202, toDeliveryJson(requireEndpoint(sent)));
    },
  });
  defineRoute(app, {
    ...writing,
    method: "post",
    path: `${PATH}/{id}/recover`,
    operationId: "recoverWebhookDeliveries",
    summary: "Redeliver failed webhooks",
    description:
      "Restarts failed deliveries to this endpoint, oldest first, whose events were created in the time range. Each request restarts a limited number: repeat it while `has_more` is true.",
    request: { params, body: RecoverBody },
    responses: { 202: { description: "Number of restarted deliveries.", schema: Recovered } },
    problems: [...BODY_PROBLEMS, "webhook_endpoint_not_found"],
    handle: recover,
  });
}

async function rotate(
  c: AppContext,
  { params, body }: WithId & { body: z.output<typeof RotateBody> },
): Promise<Response> {
  const id = parseId(params.id);
  const overlapMs = body.expires_in_seconds * 1_000;
  const secret = requireEndpoint(await dispatcher(c).rotateSecret(id, overlapMs));
  const expireAt = formatTime(Date.now() + overlapMs);
  return jsonResponse(c, 200, { id, secret, previous_secrets_expire_at: expireAt });
}

async function recover(
  c: AppContext,
  { params, body: { since, until } }: WithId & { body: z.output<typeof RecoverBody> },
): Promise<Response> {
  await consumeMore(c, RECOVER_COST);
  const untilMs = until?.floor_ms ?? Date.now();
  const recovered = requireEndpoint(
    await dispatcher(c).recover(parseId(params.id), since.ceil_ms, untilMs),
  );
  return jsonResponse(c, 202, recovered);
}

function dispatcher(c: AppContext) {
  return webhookDispatcher(c.env, c.get("merchant_id"));
}

/** @throws Problem for an id that no endpoint can have: it is not looked up */
function parseId(id: string): string {
  if (id !== DEFAULT_SECRET && !/^whe_[a-z2-7]{26}$/.test(id)) throw endpointNotFound();
  return id;
}

const allowsInsecure = (c: AppContext): boolean => c.get("config").allow_insecure_webhooks;

const endpointNotFound = (): Problem => new Problem("webhook_endpoint_not_found");

function requireEndpoint<Value>(value: Value | undefined): Value {
  if (value === undefined) throw endpointNotFound();
  return value;
}
