/** Why Stripe has declined something: its code in our words. The one table of codes; docs/stripe-mapping.md shows it. */
import { outsideText } from "../../domain/text/outside-text";
import type { Failure } from "../../domain/transaction/transaction";

/** In code points, as a processor's code over HTTP. */
const MAX_CODE_CHARACTERS = 64;

/** Our codes, each with its message and the codes of Stripe that it stands for. A decline code, an error code and a
 *  refund's `failure_reason` of one name mean the same. Codes that hint at fraud are one code, because a merchant may show
 *  ours to the customer. */
export const DECLINE_CODES = {
  card_declined: {
    message: "The card was declined",
    stripe: `card_declined generic_decline call_issuer no_action_taken fraudulent merchant_blacklist lost_card
      stolen_card pickup_card restricted_card security_violation service_not_allowed stop_payment_order
      revocation_of_authorization revocation_of_all_authorizations transaction_not_allowed testmode_decline
      bank_account_declined payment_method_provider_decline payment_method_customer_decline refer_to_customer
      debit_not_authorized approve_with_id`,
  },
  do_not_honor: {
    message: "The issuer declined without a reason",
    stripe: "do_not_honor do_not_try_again",
  },
  insufficient_funds: {
    message: "The account has insufficient funds",
    stripe: "insufficient_funds",
  },
  expired_card: {
    message: "The card has expired",
    stripe: "expired_card expired_payment_method expired_or_canceled_card",
  },
  incorrect_cvc: {
    message: "The security code is incorrect",
    stripe: "incorrect_cvc invalid_cvc",
  },
  incorrect_card_number: {
    message: "The card number is incorrect",
    stripe: "incorrect_number invalid_number",
  },
  incorrect_expiry: {
    message: "The expiry date is incorrect",
    stripe: "invalid_expiry_month invalid_expiry_year",
  },
  incorrect_address: {
    message: "The billing address is incorrect",
    stripe: `incorrect_zip incorrect_postal_code incorrect_address postal_code_invalid
      payment_method_billing_details_address_missing`,
  },
  incorrect_pin: {
    message: "The PIN is incorrect or required",
    stripe:
      "incorrect_pin invalid_pin pin_try_exceeded offline_pin_required online_or_offline_pin_required",
  },
  card_not_supported: {
    message: "The card does not support this payment",
    stripe: `card_not_supported invalid_card_type invalid_account new_account_information_available
      payment_method_not_available payment_method_unsupported_type payment_intent_incompatible_payment_method
      payment_method_restricted payment_method_unactivated three_d_secure_authentication_not_supported`,
  },
  currency_not_supported: {
    message: "The card does not support this currency",
    stripe: "currency_not_supported payment_method_currency_mismatch",
  },
  limit_exceeded: {
    message: "A limit of the card is exceeded",
    stripe: `card_velocity_exceeded withdrawal_count_limit_exceeded card_decline_rate_limit_exceeded
      charge_exceeds_source_limit charge_exceeds_transaction_limit`,
  },
  invalid_amount: {
    message: "The amount is not possible",
    stripe: `invalid_amount invalid_charge_amount amount_too_large amount_too_small
      invalid_charge_amount_no_decimal_compatible`,
  },
  duplicate_transaction: {
    message: "A payment with the same amount and card was made a moment ago",
    stripe: "duplicate_transaction",
  },
  authentication_required: {
    message: "The card requires authentication",
    stripe: "authentication_required authentication_not_handled payment_intent_action_required",
  },
  authentication_failed: {
    message: "The customer did not authenticate",
    stripe: `payment_intent_authentication_failure authentication_failure payment_intent_payment_attempt_expired
      payment_intent_payment_attempt_failed`,
  },
  issuer_unavailable: {
    message: "The issuer could not be reached",
    stripe: `issuer_not_available try_again_later reenter_transaction payment_method_provider_timeout
      three_d_secure_authentication_upstream_error`,
  },
  processing_error: {
    message: "The card could not be processed",
    stripe: "processing_error",
  },
  invalid_payment_method: {
    message: "The payment method or the customer is not there, or cannot be used",
    stripe: `resource_missing payment_method_unexpected_state payment_method_invalid_parameter token_already_used
      token_in_use payment_method_invalid_parameter_testmode`,
  },
  authorization_expired: {
    message: "The authorization has expired",
    stripe: "capture_charge_authorization_expired charge_expired_for_capture",
  },
  authorization_released: {
    message: "The payment was cancelled at the processor",
    stripe: "",
  },
  unsupported_action: {
    message: "The payment method needs a step of the customer that is not supported",
    stripe: "",
  },
  already_refunded: {
    message: "The payment is already refunded",
    stripe: "charge_already_refunded",
  },
  payment_disputed: {
    message: "The payment is disputed",
    stripe: "charge_disputed refund_disputed_payment charge_for_pending_refund_disputed",
  },
  insufficient_balance: {
    message: "The balance at the processor is insufficient",
    stripe: "balance_insufficient",
  },
  refund_failed: {
    message: "The money could not be returned to the card",
    stripe: "charge_not_refundable lost_or_stolen_card declined merchant_request",
  },
  processor_declined: {
    message: "The processor declined the request",
    stripe: "",
  },
} as const satisfies Record<string, { message: string; stripe: string }>;

export type DeclineCode = keyof typeof DECLINE_CODES;

const BY_STRIPE_CODE: ReadonlyMap<string, DeclineCode> = new Map(
  Object.entries(DECLINE_CODES).flatMap(([code, { stripe }]) =>
    stripe
      .split(/\s+/)
      .filter(Boolean)
      // The table's own keys.
      .map((name): [string, DeclineCode] => [name, code as DeclineCode]),
  ),
);

/** A failure in our words.
 *  @param codes of Stripe, the most exact first; those that are not known are passed over
 *  @param otherwise our code when none is known */
export function toFailure(
  codes: readonly (string | null | undefined)[],
  otherwise: DeclineCode,
): Failure {
  const given = codes.map(cleanCode).filter((code) => code !== "");
  const known = given.find((code) => BY_STRIPE_CODE.has(code));
  const code = (known !== undefined && BY_STRIPE_CODE.get(known)) || otherwise;
  const original = known ?? given[0];
  const { message } = DECLINE_CODES[code];
  return {
    code,
    message,
    ...(original !== undefined && original !== code && { processor_code: original }),
  };
}

/** A code as it can be stored; "" for anything that is not one. */
export function cleanCode(code: string | null | undefined): string {
  if (typeof code !== "string" || !/^[a-z][a-z0-9_]*$/i.test(code)) return "";
  return outsideText(code, MAX_CODE_CHARACTERS);
}
