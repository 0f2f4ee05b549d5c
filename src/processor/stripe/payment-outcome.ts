/** What the state of a PaymentIntent says about an operation on it. */
import type { OperationName } from "../../domain/transaction/operation";
import type { Answer, EchoMember, OperationRequest, Unknown } from "../processor";
import { fromStripeAmount } from "./amounts";
import { DECLINE_CODES, type DeclineCode, toFailure } from "./decline-codes";
import { readNextAction } from "./next-action";
import type { PaymentIntent } from "./objects";
import { unknown } from "./requests";

/** `not_yet`: the operation was not carried out, and can be. `needs_other_action`: the customer has to do something that a
 *  redirect cannot do. */
export type PaymentOutcome = Answer | { kind: "not_yet" } | { kind: "needs_other_action" };

/** A decline for a reason of ours. */
export const declinedAs = (code: DeclineCode) => ({
  kind: "declined" as const,
  failure: { code, message: DECLINE_CODES[code].message },
});

/** What an object of Stripe says about an operation of ours, if it is about another payment.
 *  @param isLive whether the key is one of live mode */
export function aboutAnother(
  intent: PaymentIntent,
  request: OperationRequest,
  isLive: boolean,
): Unknown | undefined {
  if (intent.livemode !== isLive) return unknown("the payment is of the other mode of Stripe");
  const { operation, transaction_id, amount_minor, authorized_amount_minor, currency } = request;
  const begins = operation === "charge" || operation === "authorize";
  const known = request.processor_reference ?? intent.id;
  const differs: EchoMember[] = [];
  if (intent.metadata?.transaction_id !== transaction_id || intent.id !== known) {
    differs.push(begins ? "reference" : "payment");
  }
  // A refund is of a part, and its request does not have the whole.
  const whole = authorized_amount_minor ?? amount_minor;
  if (operation !== "refund" && fromStripeAmount(intent.amount, intent.currency) !== whole) {
    differs.push("amount_minor");
  }
  if (intent.currency !== currency.toLowerCase()) differs.push("currency");
  return differs.length > 0 ? { ...unknown("a PaymentIntent that differs"), differs } : undefined;
}

/** The outcome of the request's operation, as far as the PaymentIntent shows it. */
export function paymentOutcome(intent: PaymentIntent, request: OperationRequest): PaymentOutcome {
  const outcome = READERS[request.operation](intent, request);
  switch (outcome.kind) {
    case "unknown":
    case "not_yet":
    case "needs_other_action":
      return outcome;
    default:
      return { ...outcome, processor_reference: intent.id };
  }
}

type Reader = (intent: PaymentIntent, request: OperationRequest) => PaymentOutcome;

const READERS: Record<OperationName, Reader> = {
  charge: readFirst,
  authorize: readFirst,
  capture: readCapture,
  void: readVoid,
  // The money that was returned is in refunds, which are objects of their own.
  refund: () => unknown("a PaymentIntent says nothing about one refund"),
};

function readFirst(intent: PaymentIntent, request: OperationRequest): PaymentOutcome {
  const { operation, amount_minor } = request;
  switch (intent.status) {
    case "succeeded":
      if (operation === "authorize") return readCaptured(intent, request);
      return receivedMinor(intent) === amount_minor ? DONE : OTHER_AMOUNT;
    case "requires_capture":
      return operation === "authorize" ? DONE : unknown("a charge that is only authorized");
    case "requires_action": {
      const next_action = readNextAction(intent);
      if (!next_action) return { kind: "needs_other_action" };
      return { kind: "action_required", next_action };
    }
    case "requires_payment_method":
      return declinedByIssuer(intent);
    case "canceled":
      // One that was declined is closed here.
      return intent.last_payment_error ? declinedByIssuer(intent) : RELEASED;
    default:
      return stillOpen(intent);
  }
}

function declinedByIssuer({ last_payment_error }: PaymentIntent) {
  const { decline_code, code } = last_payment_error ?? {};
  return { kind: "declined", failure: toFailure([decline_code, code], "card_declined") } as const;
}

function readCapture(intent: PaymentIntent, request: OperationRequest): PaymentOutcome {
  switch (intent.status) {
    case "succeeded":
      return receivedMinor(intent) === request.amount_minor ? DONE : readCaptured(intent, request);
    case "requires_capture":
      return { kind: "not_yet" };
    case "canceled":
      return RELEASED;
    default:
      return stillOpen(intent);
  }
}

/** Of a payment that was captured at Stripe without us. */
function readCaptured(intent: PaymentIntent, request: OperationRequest): PaymentOutcome {
  const captured_minor = receivedMinor(intent) ?? 0;
  const whole = request.authorized_amount_minor ?? request.amount_minor;
  if (captured_minor <= 0 || captured_minor > whole) return OTHER_AMOUNT;
  return { kind: "captured", captured_minor };
}

function readVoid(intent: PaymentIntent): PaymentOutcome {
  switch (intent.status) {
    case "canceled":
      return DONE;
    case "succeeded":
      return tooLate(intent);
    case "processing":
      return stillOpen(intent);
    default:
      return { kind: "not_yet" };
  }
}

const DONE = { kind: "done" } as const;
const RELEASED = { kind: "released" } as const;
const OTHER_AMOUNT: Unknown = {
  ...unknown("another amount was captured"),
  differs: ["amount_minor"],
};

/** The status is text from outside, so it is not quoted. */
function stillOpen({ status }: PaymentIntent): Unknown {
  return unknown(
    status === "processing"
      ? "Stripe is processing the payment"
      : "a PaymentIntent without outcome",
  );
}

function tooLate(intent: PaymentIntent): Answer {
  const captured_minor = receivedMinor(intent);
  const amount = captured_minor === undefined ? {} : { captured_minor };
  return { kind: "too_late", done: "charge", ...amount };
}

function receivedMinor({ amount_received, currency }: PaymentIntent): number | undefined {
  return fromStripeAmount(amount_received ?? -1, currency);
}
