/** All error responses (RFC 9457). The codes are a fixed set; docs/problems.md explains each. */
import { DatabaseUnavailable } from "../../d1/query";
import { currencyDecimals } from "../../domain/money/currency";
import { formatAmount } from "../../domain/money/money";
import { MAX_DECLINED } from "../../domain/transaction/capture";
import { MAX_REFUNDS } from "../../domain/transaction/refund";
import type { Refusal } from "../../domain/transaction/refusal";
import type { Action } from "../../domain/transaction/status";
import type { AppContext } from "../context";
import { AMOUNT_FAULTS } from "./common-schemas";
import { respond } from "./response";

type Row = { status: number; title: string };

/** One row per problem; a refusal of the domain without a row does not compile. The amount of a capture or a refund is
 *  checked by the domain, which knows the currency; its fault is an `invalid_request`. */
export const PROBLEMS = {
  malformed_json: { status: 400, title: "Invalid JSON" },
  invalid_request: { status: 400, title: "Invalid request" },
  idempotency_key_missing: { status: 400, title: "Idempotency-Key header missing" },
  idempotency_key_invalid: { status: 400, title: "Invalid idempotency key" },
  amount_not_supported: { status: 400, title: "Amount not supported by the processor" },
  currency_not_supported: { status: 400, title: "Currency not supported by the processor" },
  payment_method_required: { status: 400, title: "Payment method missing" },
  signature_invalid: { status: 400, title: "Missing or invalid signature" },
  card_number_refused: { status: 400, title: "Card numbers are not accepted" },
  api_key_missing: { status: 401, title: "API key missing" },
  api_key_invalid: { status: 401, title: "Invalid API key" },
  admin_token_invalid: { status: 401, title: "Missing or invalid admin token" },
  metrics_token_invalid: { status: 401, title: "Missing or invalid metrics token" },
  scope_missing: { status: 403, title: "API key lacks the required scope" },
  not_found: { status: 404, title: "Not found" },
  transaction_not_found: { status: 404, title: "Transaction not found" },
  idempotency_key_not_found: { status: 404, title: "No transaction with this idempotency key" },
  refund_not_found: { status: 404, title: "Refund not found" },
  merchant_not_found: { status: 404, title: "Merchant not found" },
  api_key_not_found: { status: 404, title: "API key not found" },
  webhook_endpoint_not_found: { status: 404, title: "Webhook endpoint not found" },
  webhook_delivery_not_found: { status: 404, title: "Webhook delivery not found" },
  rule_set_not_found: { status: 404, title: "Version of the fraud rules not found" },
  list_entry_not_found: { status: 404, title: "List entry not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  livemode_mismatch: { status: 409, title: "Transaction belongs to another processor mode" },
  illegal_transition: { status: 409, title: "Transition not allowed from the current status" },
  charge_may_still_end: { status: 409, title: "Processor may still report an outcome" },
  operation_not_supported: { status: 409, title: "Operation not supported by the processor" },
  amount_exceeds_capturable: { status: 409, title: "Amount exceeds what is authorized" },
  capture_amount_differs: { status: 409, title: "Already captured with another amount" },
  refund_exceeds_remaining: { status: 409, title: "Amount exceeds what is left to refund" },
  too_many_refunds: { status: 409, title: "Too many refunds" },
  too_many_attempts: { status: 409, title: "Too many declined captures and cancellations" },
  too_many_webhook_endpoints: {
    status: 409,
    title: "Too many webhook endpoints",
  },
  rule_set_version_conflict: {
    status: 409,
    title: "Fraud rules changed since they were read",
  },
  too_many_list_entries: {
    status: 409,
    title: "Too many list entries",
  },
  api_key_rolled: { status: 409, title: "API key already replaced" },
  too_many_api_keys: { status: 409, title: "Too many API keys" },
  body_too_large: { status: 413, title: "Request body too large" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  idempotency_key_reused: {
    status: 422,
    title: "Idempotency key already used with a different request",
  },
  rate_limited: { status: 429, title: "Rate limit exceeded" },
  backtest_running: { status: 429, title: "Another backtest is running" },
  too_many_failed_authentications: {
    status: 429,
    title: "Too many failed authentication attempts",
  },
  internal_error: { status: 500, title: "Internal server error" },
  webhook_secret_missing: { status: 503, title: "No webhook secret of the processor configured" },
  processor_not_configured: { status: 503, title: "No payment processor configured" },
  unavailable: { status: 503, title: "A dependency is unavailable" },
  shard_count_changed: { status: 503, title: "Shard count of the deployment changed" },
} as const satisfies Record<Exclude<Refusal["code"], "invalid_amount">, Row> & Record<string, Row>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Location of a fault in a request: a JSON Pointer into the body (`#/amount`), a query or path parameter, or a
 *  header field. */
export type Place = { pointer: string } | { parameter: string } | { header: string };
type FieldFault = Place & { message: string };

type Details = { detail?: string; errors?: FieldFault[]; headers?: Record<string, string> };

/** Ends the request with a problem response. Thrown in `api/` only; it is a response, not a fault. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly details: Details;

  constructor(code: ProblemCode, details: Details = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/** A few seconds are enough for an object to move or a database to fail over. */
const RETRY_AFTER_S = "2";
/** The operator has to change a setting and deploy. */
const CONFIGURED_AFTER_S = "60";

/** The problem document, as the body of a response or inside of one. */
export function problemDocument(c: AppContext, code: ProblemCode, details: Details = {}) {
  const { status, title } = PROBLEMS[code];
  return {
    type: new URL(`/problems/${code}`, c.req.url).href,
    title,
    status,
    detail: details.detail ?? `${title}.`,
    code,
    request_id: c.get("request_id"),
    ...(details.errors ? { errors: details.errors } : {}),
  };
}

export function problemResponse(c: AppContext, code: ProblemCode, details: Details = {}): Response {
  const { status } = PROBLEMS[code];
  const body = problemDocument(c, code, details);
  const retry: Record<string, string> = status === 503 ? { "Retry-After": RETRY_AFTER_S } : {};
  return respond(c, status, "application/problem+json", JSON.stringify(body), {
    ...retry,
    ...details.headers,
  });
}

/** The problem that reports a fault. Faults of a Durable Object are marked if the platform caused them: it was moved,
 *  restarted or overloaded. */
export function toFaultCode(fault: unknown): "unavailable" | "internal_error" {
  if (fault instanceof DatabaseUnavailable) return "unavailable";
  const marks = ["retryable", "durableObjectReset", "overloaded"];
  const isMarked = marks.some((mark) => (fault as Record<string, unknown> | null)?.[mark] === true);
  return isMarked ? "unavailable" : "internal_error";
}

/** The problem that reports a refusal of the domain. */
export function toProblem(refusal: Refusal): Problem {
  switch (refusal.code) {
    case "illegal_transition":
      return new Problem(refusal.code, { detail: illegal(refusal) });
    case "charge_may_still_end": {
      const at = new Date(refusal.resolvable_at_ms).toISOString();
      return new Problem(refusal.code, {
        detail: `Resolve the charge after ${at}, when no call to the processor is in progress, or set force to true.`,
      });
    }
    case "idempotency_key_reused":
      return new Problem(refusal.code, {
        detail: `The first request with this idempotency key differs in: ${refusal.fields.join(", ")}.`,
        errors: refusal.fields.map((field) => ({
          pointer: `#/${field}`,
          message: "differs from the first request with this idempotency key",
        })),
      });
    case "invalid_amount": {
      const { fault, currency } = refusal;
      const message = AMOUNT_FAULTS[fault](currency, currencyDecimals(currency));
      return new Problem("invalid_request", {
        detail: `amount ${message}.`,
        errors: [{ pointer: "#/amount", message }],
      });
    }
    case "amount_exceeds_capturable": {
      const { amount_minor, capturable_minor, currency } = refusal;
      return new Problem(refusal.code, {
        detail: `The amount is ${money(amount_minor, currency)}; ${money(capturable_minor, currency)} can be captured.`,
      });
    }
    case "capture_amount_differs": {
      const { first_minor, amount_minor, currency } = refusal;
      return new Problem(refusal.code, {
        detail: `A transaction is captured once. The first capture is of ${money(first_minor, currency)}, this one of ${money(amount_minor, currency)}.`,
      });
    }
    case "refund_exceeds_remaining": {
      const { amount_minor, remaining_minor, currency } = refusal;
      const asked =
        amount_minor === null
          ? "No amount was given"
          : `The amount is ${money(amount_minor, currency)}`;
      return new Problem(refusal.code, {
        detail: `${asked}; ${money(remaining_minor, currency)} is left to refund.`,
      });
    }
    case "amount_not_supported": {
      const { amount_minor, currency, lower_minor, upper_minor } = refusal;
      const nearest = [lower_minor, upper_minor]
        .filter((minor) => minor !== null)
        .map((minor) => money(minor, currency));
      const message = `must be an amount that the processor takes exactly; nearest: ${nearest.join(" and ")}`;
      return new Problem(refusal.code, {
        detail: `The processor cannot take ${money(amount_minor, currency)} exactly. It takes ${nearest.join(" and ")}.`,
        errors: [{ pointer: "#/amount", message }],
      });
    }
    case "currency_not_supported":
      return new Problem(refusal.code, {
        detail: `The deployment's processor does not take ${refusal.currency}.`,
        errors: [{ pointer: "#/currency", message: "must be a currency that the processor takes" }],
      });
    case "payment_method_required":
      return new Problem(refusal.code, {
        detail: "The deployment's processor charges a payment method, and the request names none.",
        errors: [{ pointer: "#/payment_method", message: "is required" }],
      });
    case "too_many_refunds":
      return new Problem(refusal.code, {
        detail: `The transaction has ${MAX_REFUNDS} refunds, the maximum.`,
      });
    case "too_many_attempts":
      return new Problem(refusal.code, {
        detail: `The processor has declined ${MAX_DECLINED} captures and cancellations of the transaction, the maximum.`,
      });
    case "operation_not_supported":
      return new Problem(refusal.code, {
        detail: `The deployment's processor does not support the operation ${refusal.operation} (setting PROCESSOR_OPERATIONS).`,
      });
    case "livemode_mismatch":
      return new Problem(refusal.code, {
        detail: refusal.livemode
          ? "The transaction was created with a live processor; this deployment uses the sandbox (setting PROCESSOR)."
          : "The transaction was created with the sandbox; this deployment uses a live processor (setting PROCESSOR).",
      });
    case "processor_not_configured":
      return new Problem(refusal.code, {
        detail:
          "Set PROCESSOR to `http` or `sandbox`. The transaction is unchanged and can be processed afterwards.",
        headers: { "Retry-After": CONFIGURED_AFTER_S },
      });
    case "transaction_not_found":
    case "refund_not_found":
    case "shard_count_changed":
    case "unavailable":
      return new Problem(refusal.code);
  }
}

/** An amount in major units with its currency. */
function money(amountMinor: number, currency: string): string {
  return `${formatAmount(amountMinor, currencyDecimals(currency))} ${currency}`;
}

const VERBS: Record<Action, string> = {
  submit: "processed",
  cancel: "cancelled",
  block: "blocked",
  hold: "held for review",
  approve: "approved",
  reject: "rejected",
  settle: "settled",
  decline: "declined",
  authorize: "authorized",
  capture: "captured",
  void: "voided",
  release: "released",
  restore: "restored",
  refund: "refunded",
};

function illegal({ status, action }: Refusal & { code: "illegal_transition" }): string {
  return `A transaction with status ${status} cannot be ${VERBS[action]}.`;
}
