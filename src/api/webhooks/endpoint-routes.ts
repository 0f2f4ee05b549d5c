/** The routes of webhook endpoints. They live in the merchant's dispatcher, so what is answered is what
 *  the next event finds. */
import { z } from "@hono/zod-openapi";
import { webhookDispatcher } from "../../webhooks/client";
import { DEFAULT_SECRET, type Endpoint as StoredEndpoint } from "../../webhooks/rpc";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { optionalBody, pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, respond, timeText } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { consumeMore } from "../middleware/rate-limit";
import { shownDelivery } from "./delivery-routes";
import {
  Delivery,
  Endpoint,
  EndpointChangeBody,
  EndpointList,
  EXAMPLE_ENDPOINT_ID,
  endpointChangeBody,
  NewEndpoint,
  NewEndpointBody,
  newEndpointBody,
  RecoverBody,
  Recovered,
  RotateBody,
  RotatedSecret,
} from "./schemas";

const PATH = "/api/v1/webhook-endpoints";
const Params = z.object({
  id: z.string().openapi({ description: "An endpoint's id.", example: EXAMPLE_ENDPOINT_ID }),
});
const params = pathParams(Params);
type WithId = { params: z.output<typeof Params> };
const newEndpoint = {
  documentedAs: NewEndpointBody,
  checkedBy: (c: AppContext) => newEndpointBody(allowsInsecure(c)),
};
const endpointChange = {
  documentedAs: EndpointChangeBody,
  checkedBy: (c: AppContext) => endpointChangeBody(allowsInsecure(c)),
};
const canRead = authenticate("webhooks:read");
const canWrite = authenticate("webhooks:write");
const reading = { tag: "Webhooks", security: "api_key", before: [canRead] } as const;
const writing = { tag: "Webhooks", security: "api_key", before: [canWrite] } as const;

/** As how many requests a recovery counts: it may start a thousand deliveries in one commit of the dispatcher. */
const RECOVER_COST = 50;

export function webhookEndpointRoutes(app: App): void {
  defineRoute(app, {
    ...writing,
    method: "post",
    path: PATH,
    operationId: "createWebhookEndpoint",
    summary: "Register a webhook endpoint",
    description: "The answer has the endpoint's secret, which is shown this once.",
    request: { body: newEndpoint },
    answers: { 201: { description: "The endpoint and its secret.", schema: NewEndpoint } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "too_many_webhook_endpoints"],
    handle: create,
  });
  defineRoute(app, {
    ...reading,
    method: "get",
    path: PATH,
    operationId: "listWebhookEndpoints",
    summary: "List webhook endpoints",
    description: "Without their secrets.",
    answers: { 200: { description: "All of them, oldest first.", schema: EndpointList } },
    problems: [],
    handle: async (c) => {
      const endpoints = await dispatcher(c).endpoints();
      return jsonResponse(c, 200, { data: endpoints.map(shownEndpoint) });
    },
  });
  defineRoute(app, {
    ...reading,
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getWebhookEndpoint",
    summary: "Get a webhook endpoint",
    description: "Without its secret.",
    request: { params },
    answers: { 200: { description: "The endpoint.", schema: Endpoint } },
    problems: ["webhook_endpoint_not_found"],
    handle: async (c, { params }) => {
      const endpoints = await dispatcher(c).endpoints();
      const id = parseId(params.id);
      return jsonResponse(c, 200, shownEndpoint(known(endpoints.find((one) => one.id === id))));
    },
  });
  defineRoute(app, {
    ...writing,
    method: "patch",
    path: `${PATH}/{id}`,
    operationId: "changeWebhookEndpoint",
    summary: "Change a webhook endpoint",
    description: "What is not sent stays. Switching an endpoint on again forgets its failures.",
    request: { params, body: endpointChange },
    answers: { 200: { description: "The endpoint as it is now.", schema: Endpoint } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "webhook_endpoint_not_found"],
    handle: async (c, { params, body }) => {
      const changed = await dispatcher(c).changeEndpoint(parseId(params.id), body);
      return jsonResponse(c, 200, shownEndpoint(known(changed)));
    },
  });
  defineRoute(app, {
    ...writing,
    method: "delete",
    path: `${PATH}/{id}`,
    operationId: "removeWebhookEndpoint",
    summary: "Remove a webhook endpoint",
    description: "What is still to be delivered to it is given up.",
    request: { params },
    answers: { 204: { description: "Removed." } },
    problems: ["webhook_endpoint_not_found"],
    handle: async (c, { params }) => {
      if (!(await dispatcher(c).removeEndpoint(parseId(params.id)))) throw unknownEndpoint();
      return respond(c, 204, "", null);
    },
  });
  defineRoute(app, {
    ...writing,
    method: "post",
    path: `${PATH}/{id}/rotate-secret`,
    operationId: "rotateWebhookSecret",
    summary: "Give an endpoint a new secret",
    description:
      "Both secrets sign until the old one expires. The id `default` stands for the secret of the URLs that transactions name themselves.",
    request: { params, body: optionalBody(RotateBody) },
    answers: { 200: { description: "The new secret.", schema: RotatedSecret } },
    problems: [...BODY_PROBLEMS, "webhook_endpoint_not_found"],
    handle: rotate,
  });
  defineRoute(app, {
    ...writing,
    method: "post",
    path: `${PATH}/{id}/test`,
    operationId: "testWebhookEndpoint",
    summary: "Send a test event",
    description: "Of the type `webhook_endpoint.test`, whatever the endpoint asks for.",
    request: { params },
    answers: { 202: { description: "The delivery, to be looked at again.", schema: Delivery } },
    problems: ["webhook_endpoint_not_found"],
    handle: async (c, { params }) => {
      const sent = await dispatcher(c).sendTest(parseId(params.id));
      return jsonResponse(c, 202, shownDelivery(known(sent)));
    },
  });
  defineRoute(app, {
    ...writing,
    method: "post",
    path: `${PATH}/{id}/recover`,
    operationId: "recoverWebhookDeliveries",
    summary: "Deliver again what has failed",
    description:
      "The failed deliveries to this endpoint whose event came in the range, oldest first, so many at a time: ask again while `has_more`.",
    request: { params, body: RecoverBody },
    answers: { 202: { description: "How many are sent again.", schema: Recovered } },
    problems: [...BODY_PROBLEMS, "webhook_endpoint_not_found"],
    handle: recover,
  });
}

async function create(
  c: AppContext,
  { body }: { body: z.output<typeof NewEndpointBody> },
): Promise<Response> {
  const made = await dispatcher(c).addEndpoint(body);
  if (!made) throw new Problem("too_many_webhook_endpoints");
  const { endpoint, secret } = made;
  return jsonResponse(c, 201, { ...shownEndpoint(endpoint), secret });
}

async function rotate(
  c: AppContext,
  { params, body }: WithId & { body: z.output<typeof RotateBody> },
): Promise<Response> {
  const id = parseId(params.id);
  const overlapMs = body.expires_in_seconds * 1_000;
  const secret = known(await dispatcher(c).rotateSecret(id, overlapMs));
  const expireAt = timeText(Date.now() + overlapMs);
  return jsonResponse(c, 200, { id, secret, previous_secrets_expire_at: expireAt });
}

async function recover(
  c: AppContext,
  { params, body: { since, until } }: WithId & { body: z.output<typeof RecoverBody> },
): Promise<Response> {
  await consumeMore(c, RECOVER_COST);
  const untilMs = until?.floor_ms ?? Date.now();
  const recovered = known(await dispatcher(c).recover(parseId(params.id), since.ceil_ms, untilMs));
  return jsonResponse(c, 202, recovered);
}

function dispatcher(c: AppContext) {
  return webhookDispatcher(c.env, c.get("merchant_id"));
}

/** @throws Problem for an id that no endpoint can have: it is not looked up */
function parseId(id: string): string {
  if (id !== DEFAULT_SECRET && !/^whe_[a-z2-7]{26}$/.test(id)) throw unknownEndpoint();
  return id;
}

const allowsInsecure = (c: AppContext): boolean => c.get("config").allow_insecure_webhooks;

const unknownEndpoint = (): Problem => new Problem("webhook_endpoint_not_found");

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw unknownEndpoint();
  return value;
}

function shownEndpoint(endpoint: StoredEndpoint) {
  const { failing_since, created_at } = endpoint;
  return {
    ...endpoint,
    failing_since: failing_since === null ? null : timeText(failing_since),
    created_at: timeText(created_at),
  };
}
