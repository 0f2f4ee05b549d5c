/** One POST to a REST server in front of Kafka, bounded in time and size. The dialects build the body and interpret the
 *  response. */
import type { KafkaRest } from "../config";
import { retryAfterMs } from "../domain/time/retry-after";
import { readLimited } from "../runtime/read-limited";
import { withTimeout } from "../runtime/with-timeout";
import { base64 } from "./base64";

/** Errors are a few hundred bytes, error pages a few thousand. */
const MAX_RESPONSE_BYTES = 65_536;
const MAX_RETRY_AFTER_MS = 300_000;
/** The report on a record: its topic of up to 249 characters and a few numbers. */
const MAX_REPORT_BYTES = 1_024;

export type RestRequest = { path: string; content_type: string; accept: string; body: string };

export type RestResponse = {
  status: number;
  /** Undefined when it is longer than the limit. */
  text: string | undefined;
  retry_after_ms: number | undefined;
  /** The credentials of the request, which must not get into a log. Some servers repeat what they refuse. */
  secrets: string[];
};

/** Sends a request and reads the whole response.
 *  @param reports for how many records the response may hold a report
 *  @throws TimeoutError when the response is not complete in time; whatever `fetch` throws */
export async function sendRequest(
  rest: KafkaRest,
  sending: RestRequest,
  reports: number,
): Promise<RestResponse> {
  const limit = new AbortController();
  const mostBytes = MAX_RESPONSE_BYTES + reports * MAX_REPORT_BYTES;
  try {
    return await withTimeout(rest.timeout_ms, exchange(rest, sending, mostBytes, limit.signal));
  } finally {
    limit.abort();
  }
}

async function exchange(
  rest: KafkaRest,
  { path, content_type, accept, body }: RestRequest,
  mostBytes: number,
  signal: AbortSignal,
): Promise<RestResponse> {
  const token = base64(`${rest.username}:${rest.password}`);
  const response = await fetch(`${rest.url.replace(/\/$/, "")}${path}`, {
    method: "POST",
    redirect: "manual",
    signal,
    headers: {
      "Content-Type": content_type,
      Accept: accept,
      ...(rest.username === "" ? {} : { Authorization: `Basic ${token}` }),
    },
    body,
  });
  const bytes = await readLimited(response.body, mostBytes);
  return {
    status: response.status,
    text: bytes && new TextDecoder().decode(bytes),
    retry_after_ms: retryAfterMs(
      response.headers.get("Retry-After"),
      Date.now(),
      MAX_RETRY_AFTER_MS,
    ),
    secrets: [token, rest.password, rest.username],
  };
}
