/** One attempt at a delivery: a signed POST within a time limit, whatever the receiver does. */
import { retryAfterMs } from "../../domain/time/retry-after";
import { MAX_RETRY_AFTER_MS } from "../../domain/webhook/retry-schedule";
import { signWebhook } from "../../domain/webhook/signature";
import type { AttemptError, AttemptResult } from "../../domain/webhook/webhook";
import { isCallable } from "../../domain/webhook/webhook-url";
import { nextSpan } from "../../observability/trace-context";
import { TimeoutError, withTimeout } from "../../runtime/with-timeout";
import type { AttemptOrder } from "../rpc";

/** From the connection to the end of the headers. The status alone decides. */
const ATTEMPT_LIMIT_MS = 5_000;
/** The body does not matter. It is read so that a receiver can finish writing, up to this size and time: a slow body must
 *  not block the attempt. */
const MAX_BODY_BYTES = 1_024;
export const BODY_LIMIT_MS = 500;

/** Makes the attempt. Never throws, and never stores what the receiver sent. */
export async function sendAttempt(
  { url, message_id, body, secrets, traceparent }: AttemptOrder,
  allowInsecure: boolean,
): Promise<AttemptResult> {
  const startedMs = Date.now();
  const ended = (error: AttemptError | null, response?: Response): AttemptResult => ({
    status_code: response?.status ?? null,
    error,
    duration_ms: Date.now() - startedMs,
    retry_after_ms: readRetryAfterMs(response) ?? 0,
  });
  // Checked again: rules and settings may have changed since the URL was stored.
  if (!isCallable(url, allowInsecure)) return ended("url_refused");
  const abort = new AbortController();
  try {
    const answer = fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "edge-payment-transactions-webhooks/1",
        ...(traceparent ? { traceparent: nextSpan(traceparent) } : {}),
        ...signWebhook(secrets, message_id, Math.floor(startedMs / 1_000), body),
      },
      body,
      redirect: "manual",
      signal: abort.signal,
    });
    const response = await withTimeout(ATTEMPT_LIMIT_MS, answer);
    const result = ended(toAttemptError(response.status), response);
    await drain(response.body);
    return result;
  } catch (fault) {
    return ended(fault instanceof TimeoutError ? "timeout" : "connection_failed");
  } finally {
    abort.abort();
  }
}

function readRetryAfterMs(response: Response | undefined): number | undefined {
  return retryAfterMs(response?.headers.get("Retry-After") ?? null, Date.now(), MAX_RETRY_AFTER_MS);
}

const OK = { first: 200, last: 299 };
const REDIRECT = { first: 300, last: 399 };

function toAttemptError(status: number): AttemptError | null {
  if (status >= OK.first && status <= OK.last) return null;
  return status >= REDIRECT.first && status <= REDIRECT.last ? "redirect" : "http_status";
}

/** Reads some of a body and drops it. A body that is cut off, endless or malformed is no fault. */
async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  const read = async (): Promise<void> => {
    let length = 0;
    for await (const chunk of body ?? []) {
      length += chunk.byteLength;
      if (length > MAX_BODY_BYTES) return;
    }
  };
  await withTimeout(BODY_LIMIT_MS, read()).catch(() => undefined);
}
