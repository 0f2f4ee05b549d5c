// The parameters of a PaymentIntent that is created and confirmed.
import { invalid } from "../http/errors.ts";
import { type Form, Params } from "../http/form.ts";
import type { Account } from "./account.ts";
import { checkAmount } from "./amounts.ts";
import type { PaymentIntent } from "./objects.ts";
import { type TestMethod, testMethod } from "./payment-methods.ts";

const CREATE = [
  ...[
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "currency",
    "customer",
    "description",
  ],
  ...[
    "error_on_requires_action",
    "expand",
    "metadata",
    "off_session",
    "payment_method",
    "payment_method_types",
  ],
  ...["return_url", "statement_descriptor", "statement_descriptor_suffix"],
];
const CAPTURE_METHODS = ["automatic_async", "automatic", "manual"] as const;
export type WantedIntent = {
  intent: PaymentIntent;
  method: TestMethod;
  return_url: string | null;
  isAuthenticationRefused: boolean;
};

/** Reads and checks them; the intent is not kept yet. @throws as the API does */
export function readIntent(account: Account, form: Form): WantedIntent {
  const params = new Params(form, CREATE);
  const amount = params.whole("amount");
  if (amount === null) params.needed("amount");
  const currency = params.needed("currency").toLowerCase();
  checkAmount(amount ?? 0, currency);
  const method = testMethod(params.needed("payment_method"));
  const return_url = params.text("return_url");
  const automatic = params.inner("automatic_payment_methods", ["enabled", "allow_redirects"]);
  const redirects = automatic?.choice("allow_redirects", ["always", "never"]) ?? "never";
  if (!params.flag("confirm"))
    throw invalid("The stand-in creates confirmed intents only", { param: "confirm" });
  if (redirects === "always" && return_url === null) {
    throw invalid("A return_url must be provided for payment methods that redirect", {
      param: "return_url",
    });
  }
  const capture_method = params.choice("capture_method", CAPTURE_METHODS);
  const id = account.newId("payment_intent");
  const intent: PaymentIntent = {
    id,
    object: "payment_intent",
    amount: amount ?? 0,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method,
    client_secret: account.token(`${id}_secret`),
    confirmation_method: "automatic",
    created: account.now(),
    currency,
    customer: params.text("customer"),
    description: params.text("description"),
    last_payment_error: null,
    latest_charge: null,
    livemode: account.livemode,
    metadata: params.metadata(),
    next_action: null,
    payment_method: account.token("pm"),
    payment_method_types: ["card"],
    status: "requires_payment_method",
  };
  return {
    intent,
    method,
    return_url,
    isAuthenticationRefused: params.flag("error_on_requires_action"),
  };
}
