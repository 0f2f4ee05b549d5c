/** Reads an event of Stripe: its signature is verified over the bytes before anything is parsed. */
import { z } from "@hono/zod-openapi";
import { isLiveKey, type StripeProcessor } from "../../config";
import { isSignedByStripe } from "../../processor/stripe/signature";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";
import { parseRawBody, readRawBody } from "../http/request-body";
import { countFailedAuth, rejectLimitedAddress } from "../middleware/failed-auth-limit";
import { countEvent } from "./event-counts";

/** Stripe's events have some kilobytes. */
export const MAX_EVENT_BYTES = 262_144;
const MAX_CHARACTERS = 255;
/** The operator has to set a secret and deploy. */
const CONFIGURED_AFTER_S = "60";

const name = z.string().min(1).max(MAX_CHARACTERS);

/** The members of every event. What an event is about is checked by what reads it. */
export const StripeEvent = z
  .object({
    id: name.openapi({ example: "evt_1SbXyz2eZvKYlo2C0aBcDeFg" }),
    object: z.literal("event").openapi({ example: "event" }),
    type: name.openapi({ example: "payment_intent.succeeded" }),
    livemode: z.boolean().openapi({ example: false }),
    account: name.nullish().openapi({
      description: "Of a connected account, whose events are not recorded.",
      example: null,
    }),
    data: z
      .looseObject({})
      .openapi({ description: "What the event is about, as Stripe's API describes it." }),
  })
  .openapi("StripeEvent");

/** An event that Stripe has signed. `is_ours`: of the key's mode and of this account. */
export type SignedEvent = {
  event: z.output<typeof StripeEvent>;
  is_ours: boolean;
  settings: StripeProcessor;
};

/** Reads the event of a request. @throws Problem */
export async function readSignedEvent(c: AppContext): Promise<SignedEvent> {
  const { processor: settings } = c.get("config");
  if (settings.kind !== "stripe") {
    throw new Problem("not_found", { detail: "The deployment's processor is not Stripe." });
  }
  const { webhook_secrets: secrets } = settings;
  if (secrets.length === 0) {
    throw new Problem("webhook_secret_missing", {
      detail: "Set STRIPE_WEBHOOK_SECRET to the secret of the webhook endpoint at Stripe.",
      headers: { "Retry-After": CONFIGURED_AFTER_S },
    });
  }
  const bytes = await readRawBody(c, MAX_EVENT_BYTES);
  const header = c.req.header("Stripe-Signature");
  if (!isSignedByStripe(bytes, header, secrets, Date.now())) {
    countEvent(c, "signature_invalid");
    // Only here: a signed event is accepted from every address, because other accounts at Stripe share its addresses.
    rejectLimitedAddress(c, "signature");
    throw await countFailedAuth(c, "signature", new Problem("signature_invalid"));
  }
  try {
    const event = parseRawBody(StripeEvent, bytes);
    const isSameMode = event.livemode === isLiveKey(settings.secret_key);
    return { event, is_ours: isSameMode && typeof event.account !== "string", settings };
  } catch (problem) {
    countEvent(c, "malformed");
    throw problem;
  }
}
