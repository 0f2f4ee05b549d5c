/** What a response has besides its body. */
import { parseRateLimit, type Quota } from "./rate-limit.js";

/** The part of the platform's `Response` that is used. */
export type FetchedResponse = {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
};

export type ResponseDetails = {
  status: number;
  request_id: string | undefined;
  /** Seconds to wait before the next request, if the response says so. A 202 does. */
  retryAfterS: number | undefined;
  /** Whether the idempotency key was used before, so that nothing was created. */
  replayed: boolean;
  /** Whether the sandbox processor is used, so that no money moves. */
  sandbox: boolean;
  /** The merchant's quotas, as in `RateLimit` and `RateLimit-Policy`. */
  quotas: Quota[];
  /** Requests that were sent. */
  attempts: number;
};

const details = new WeakMap<object, ResponseDetails>();

/** Status and header fields of the response that a result of this client came with.
 *  @returns undefined for every other object, also for a copy of a result */
export function getResponse(result: object): ResponseDetails | undefined {
  return details.get(result);
}

/** Keeps what came with a result. */
export function attachResponse(result: object, response: FetchedResponse, attempts: number): void {
  const { headers, status } = response;
  details.set(result, {
    status,
    request_id: headers.get("Request-Id") ?? undefined,
    retryAfterS: readRetryAfter(response),
    replayed: headers.get("Idempotent-Replayed") === "true",
    sandbox: headers.get("Processor-Mode") === "sandbox",
    quotas: parseRateLimit(headers.get("RateLimit"), headers.get("RateLimit-Policy")),
    attempts,
  });
}

/** `Retry-After` in whole seconds. Its other form, a date, is not one that the API sends. */
export function readRetryAfter({ headers }: FetchedResponse): number | undefined {
  const text = headers.get("Retry-After") ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
