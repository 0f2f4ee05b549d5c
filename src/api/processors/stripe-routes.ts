/** `POST /processors/stripe/events`: the webhook endpoint that Stripe delivers events to. */
import { z } from "@hono/zod-openapi";
import { outsideText } from "../../domain/text/outside-text";
import type { EventResult } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { type App, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { countEvent } from "./event-counts";
import { recordEvent } from "./record-event";
import { readSignedEvent, type SignedEvent, StripeEvent } from "./signed-event";

const MAX_LOGGED_CHARACTERS = 100;

const SHOWN_RESULTS = ["recorded", "unchanged", "contradicts", "ignored", "not_ours"] as const;

export const ReceivedEvent = z
  .object({
    received: z.literal(true).openapi({ example: true }),
    result: z.enum(SHOWN_RESULTS).openapi({
      description:
        "`recorded`: the transaction was changed. `unchanged`: it has this state already. `contradicts`: the event says other than what is stored, which stays. `ignored`: the type needs nothing. `not_ours`: it is about a payment that this deployment does not have, of the other mode, or of a connected account.",
      example: "recorded",
    }),
  })
  .openapi("ReceivedEvent");

export function stripeRoutes(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/processors/stripe/events",
    operationId: "receiveStripeEvent",
    summary: "Receive an event of Stripe",
    description:
      "The webhook endpoint that Stripe delivers events to, for deployments with `PROCESSOR=stripe`. An event is authenticated by its signature, which is valid for 300 seconds, and needs no API key. Every event may arrive late, twice, and in any order: an older state never replaces a newer one. Responds with 503 if the event could not be recorded, so that Stripe delivers it again.",
    tag: "Processors",
    security: "stripe_signature",
    request: { body: { documentedAs: StripeEvent, parsedBy: readSignedEvent } },
    responses: {
      200: { description: "The event was received.", schema: ReceivedEvent },
    },
    problems: [
      "malformed_json",
      "invalid_request",
      "not_found",
      "body_too_large",
      "webhook_secret_missing",
      "unavailable",
    ],
    handle: async (c, { body }) => {
      const result = await receive(c, body);
      if (result === "unavailable") {
        throw new Problem("unavailable", { detail: "The event was not recorded." });
      }
      return jsonResponse(c, 200, { received: true, result });
    },
  });
}

async function receive(c: AppContext, signed: SignedEvent): Promise<EventResult> {
  const result = await recordEvent(c, signed);
  countEvent(c, result);
  c.set("outcome", result);
  c.get("log")("info", "processor.event", {
    event_id: outsideText(signed.event.id, MAX_LOGGED_CHARACTERS),
    event_type: outsideText(signed.event.type, MAX_LOGGED_CHARACTERS),
    transaction_id: c.get("transaction_id"),
    outcome: result,
  });
  return result;
}
