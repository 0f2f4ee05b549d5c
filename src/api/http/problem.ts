/** Every way to say no, in the form of RFC 9457. The codes are a closed set; docs/problems.md explains each. */
import type { Refusal } from "../../domain/transaction/refusal";
import type { AppContext } from "../context";
import { respond } from "./response";

type Row = { status: number; title: string };

/** One row per problem; a domain refusal without a row does not compile. */
export const PROBLEMS = {
  malformed_json: { status: 400, title: "The body is not valid JSON" },
  invalid_request: { status: 400, title: "A field of the request is not valid" },
  idempotency_key_missing: { status: 400, title: "The Idempotency-Key header is missing" },
  idempotency_key_invalid: { status: 400, title: "The Idempotency-Key header is not valid" },
  card_number_refused: { status: 400, title: "The request holds a card number" },
  api_key_missing: { status: 401, title: "No API key was sent" },
  api_key_invalid: { status: 401, title: "The API key is not valid" },
  admin_token_invalid: { status: 401, title: "The admin token is missing or not valid" },
  metrics_token_invalid: { status: 401, title: "The metrics token is missing or not valid" },
  scope_missing: { status: 403, title: "The API key may not do this" },
  not_found: { status: 404, title: "There is nothing at this address" },
  transaction_not_found: { status: 404, title: "There is no such transaction" },
  idempotency_key_not_found: { status: 404, title: "No transaction was created under this key" },
  merchant_not_found: { status: 404, title: "There is no such merchant" },
  api_key_not_found: { status: 404, title: "There is no such API key" },
  webhook_endpoint_not_found: { status: 404, title: "There is no such webhook endpoint" },
  webhook_delivery_not_found: { status: 404, title: "There is no such webhook delivery" },
  rule_set_not_found: { status: 404, title: "There is no such version of the fraud rules" },
  list_entry_not_found: { status: 404, title: "There is no such entry on a list" },
  method_not_allowed: { status: 405, title: "This address does not answer to this method" },
  livemode_mismatch: { status: 409, title: "The transaction belongs to another processor mode" },
  illegal_transition: { status: 409, title: "The transaction cannot make this move" },
  charge_may_still_end: { status: 409, title: "The processor may still end this charge itself" },
  too_many_webhook_endpoints: {
    status: 409,
    title: "The merchant has no room for another endpoint",
  },
  rule_set_version_conflict: {
    status: 409,
    title: "The fraud rules have been changed in the meantime",
  },
  too_many_list_entries: {
    status: 409,
    title: "The merchant's lists have no room for another entry",
  },
  api_key_rolled: { status: 409, title: "The API key has been replaced already" },
  too_many_api_keys: { status: 409, title: "The merchant has no room for another API key" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be JSON" },
  idempotency_key_reused: { status: 422, title: "The key was used with another request" },
  rate_limited: { status: 429, title: "The merchant has made too many requests" },
  backtest_running: { status: 429, title: "Another backtest of the merchant is running" },
  too_many_failed_authentications: {
    status: 429,
    title: "There were too many wrong credentials from this address",
  },
  internal_error: { status: 500, title: "Something went wrong on our side" },
  processor_not_configured: { status: 503, title: "No payment processor is configured" },
  unavailable: { status: 503, title: "A part that this needs does not answer right now" },
  shard_count_changed: { status: 503, title: "The deployment's shard count was changed" },
} as const satisfies Record<Refusal["code"], Row> & Record<string, Row>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Where in a request something is wrong: a JSON pointer into the body (`#/amount`), a parameter of the query or
 *  the path, or a header field. */
export type Place = { pointer: string } | { parameter: string } | { header: string };
export type FieldFault = Place & { message: string };

type Details = { detail?: string; errors?: FieldFault[]; headers?: Record<string, string> };

/** Ends the request with a problem. Thrown inside `http/` only; an answer, not a fault. */
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
/** Somebody has to change a setting and deploy. */
const CONFIGURED_AFTER_S = "60";

export function problemResponse(c: AppContext, code: ProblemCode, details: Details = {}): Response {
  const { status, title } = PROBLEMS[code];
  const body = {
    type: new URL(`/problems/${code}`, c.req.url).href,
    title,
    status,
    detail: details.detail ?? `${title}.`,
    code,
    request_id: c.get("request_id"),
    ...(details.errors ? { errors: details.errors } : {}),
  };
  const retry: Record<string, string> = status === 503 ? { "Retry-After": RETRY_AFTER_S } : {};
  return respond(c, status, "application/problem+json", JSON.stringify(body), {
    ...retry,
    ...details.headers,
  });
}

/** How a refusal of the domain is told. */
export function problemOf(refusal: Refusal): Problem {
  switch (refusal.code) {
    case "illegal_transition":
      return new Problem(refusal.code, { detail: illegal(refusal) });
    case "charge_may_still_end": {
      const at = new Date(refusal.resolvable_at_ms).toISOString();
      return new Problem(refusal.code, {
        detail: `It can be resolved after ${at}, when the processor is not being asked; before that only with force.`,
      });
    }
    case "idempotency_key_reused":
      return new Problem(refusal.code, {
        detail: `The first request under this key differs in: ${refusal.fields.join(", ")}.`,
        errors: refusal.fields.map((field) => ({
          pointer: `#/${field}`,
          message: "differs from the first request under this key",
        })),
      });
    case "livemode_mismatch":
      return new Problem(refusal.code, {
        detail: refusal.livemode
          ? "The transaction is live, and this deployment charges with the sandbox (PROCESSOR)."
          : "The transaction was made for the sandbox, and this deployment charges for real (PROCESSOR).",
      });
    case "processor_not_configured":
      return new Problem(refusal.code, {
        detail:
          "Charges need the setting PROCESSOR, `http` or `sandbox`. Nothing has changed: the transaction can be processed once it is set.",
        headers: { "Retry-After": CONFIGURED_AFTER_S },
      });
    case "transaction_not_found":
    case "shard_count_changed":
    case "unavailable":
      return new Problem(refusal.code);
  }
}

const VERBS = {
  submit: "processed",
  cancel: "cancelled",
  block: "blocked",
  hold: "held for review",
  approve: "approved",
  reject: "rejected",
  settle: "settled",
  decline: "declined",
};

function illegal({ status, action }: Refusal & { code: "illegal_transition" }): string {
  const standing = status === "review" ? "in review" : status;
  return `A transaction that is ${standing} cannot be ${VERBS[action]}.`;
}
