/** What a call can throw. No error contains the API key. */
import type { OPERATIONS } from "./generated/operations.js";
import type { FieldFault, Problem, ProblemCode, Transaction } from "./generated/schemas.js";

export type OperationId = keyof typeof OPERATIONS;

/** What every error of a call has. */
export type CallDetails = {
  operation: OperationId;
  /** Requests that were sent. */
  attempts: number;
  /** The key of a create or a refund. Use it to repeat the call: a new key can be a second payment. */
  idempotencyKey?: string | undefined;
};

/** The call failed: a `PaymentsError`, a `PaymentsConnectionError` or a `PaymentsResponseError`. */
export abstract class PaymentsCallError extends Error implements CallDetails {
  readonly operation: OperationId;
  readonly attempts: number;
  readonly idempotencyKey: string | undefined;

  constructor(message: string, details: CallDetails, options?: ErrorOptions) {
    super(message, options);
    this.operation = details.operation;
    this.attempts = details.attempts;
    this.idempotencyKey = details.idempotencyKey;
  }
}

/** The API refused the request with a problem (RFC 9457). */
export class PaymentsError extends PaymentsCallError {
  override readonly name: string = "PaymentsError";
  /** Identifies the problem. A later version of the API can have codes that this version does not list. */
  readonly code: ProblemCode | (string & {});
  readonly status: number;
  readonly detail: string;
  /** The faults of the request, each with a `pointer` into the body, a `parameter` or a `header`. */
  readonly errors: readonly FieldFault[];
  /** Names the request in the server's log. */
  readonly request_id: string;
  /** Seconds to wait before a repetition, if the response says so. */
  readonly retryAfterS: number | undefined;

  constructor(problem: Problem, retryAfterS: number | undefined, details: CallDetails) {
    super(`${problem.code}: ${problem.detail}`, details);
    this.code = problem.code;
    this.status = problem.status;
    this.detail = problem.detail;
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
    this.request_id = problem.request_id;
    this.retryAfterS = retryAfterS;
  }
}

/** No complete response arrived. The request may have had its effect: repeat it with the same idempotency key. */
export class PaymentsConnectionError extends PaymentsCallError {
  override readonly name: string = "PaymentsConnectionError";
  readonly reason: "network" | "timeout" | "aborted";

  constructor(
    reason: PaymentsConnectionError["reason"],
    message: string,
    details: CallDetails,
    cause?: unknown,
  ) {
    super(message, details, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** A response that is not one of this API, such as the error page of a proxy. */
export class PaymentsResponseError extends PaymentsCallError {
  override readonly name: string = "PaymentsResponseError";
  readonly status: number;

  constructor(status: number, details: CallDetails) {
    super(`The response with status ${status} is not one of the payments API.`, details);
    this.status = status;
  }
}

/** The outcome was not known in time. It follows later, by webhook or by another get. */
export class OutcomePendingError<Resource = Transaction> extends Error {
  override readonly name: string = "OutcomePendingError";
  /** As it was at the last request. */
  readonly resource: Resource;

  constructor(resource: Resource, timeoutMs: number) {
    super(`The outcome is not known after ${timeoutMs} ms.`);
    this.resource = resource;
  }
}

/** Why an attempt failed: names, messages and codes, without the API key. A `fetch` can put the request into its errors. */
export function redactCause(error: unknown, apiKey: string, depth = 3): Error | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined;
  const redact = (text: unknown) => String(text).replaceAll(apiKey, "[API key]");
  const cause = redactCause(error.cause, apiKey, depth - 1);
  const copy = new Error(redact(error.message), cause && { cause });
  copy.name = redact(error.name);
  // It is the stack of this function.
  delete copy.stack;
  return "code" in error ? Object.assign(copy, { code: redact(error.code) }) : copy;
}
