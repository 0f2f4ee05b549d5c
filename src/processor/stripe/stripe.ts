/** Stripe as the processor. */
import type { StripeProcessor } from "../../config";
import type { Processor } from "../processor";

export function stripeProcessor(_settings: StripeProcessor): Processor {
  return {
    supports: () => true,
    call: () => ({ kind: "unknown", reason: "not built yet" }),
  };
}
