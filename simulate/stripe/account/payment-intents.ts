// PaymentIntents: created and confirmed in one request, authenticated, captured, cancelled.

import { cardError, invalid, notNow } from "../http/errors.ts";
import { type Form, Params } from "../http/form.ts";
import type { Account } from "./account.ts";
import { addCharge, captureCharge, releaseHeld } from "./charges.ts";
import { openDispute } from "./disputes.ts";
import type { PaymentIntent } from "./objects.ts";
import {
  AUTHENTICATION_FAILED,
  AUTHENTICATION_REQUIRED,
  type Decline,
  type TestMethod,
} from "./payment-methods.ts";
import { readIntent, type WantedIntent } from "./read-intent.ts";

const CANCELLATION_REASONS = [
  "requested_by_customer",
  "abandoned",
  "duplicate",
  "fraudulent",
] as const;
const CANCELABLE = [
  "requires_payment_method",
  "requires_capture",
  "requires_confirmation",
  "requires_action",
  "processing",
];

/** The test methods of the intents: an intent names a copy of its method. */
const methods = new WeakMap<PaymentIntent, TestMethod>();
const methodOf = (intent: PaymentIntent): TestMethod => methods.get(intent) ?? {};

function decline(
  account: Account,
  intent: PaymentIntent,
  { code, decline_code, message }: Decline,
): void {
  const charge = addCharge(account, intent, { code, decline_code, message });
  intent.latest_charge = charge.id;
  intent.status = "requires_payment_method";
  intent.next_action = null;
  const payment_method = { id: intent.payment_method, object: "payment_method", type: "card" };
  intent.payment_method = null;
  intent.last_payment_error = {
    ...{ type: "card_error", code, decline_code, message },
    ...{ charge: charge.id, payment_method },
  };
  account.emit("payment_intent.payment_failed", intent);
}

/** The card is charged, or the amount is held on it. */
function succeed(account: Account, intent: PaymentIntent): void {
  const charge = addCharge(account, intent);
  intent.latest_charge = charge.id;
  intent.next_action = null;
  if (intent.capture_method === "manual") {
    intent.status = "requires_capture";
    intent.amount_capturable = intent.amount;
    account.emit("payment_intent.amount_capturable_updated", intent);
    return;
  }
  intent.status = "succeeded";
  intent.amount_received = intent.amount;
  account.emit("payment_intent.succeeded", intent);
  const { dispute } = methodOf(intent);
  if (dispute !== undefined)
    account.later(() => void openDispute(account, intent.id, { reason: dispute }));
}

function requireAction(account: Account, { intent, return_url }: WantedIntent): void {
  intent.status = "requires_action";
  const { id, client_secret } = intent;
  const url = `${account.base_url}/redirect/authenticate/${id}?client_secret=${client_secret}`;
  intent.next_action =
    return_url === null
      ? { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect" } }
      : { type: "redirect_to_url", redirect_to_url: { url, return_url } };
  account.emit("payment_intent.requires_action", intent);
}

const refusal = (intent: PaymentIntent, { code, decline_code, message }: Decline) =>
  cardError(message, {
    ...{ code, decline_code, payment_intent: structuredClone(intent) },
    ...(intent.latest_charge === null ? {} : { charge: String(intent.latest_charge) }),
  });

/** Creates and confirms. @throws card_error when the card is declined; the intent exists then. */
export function createIntent(account: Account, form: Form): PaymentIntent {
  const wanted = readIntent(account, form);
  const { intent, method, isAuthenticationRefused } = wanted;
  account.add(intent);
  methods.set(intent, method);
  account.emit("payment_intent.created", intent);
  const refused =
    method.authentication && isAuthenticationRefused ? AUTHENTICATION_REQUIRED : method.decline;
  if (method.authentication && !isAuthenticationRefused) requireAction(account, wanted);
  else if (refused) {
    decline(account, intent, refused);
    throw refusal(intent, refused);
  } else if (method.processing) {
    intent.status = "processing";
    account.emit("payment_intent.processing", intent);
    account.later(() => finishProcessing(account, intent.id, true));
  } else succeed(account, intent);
  return intent;
}

const unexpected = (intent: PaymentIntent, what: string) =>
  notNow(`This PaymentIntent could not be ${what} because it has a status of ${intent.status}.`, {
    code: "payment_intent_unexpected_state",
    payment_intent: structuredClone(intent),
  });

export function captureIntent(account: Account, id: string, form: Form): PaymentIntent {
  const intent = account.get("payment_intent", id);
  const params = new Params(form, ["amount_to_capture", "final_capture", "metadata", "expand"]);
  const amount = params.whole("amount_to_capture") ?? intent.amount_capturable;
  if (intent.status !== "requires_capture") throw unexpected(intent, "captured");
  if (amount < 1) throw invalid("Invalid positive integer", { param: "amount_to_capture" });
  if (amount > intent.amount_capturable) {
    throw notNow("The requested capture amount is greater than the amount you can capture.", {
      code: "amount_too_large",
      param: "amount_to_capture",
    });
  }
  Object.assign(intent.metadata, params.metadata());
  const charge = account.get("charge", String(intent.latest_charge));
  captureCharge(account, charge, amount);
  Object.assign(intent, { status: "succeeded", amount_received: amount, amount_capturable: 0 });
  account.emit("charge.captured", charge);
  releaseHeld(account, charge, charge.amount - amount);
  account.emit("payment_intent.succeeded", intent);
  return intent;
}

export function cancelIntent(account: Account, id: string, form: Form): PaymentIntent {
  const intent = account.get("payment_intent", id);
  const params = new Params(form, ["cancellation_reason", "expand"]);
  const reason =
    params.text("cancellation_reason") &&
    params.choice("cancellation_reason", CANCELLATION_REASONS);
  if (!CANCELABLE.includes(intent.status)) throw unexpected(intent, "canceled");
  const isHeld = intent.status === "requires_capture";
  Object.assign(intent, { status: "canceled", canceled_at: account.now(), amount_capturable: 0 });
  Object.assign(intent, { cancellation_reason: reason, next_action: null });
  const charge = isHeld ? account.get("charge", String(intent.latest_charge)) : null;
  if (charge) releaseHeld(account, charge, charge.amount);
  account.emit("payment_intent.canceled", intent);
  return intent;
}

/** The customer has authenticated, or failed to. @throws when nothing is to be authenticated any more */
export function authenticate(account: Account, id: string, isPassed: boolean): PaymentIntent {
  const intent = account.get("payment_intent", id);
  if (intent.status !== "requires_action") throw unexpected(intent, "authenticated");
  const refused = isPassed ? methodOf(intent).decline : AUTHENTICATION_FAILED;
  if (refused) decline(account, intent, refused);
  else succeed(account, intent);
  return intent;
}

/** Ends the processing of a payment; nothing when it has ended. */
export function finishProcessing(account: Account, id: string, isPaid: boolean): void {
  const intent = account.get("payment_intent", id);
  if (intent.status !== "processing") return;
  if (isPaid) succeed(account, intent);
  else
    decline(account, intent, {
      code: "card_declined",
      decline_code: "generic_decline",
      message: "The payment failed.",
    });
}

/** What becomes of refunds of an intent's charge. */
export const refundsOf = (intent: PaymentIntent): TestMethod["refund"] => methodOf(intent).refund;
