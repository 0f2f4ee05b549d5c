/** All error responses (RFC 9457). The codes are a fixed set; docs/problems.md explains each. */
import { DatabaseUnavailable } from "../../d1/query";
import type { Refusal } from "../../domain/transaction/refusal";
import type { AppContext } from "../context";
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
  erasure_not_found: { status: 404, title: "Erasure not found" },
  rule_set_not_found: { status: 404, title: "Version of the fraud rules not found" },
  list_entry_not_found: { status: 404, title: "List entry not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  livemode_mismatch: { status: 409, title: "Transaction belongs to another processor mode" },
  processor_mismatch: { status: 409, title: "Transaction belongs to another processor" },
  customer_erased: { status: 409, title: "Customer's data was erased" },
  illegal_transition: { status: 409, title: "Transition not allowed from the current status" },
  charge_may_still_end: { status: 409, title: "Processor may still report an outcome" },
  operation_not_supported: { status: 409, title: "Operation not supported by the processor" },
  amount_exceeds_capturable: { status: 409, title: "Amount exceeds what is authorized" },
  capture_amount_differs: { status: 409, title: "Already captured with another amount" },
  refund_exceeds_remaining: { status: 409, title: "Amount exceeds what is left to refund" },
  too_many_refunds: { status: 409, title: "Too many refunds" },
  too_many_attempts: { status: 409, title: "Too many declined captures and cancellations" },
  webhook_endpoint_exists: {
    status: 409,
    title: "Webhook endpoint already registered under this idempotency key",
  },
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
  api_key_exists: { status: 409, title: "API key already created" },
  api_key_rolled: { status: 409, title: "API key already replaced" },
  too_many_api_keys: { status: 409, title: "Too many API keys" },
  cursor_expired: { status: 410, title: "Events after the cursor are no longer kept" },
  version_mismatch: { status: 412, title: "Transaction has another version" },
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
  book_move_refused: { status: 409, title: "The merchant cannot be moved there now" },
  book_move_failed: { status: 409, title: "The copy of the merchant's payments is not right" },
  book_count_reduced: { status: 503, title: "Number of books of the deployment reduced" },
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

/** Of a 503. A few seconds are enough for an object to move or a database to fail over. */
export const RETRY_AFTER_S = "2";
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
