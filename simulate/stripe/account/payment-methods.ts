// What becomes of a payment with each of Stripe's test payment methods. The names are Stripe's.
import { missing } from "../http/errors.ts";

export type Decline = { code: string; decline_code: string; message: string };

export type TestMethod = {
  decline?: Decline;
  /** The customer has to authenticate first. */
  authentication?: true;
  /** Neither succeeded nor failed for a while, as with a bank debit. */
  processing?: true;
  /** What becomes of its refunds, later. */
  refund?: "fails" | "pending";
  /** The reason of the dispute that every payment with it ends in. */
  dispute?: string;
};

const decline = (
  code: string,
  decline_code = code,
  message = "Your card was declined.",
): Decline => ({
  code,
  decline_code,
  message,
});
const declined = (decline_code: string) => ({ decline: decline("card_declined", decline_code) });

const NO_FUNDS = decline(
  "card_declined",
  "insufficient_funds",
  "Your card has insufficient funds.",
);

const METHODS: Record<string, TestMethod> = {
  pm_card_visa: {},
  pm_card_mastercard: {},
  pm_card_us: {},
  pm_card_chargeDeclined: declined("generic_decline"),
  pm_card_chargeDeclinedInsufficientFunds: { decline: NO_FUNDS },
  pm_card_chargeDeclinedLostCard: declined("lost_card"),
  pm_card_chargeDeclinedStolenCard: declined("stolen_card"),
  pm_card_chargeDeclinedFraudulent: declined("fraudulent"),
  pm_card_chargeDeclinedVelocityLimitExceeded: declined("card_velocity_exceeded"),
  pm_card_chargeDeclinedExpiredCard: {
    decline: decline("expired_card", "expired_card", "Your card has expired."),
  },
  pm_card_chargeDeclinedIncorrectCvc: {
    decline: decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
  },
  pm_card_chargeDeclinedProcessingError: {
    decline: decline(
      "processing_error",
      "processing_error",
      "An error occurred while processing your card.",
    ),
  },
  pm_card_authenticationRequired: { authentication: true },
  pm_card_threeDSecure2Required: { authentication: true },
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: {
    authentication: true,
    decline: NO_FUNDS,
  },
  pm_card_pendingRefund: { refund: "pending" },
  pm_card_refundFail: { refund: "fails" },
  pm_card_createDispute: { dispute: "fraudulent" },
  pm_card_createDisputeProductNotReceived: { dispute: "product_not_received" },
  pm_usBankAccount_processing: { processing: true },
};

/** Stripe has the declining ones also with the card's brand in their names. */
const canonicalName = (name: string) => name.replace(/^pm_card_visa_/, "pm_card_");

/** @throws resource_missing */
export function testMethod(name: string): TestMethod {
  const method = METHODS[canonicalName(name)];
  if (!method) throw missing("PaymentMethod", name, "payment_method", 400);
  return method;
}

export const AUTHENTICATION_REQUIRED = decline(
  "authentication_required",
  "authentication_required",
  "Your card was declined. This transaction requires authentication.",
);

export const AUTHENTICATION_FAILED: Decline = decline(
  "payment_intent_authentication_failure",
  "authentication_failed",
  "The provided PaymentMethod has failed authentication.",
);
