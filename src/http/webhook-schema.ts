/** The shapes of webhooks: endpoints, their secrets, and the log of deliveries. */
import { z } from "@hono/zod-openapi";
import { containsCardNumber } from "../domain/card-number";
import { WEBHOOK_TYPES } from "../domain/webhook";
import { parseWebhookUrl } from "../domain/webhook-url";
import { CARD, CARD_MESSAGE, Cursor, cursor, freeText, limit, Time, time } from "./fields";

const MAX_FILTER = WEBHOOK_TYPES.length + 1;
const ONE_DAY_S = 86_400;
const MAX_OVERLAP_S = 7 * ONE_DAY_S;

const filter = z
  .array(
    z.enum(["*", ...WEBHOOK_TYPES], `must be * or one of ${WEBHOOK_TYPES.join(", ")}`),
    "must be a list of event types",
  )
  .min(1, "must name at least one event type")
  .max(MAX_FILTER, `must name at most ${MAX_FILTER} event types`)
  .openapi({ description: "Event types to send; `*` stands for all.", example: ["*"] });
const description = freeText(0, 500).nullable();
const enabled = z.boolean("must be true or false");

const urlOf = (allowInsecure: boolean) =>
  freeText(1, 2048)
    .transform((text, context) => {
      const { href = "", fault } = parseWebhookUrl(text, allowInsecure);
      if (fault !== undefined) context.addIssue(fault);
      if (containsCardNumber(href))
        context.addIssue({ code: "custom", message: CARD_MESSAGE, ...CARD });
      return href;
    })
    .openapi({ format: "uri", description: "Kept, shown and called as it is parsed: in ASCII." });

const newEndpoint = (allowInsecure: boolean) =>
  z.strictObject({
    url: urlOf(allowInsecure).openapi({ example: "https://example.com/webhooks" }),
    events: filter.default(["*"]),
    description: description.default(null),
    enabled: enabled.default(true),
  });
const endpointChange = (allowInsecure: boolean) =>
  z
    .strictObject({ url: urlOf(allowInsecure), events: filter, description, enabled })
    .partial()
    .refine((change) => Object.keys(change).length > 0, "must change something");

export const NewEndpointBody = newEndpoint(false).openapi("CreateWebhookEndpoint");
export const EndpointChangeBody = endpointChange(false).openapi("ChangeWebhookEndpoint");
const INSECURE_NEW = newEndpoint(true);
const INSECURE_CHANGE = endpointChange(true);
/** The body of a create or a change, checked by the deployment's own rule for URLs. */
export const newEndpointBody = (allowInsecure: boolean) =>
  allowInsecure ? INSECURE_NEW : NewEndpointBody;
export const endpointChangeBody = (allowInsecure: boolean) =>
  allowInsecure ? INSECURE_CHANGE : EndpointChangeBody;

export const RotateBody = z
  .strictObject({
    expires_in_seconds: z
      .int("must be a whole number of seconds")
      .min(0, "must not be negative")
      .max(MAX_OVERLAP_S, `must be at most ${MAX_OVERLAP_S}`)
      .default(ONE_DAY_S)
      .openapi({ description: "How long the old secret signs as well." }),
  })
  .openapi("RotateWebhookSecret");
export const RecoverBody = z
  .strictObject({
    since: time.openapi({ description: "Created at this time or after it." }),
    until: time
      .optional()
      .openapi({ description: "Created at this time or before it; without it, until now." }),
  })
  .openapi("RecoverWebhooks");

export const Endpoint = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string().nullable(),
    events: z.array(z.string()),
    enabled: z.boolean(),
    disabled_reason: z.enum(["gone", "failing"]).nullable().openapi({
      description: "Why we switched it off: it answered 410, or has been failing for days.",
    }),
    failing_since: Time.nullable(),
    created_at: Time,
  })
  .openapi("WebhookEndpoint");
const secret = z.string().openapi({ description: "Shown this once.", example: "whsec_…" });
export const NewEndpoint = Endpoint.extend({ secret }).openapi("NewWebhookEndpoint");
export const EndpointList = z.object({ data: z.array(Endpoint) }).openapi("WebhookEndpointList");
export const RotatedSecret = z
  .object({ id: z.string(), secret, previous_secrets_expire_at: Time })
  .openapi("RotatedWebhookSecret");
export const Recovered = z
  .object({
    redelivered: z.int().min(0),
    has_more: z.boolean().openapi({ description: "Whether more is left; then ask again." }),
  })
  .openapi("RecoveredWebhooks");

const STATUSES = ["pending", "succeeded", "dead"] as const;
export const Delivery = z
  .object({
    id: z.string(),
    endpoint_id: z.string().nullable().openapi({
      description: "null when the transaction named the URL itself.",
    }),
    event_id: z.string(),
    event_type: z.string(),
    transaction_id: z.string().nullable(),
    url: z.string(),
    status: z.enum(STATUSES),
    attempts: z.array(
      z.object({
        number: z.int(),
        started_at: Time,
        duration_ms: z.int(),
        status_code: z.int().nullable(),
        error: z.string().nullable().openapi({ description: "null: it was delivered." }),
      }),
    ),
    next_attempt_at: Time.nullable(),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi("WebhookDelivery");
export const DeliveryList = z
  .object({ data: z.array(Delivery), has_more: z.boolean(), next_cursor: Cursor })
  .openapi("WebhookDeliveryList");
const name = z.string().max(200, "must have at most 200 characters").optional();
export const DeliveriesQuery = z.strictObject({
  endpoint_id: name,
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
  event_type: name,
  transaction_id: name,
  limit,
  cursor,
});
