/** What an error of Stripe's API says about the request. Its message may hold ids and parameters, so it is never read. */
import type { Failure } from "../../domain/transaction/transaction";
import type { Unknown } from "../processor";
import { toFailure } from "./decline-codes";
import { ApiError, type PaymentIntent } from "./objects";

/** `refused`: nothing was done. `code`: Stripe's, to tell refusals apart. `intent`: as it is now, if Stripe has sent it. */
export type Refused = {
  kind: "refused";
  code: string;
  failure: Failure;
  intent: PaymentIntent | undefined;
};

/** `isReplayed`: the request may have been carried out, and every repetition will get this error. */
export type Fault = Refused | (Unknown & { isReplayed?: true });

/** Codes that say more about the settings than about the payment: after a change of the settings, the same request can
 *  succeed. */
const CODES_OF_SETTINGS = [
  "account_invalid",
  "api_key_expired",
  "livemode_mismatch",
  "platform_api_key_expired",
  "secret_key_required",
  "testmode_charges_only",
  "tls_version_unsupported",
];
/** The request can be repeated as it is. */
const CODES_OF_CONTENTION = ["idempotency_key_in_use", "lock_timeout", "rate_limit"];
/** Parameters that name the payment itself, which a wrong key does not find. */
const PARAMETERS_OF_PAYMENT = ["intent", "payment_intent"];

const unknown = (reason: string): Unknown => ({ kind: "unknown", reason });

/** @param fault what the `stripe` package has thrown */
export function readFault(fault: unknown): Fault {
  const parsed = ApiError.safeParse(fault);
  if (!parsed.success) return unknown("no readable response of Stripe");
  const { statusCode, type, code, decline_code, param, payment_intent } = parsed.data.raw;
  if (statusCode >= 500) return { ...unknown(`Stripe: HTTP ${statusCode}`), isReplayed: true };
  if (type === "idempotency_error") {
    return { ...unknown("another request was made under this key"), differs: ["reference"] };
  }
  if (statusCode === 401) return unknown("Stripe does not accept STRIPE_SECRET_KEY");
  if (statusCode === 403) return unknown("STRIPE_SECRET_KEY has no permission for this operation");
  if (code && CODES_OF_SETTINGS.includes(code)) {
    return unknown(`STRIPE_SECRET_KEY does not fit the request (${code})`);
  }
  if (statusCode === 409 || statusCode === 429 || (code && CODES_OF_CONTENTION.includes(code))) {
    return unknown(`Stripe: HTTP ${statusCode}, to be repeated`);
  }
  if (code === "resource_missing" && PARAMETERS_OF_PAYMENT.includes(param ?? "")) {
    return unknown("the account of STRIPE_SECRET_KEY does not have this payment");
  }
  if (!isRefusal(statusCode, type, code)) return unknown(`Stripe: HTTP ${statusCode}`);
  const otherwise = type === "card_error" ? "card_declined" : "processor_declined";
  return {
    kind: "refused",
    code: code ?? "",
    failure: toFailure([decline_code, code], otherwise),
    intent: payment_intent ?? undefined,
  };
}

/** Whether a response says that the request was refused. A 404 without a code may be of a server on the way. */
function isRefusal(
  status: number,
  type: string | null | undefined,
  code: string | null | undefined,
): boolean {
  if (type !== "card_error" && type !== "invalid_request_error") return false;
  return status === 400 || status === 402 || (status === 404 && code === "resource_missing");
}
