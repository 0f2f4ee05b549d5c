// Errors in the form of Stripe's API. Pure.

type ErrorType = "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";

/** The members of `error` in a response. */
type Members = {
  type: ErrorType;
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  charge?: string;
  payment_intent?: object;
  payment_method?: object;
};

/** `isSaved`: the endpoint had begun, so the response is replayed to the next request with the same idempotency key. */
export class ApiError extends Error {
  readonly status: number;
  readonly members: Members;
  readonly isSaved: boolean;

  constructor(status: number, members: Members, isSaved: boolean) {
    super(members.message);
    this.status = status;
    this.members = members;
    this.isSaved = isSaved;
  }
}

type More = Omit<Partial<Members>, "type" | "message">;

/** A request that failed validation, before the endpoint began. */
export const invalid = (message: string, more: More = {}): ApiError =>
  new ApiError(400, { type: "invalid_request_error", message, ...more }, false);

/** What the request wants is not possible in the object's present state. */
export const notNow = (message: string, more: More = {}): ApiError =>
  new ApiError(400, { type: "invalid_request_error", message, ...more }, true);

export const cardError = (message: string, more: More): ApiError =>
  new ApiError(402, { type: "card_error", message, ...more }, true);

export const missing = (what: string, id: string, param = "id", status = 404): ApiError =>
  new ApiError(
    status,
    {
      type: "invalid_request_error",
      code: "resource_missing",
      message: `No such ${what}: '${id}'`,
      param,
    },
    false,
  );

export const unauthorized = (message: string): ApiError =>
  new ApiError(401, { type: "invalid_request_error", message }, false);

export const rateLimited = (): ApiError =>
  new ApiError(
    429,
    {
      type: "invalid_request_error",
      code: "rate_limit",
      message: "Request rate limit exceeded. Learn more about rate limits in the documentation.",
    },
    false,
  );

export const keyInUse = (key: string): ApiError =>
  new ApiError(
    409,
    {
      type: "invalid_request_error",
      code: "idempotency_key_in_use",
      message: `There is currently another in-progress request using this Idempotent Key: ${key}`,
    },
    false,
  );

export const keyReused = (key: string): ApiError =>
  new ApiError(
    400,
    {
      type: "idempotency_error",
      message:
        "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
        `Try using a key other than '${key}' if you meant to execute a different request.`,
    },
    false,
  );

export const failedInside = (): ApiError =>
  new ApiError(500, { type: "api_error", message: "An unknown error occurred" }, true);
