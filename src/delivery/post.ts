/** One attempt at a delivery: a signed POST, within its time limit, whatever the other side does. */
import { retryAfterMs } from "../domain/retry-after";
import { signWebhook } from "../domain/signature";
import { type AttemptError, type AttemptResult, MAX_RETRY_AFTER_MS } from "../domain/webhook";
import { webhookUrlFault } from "../domain/webhook-url";
import { nextSpan } from "../telemetry/tracing";
import { TimeLimit, within } from "../within";
import type { AttemptOrder } from "./attempts";

/** Covers everything from the connection to the last byte read. */
const ATTEMPT_LIMIT_MS = 5_000;
/** Enough to let a polite answer end; the rest is not read. */
const MAX_ANSWER_BYTES = 1_024;

/** Makes the attempt. Never throws, and never keeps what the receiver has said. */
export async function attempt(
  { url, message_id, body, secrets, traceparent }: AttemptOrder,
  allowInsecure: boolean,
): Promise<AttemptResult> {
  const startedMs = Date.now();
  const ended = (error: AttemptError | null, response?: Response): AttemptResult => ({
    status_code: response?.status ?? null,
    error,
    duration_ms: Date.now() - startedMs,
    retry_after_ms: askedBy(response) ?? 0,
  });
  // Checked when it was stored, and again: rules and settings may have changed since.
  if (webhookUrlFault(url, allowInsecure)) return ended("url_refused");
  const abort = new AbortController();
  try {
    const post = async (): Promise<AttemptResult> => {
      const response = await fetch(url, {
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
      await readSome(response.body);
      return ended(errorOf(response.status), response);
    };
    return await within(ATTEMPT_LIMIT_MS, post());
  } catch (fault) {
    return ended(fault instanceof TimeLimit ? "timeout" : "connection_failed");
  } finally {
    abort.abort();
  }
}

function askedBy(response: Response | undefined): number | undefined {
  return retryAfterMs(response?.headers.get("Retry-After") ?? null, Date.now(), MAX_RETRY_AFTER_MS);
}

const OK = { first: 200, last: 299 };
const REDIRECT = { first: 300, last: 399 };

function errorOf(status: number): AttemptError | null {
  if (status >= OK.first && status <= OK.last) return null;
  return status >= REDIRECT.first && status <= REDIRECT.last ? "redirect" : "http_status";
}

async function readSome(stream: ReadableStream<Uint8Array> | null): Promise<void> {
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) return;
  }
}
