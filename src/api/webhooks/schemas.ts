/** Schemas of webhook endpoints, their secrets, and the log of deliveries. */
import { z } from "@hono/zod-openapi";
import { containsCardNumber } from "../../domain/text/card-number";
import { isAfter } from "../../domain/time/timestamp";
import { DELIVERY_STATUSES, WEBHOOK_TYPES } from "../../domain/webhook/webhook";
import { parseWebhookUrl } from "../../domain/webhook/webhook-url";
import {
  CARD,
  CARD_MESSAGE,
  Cursor,
  cursor,
  freeText,
  HasMore,
  limit,
  Time,
  time,
} from "../http/common-schemas";

const MAX_FILTER = WEBHOOK_TYPES.length + 1;
const ONE_DAY_S = 86_400;
const MAX_OVERLAP_S = 7 * ONE_DAY_S;

export const EXAMPLE_ENDPOINT_ID = "whe_mfzwizlhn5xgs3dpnrsw45dfoi";
export const EXAMPLE_DELIVERY_ID = "whd_mfzwizlhn5xgs3dpnrsw45dfoi";
/** Reserved by IANA for examples (RFC 2606). Trying the example bodies sends nothing to it. */
const EXAMPLE_URL = "https://example.com/webhooks";
const FilterType = z
  .enum(["*", ...WEBHOOK_TYPES], `must be * or one of ${WEBHOOK_TYPES.join(", ")}`)
  .openapi("WebhookEventType", { description: "Type of an event. `*` matches all types." });
const filter = z
  .array(FilterType, "must be a list of event types")
  .min(1, "must have at least one event type")
  .max(MAX_FILTER, `must have at most ${MAX_FILTER} event types`)
  .openapi({ description: "Event types to send. `*` matches all event types.", example: ["*"] });
const description = freeText(0, 500).nullable().openapi({ example: "the shop" });
const enabled = z
  .boolean("must be true or false")
  .openapi({ description: "Whether events are sent to the endpoint.", example: true });

const buildUrl = (allowInsecure: boolean) =>
  freeText(1, 2048)
    .transform((text, context) => {
      const { href = "", fault } = parseWebhookUrl(text, allowInsecure);
      if (fault !== undefined) context.addIssue(fault);
      if (containsCardNumber(href))
        context.addIssue({ code: "custom", message: CARD_MESSAGE, ...CARD });
      return href;
    })
    .openapi({
      format: "uri",
      description: "URL that receives the events. Stored and returned in normalized ASCII form.",
      example: EXAMPLE_URL,
    });

const buildNewEndpoint = (allowInsecure: boolean) =>
  z.strictObject({
    url: buildUrl(allowInsecure),
    events: filter.default(["*"]),
    description: description.default(null),
    enabled: enabled.default(true),
  });
const buildEndpointChange = (allowInsecure: boolean) =>
  z
    .strictObject({ url: buildUrl(allowInsecure), events: filter, description, enabled })
    .partial()
    .refine((change) => Object.keys(change).length > 0, "must have at least one field");

export const NewEndpointBody = buildNewEndpoint(false).openapi("CreateWebhookEndpoint", {
  example: { url: EXAMPLE_URL, events: ["*"], enabled: false },
});
export const EndpointChangeBody = buildEndpointChange(false).openapi("ChangeWebhookEndpoint", {
  minProperties: 1,
  example: { description: "the shop" },
});
const INSECURE_NEW = buildNewEndpoint(true);
const INSECURE_CHANGE = buildEndpointChange(true);
/** The schemas of a create or a change, by the deployment's rule for URLs. */
export const selectNewEndpoint = (allowInsecure: boolean) =>
  allowInsecure ? INSECURE_NEW : NewEndpointBody;
export const selectEndpointChange = (allowInsecure: boolean) =>
  allowInsecure ? INSECURE_CHANGE : EndpointChangeBody;

export const RotateBody = z
  .strictObject({
    expires_in_seconds: z
      .int("must be a whole number of seconds")
      .min(0, "must not be negative")
      .max(MAX_OVERLAP_S, `must be at most ${MAX_OVERLAP_S}`)
      .default(ONE_DAY_S)
      .openapi({
        description: "Seconds during which the old secret also signs webhooks.",
        example: ONE_DAY_S,
      }),
  })
  .openapi("RotateWebhookSecret");
export const RecoverBody = z
  .strictObject({
    since: time.openapi({ description: "Only events created at or after this time." }),
    until: time
      .optional()
      .openapi({ description: "Only events created at or before this time. Default: now." }),
  })
  .refine(({ since, until }) => until === undefined || !isAfter(since, until), {
    path: ["until"],
    message: "is before since, so the range is empty",
  })
  .openapi("RecoverWebhooks");

export const Endpoint = z
  .object({
    id: z.string().openapi({ example: EXAMPLE_ENDPOINT_ID }),
    url: z.string().openapi({ example: EXAMPLE_URL }),
    description: z.string().nullable().openapi({ example: "the shop" }),
    events: z.array(FilterType),
    enabled: z.boolean().openapi({ example: true }),
    disabled_reason: z.enum(["gone", "failing"]).nullable().openapi({
      description:
        "Why the endpoint was disabled automatically: `gone` after a response with status 410, `failing` after days of failures.",
      example: "gone",
    }),
    failing_since: Time.nullable().openapi({
      description: "Time of the first failure since the last success. Null if there is none.",
    }),
    created_at: Time,
  })
  .openapi("WebhookEndpoint");
const secret = z.string().openapi({
  description: "Signing secret. Shown only once.",
  example: "whsec_bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSE=",
});
/** Not `extend`, which would become an `allOf`, in which code generators lose nullability. */
export const NewEndpoint = z
  .object({ ...Endpoint.shape, secret })
  .openapi("CreatedWebhookEndpoint");
export const EndpointList = z.object({ data: z.array(Endpoint) }).openapi("WebhookEndpointList");
export const RotatedSecret = z
  .object({
    id: z.string().openapi({ example: EXAMPLE_ENDPOINT_ID }),
    secret,
    previous_secrets_expire_at: Time,
  })
  .openapi("RotatedWebhookSecret");
export const Recovered = z
  .object({
    redelivered: z
      .int()
      .min(0)
      .openapi({ description: "Number of restarted deliveries.", example: 3 }),
    has_more: HasMore.openapi({
      description: "Whether failed deliveries remain. If so, send the request again.",
    }),
  })
  .openapi("RecoveredWebhooks");

const DeliveryStatus = z
  .enum(DELIVERY_STATUSES, `must be one of ${DELIVERY_STATUSES.join(", ")}`)
  .openapi("WebhookDeliveryStatus");
const EXAMPLES = {
  event_id: { example: "evt_mfzwizlhn5xgs3dpnrsw45dfoi" },
  event_type: { example: "transaction.completed" },
  transaction_id: { example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" },
};
const Attempt = z
  .object({
    number: z.int().openapi({ description: "Number of the attempt, starting at 1.", example: 1 }),
    started_at: Time,
    duration_ms: z.int().openapi({ example: 87 }),
    status_code: z.int().nullable().openapi({
      description: "HTTP status of the response. Null if there was none.",
      example: 200,
    }),
    error: z.string().nullable().openapi({
      description: "Reason for the failure. Null if the attempt succeeded.",
      example: "timeout",
    }),
  })
  .openapi("WebhookAttempt");
export const Delivery = z
  .object({
    id: z.string().openapi({ example: EXAMPLE_DELIVERY_ID }),
    endpoint_id: z.string().nullable().openapi({
      description: "Null if the URL is the `webhook_url` of the transaction.",
      example: EXAMPLE_ENDPOINT_ID,
    }),
    event_id: z.string().openapi(EXAMPLES.event_id),
    event_type: z.string().openapi(EXAMPLES.event_type),
    transaction_id: z.string().nullable().openapi(EXAMPLES.transaction_id),
    url: z.string().openapi({
      description: "URL of the last attempt; while the status is `pending`, of the next one.",
      example: EXAMPLE_URL,
    }),
    status: DeliveryStatus,
    attempts: z.array(Attempt),
    next_attempt_at: Time.nullable().openapi({
      description: "Null if no attempt is scheduled, as while the endpoint is disabled.",
    }),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi("WebhookDelivery");
export const DeliveryList = z
  .object({ data: z.array(Delivery), has_more: HasMore, next_cursor: Cursor })
  .openapi("WebhookDeliveryList");
const buildFilter = (openapi: { description: string; example: string }) =>
  z.string().max(200, "must have at most 200 characters").optional().openapi(openapi);
export const DeliveriesQuery = z.strictObject({
  endpoint_id: buildFilter({
    description: "Only deliveries to this endpoint.",
    example: EXAMPLE_ENDPOINT_ID,
  }),
  status: DeliveryStatus.optional().openapi({ description: "Only deliveries with this status." }),
  event_type: buildFilter({ description: "Only events of this type.", ...EXAMPLES.event_type }),
  transaction_id: buildFilter({
    description: "Only events of this transaction.",
    ...EXAMPLES.transaction_id,
  }),
  limit,
  cursor,
});
