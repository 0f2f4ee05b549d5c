/** Sends the requests of a call: one, or several while they may be repeated. */
import {
  type CallDetails,
  type OperationId,
  PaymentsConnectionError,
  PaymentsError,
  PaymentsResponseError,
  redactCause,
} from "./errors.js";
import { OPERATIONS } from "./generated/operations.js";
import type { Operations, Problem } from "./generated/schemas.js";
import { attachResponse, type FetchedResponse, readRetryAfter } from "./response.js";
import { retryDelayMs } from "./retry.js";
import { pause, withSignal } from "./signals.js";

/** The platform's `fetch`, or one with the same form, such as that of a service binding. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: AbortSignal;
    redirect: "manual";
  },
) => Promise<FetchedResponse>;

/** Options of a call. */
export type CallOptions = {
  /** Ends the call with a `PaymentsConnectionError`. The request may have had its effect. */
  signal?: AbortSignal | undefined;
  /** Limit for each attempt, in place of the client's. */
  timeoutMs?: number | undefined;
};

/** Options of a call that changes a transaction. */
export type ChangeOptions = CallOptions & {
  /**
   * The `version` of the transaction as it was read. If it has another version, nothing is changed, and the call fails with
   * the `PaymentsError` of code `version_mismatch`. What was done before is not refused when it is repeated.
   */
  ifMatch?: number | undefined;
};

type Part<Id extends OperationId, Name extends string> = Operations[Id] extends {
  [key in Name]: infer Type;
}
  ? Type
  : never;
type Body<Id extends OperationId> = Part<Id, "body">;
export type Query<Id extends OperationId> = Part<Id, "query">;
export type Result<Id extends OperationId> = Operations[Id]["result"];

export type Call<Id extends OperationId> = {
  path?: Record<string, string>;
  query?: Query<Id> | undefined;
  body?: Body<Id> | undefined;
  idempotencyKey?: string;
  options?: ChangeOptions | undefined;
};

/** What `Transport` is made of, checked. */
export type TransportSettings = {
  apiKey: string;
  baseUrl: string;
  fetch: Fetch;
  timeoutMs: number;
  maxRetries: number;
};

type Request = { url: string; method: string; headers: Record<string, string>; body?: string };
/** A response, or why there was none. */
type Attempt = { response: FetchedResponse; text: string } | { error: PaymentsConnectionError };

export class Transport {
  readonly #settings: TransportSettings;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /** Carries out an operation. @throws PaymentsCallError */
  async call<Id extends OperationId>(operation: Id, call: Call<Id>): Promise<Result<Id>> {
    const { maxRetries } = this.#settings;
    const request = this.#build(operation, call);
    const { idempotencyKey, options = {} } = call;
    for (let attempt = 1; ; attempt += 1) {
      const details = { operation, attempts: attempt, idempotencyKey };
      const made = await this.#attempt(request, details, options);
      if ("response" in made && made.response.status >= 200 && made.response.status < 300) {
        return readResult(made.response, made.text, details) as Result<Id>;
      }
      const error = "error" in made ? made.error : this.#readProblem(made, details);
      const isAborted = error instanceof PaymentsConnectionError && error.reason === "aborted";
      if (isAborted || attempt > maxRetries) throw error;
      const failed = {
        operation,
        attempt,
        ...("response" in made && { status: made.response.status }),
        ...(error instanceof PaymentsError && { code: error.code }),
        ...("response" in made && { retryAfterS: readRetryAfter(made.response) }),
      };
      const delayMs = retryDelayMs(failed, Math.random());
      if (delayMs === undefined) throw error;
      // An abort during the pause ends the call with what the last attempt failed with.
      if (!(await pause(delayMs, options.signal))) throw error;
    }
  }

  #build(operation: OperationId, call: Call<OperationId>): Request {
    const { apiKey, baseUrl } = this.#settings;
    const { method, path } = OPERATIONS[operation];
    const { body, idempotencyKey, options: { ifMatch } = {} } = call;
    if (ifMatch !== undefined && !Number.isSafeInteger(ifMatch)) {
      throw new TypeError("ifMatch is the version of a transaction, a number.");
    }
    return {
      url: baseUrl + fillPath(path, call.path ?? {}) + queryText(call.query ?? {}),
      method,
      headers: {
        Accept: "application/json, application/problem+json",
        Authorization: `Bearer ${apiKey}`,
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(idempotencyKey !== undefined && { "Idempotency-Key": idempotencyKey }),
        ...(ifMatch !== undefined && { "If-Match": `"${ifMatch}"` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
  }

  async #attempt(request: Request, details: CallDetails, options: CallOptions): Promise<Attempt> {
    const { fetch, apiKey } = this.#settings;
    const { timeoutMs = this.#settings.timeoutMs, signal } = options;
    const { url, ...init } = request;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    try {
      either.throwIfAborted();
      const sent = fetch(url, { ...init, signal: either, redirect: "manual" });
      const response = await withSignal(sent, either);
      return { response, text: await withSignal(response.text(), either) };
    } catch (error) {
      const fail = (reason: PaymentsConnectionError["reason"], message: string, cause?: unknown) =>
        new PaymentsConnectionError(reason, message, details, cause);
      if (signal?.aborted) return { error: fail("aborted", "The call was aborted.") };
      if (timeout.signal.aborted) {
        return { error: fail("timeout", `No response arrived within ${timeoutMs} ms.`) };
      }
      const cause = redactCause(error, apiKey);
      return { error: fail("network", "The request failed without a response.", cause) };
    } finally {
      clearTimeout(timer);
    }
  }

  #readProblem({ response, text }: { response: FetchedResponse; text: string }, call: CallDetails) {
    const { status } = response;
    const problem = parseJson(text.replaceAll(this.#settings.apiKey, "[API key]"));
    return isProblem(problem)
      ? new PaymentsError(problem, readRetryAfter(response), call)
      : new PaymentsResponseError(status, call);
  }
}

/** The path with its parameters. @throws TypeError if one is not a segment of a path */
function fillPath(path: string, parameters: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (typeof value !== "string" || ["", ".", ".."].includes(value)) {
      throw new TypeError(`The ${name} is missing.`);
    }
    return encodeURIComponent(value);
  });
}

function queryText(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

function readResult(response: FetchedResponse, text: string, details: CallDetails): unknown {
  if (response.status === 204) return undefined;
  const result = parseJson(text);
  if (typeof result !== "object" || result === null) {
    throw new PaymentsResponseError(response.status, details);
  }
  attachResponse(result, response, details.attempts);
  return result;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(value: unknown): value is Problem {
  const { code, status, detail, request_id } = (value ?? {}) as Partial<Problem>;
  return (
    typeof code === "string" &&
    typeof status === "number" &&
    typeof detail === "string" &&
    typeof request_id === "string"
  );
}
