/** The rules of delivering webhooks: what is sent, when it is tried again, and what counts as delivered.
 *  Nothing in here waits or calls. */
import { type Backoff, delayMs } from "../time/backoff";
import { EVENT_TYPES, type EventRecord } from "../transaction/event";

/** What an endpoint can ask for by name. `*` asks for everything. */
export const WEBHOOK_TYPES = [...EVENT_TYPES, "webhook_endpoint.disabled"] as const;
/** One merchant's share of a shared system: every event is held against every endpoint. */
export const MAX_ENDPOINTS = 20;
export const TEST_TYPE = "webhook_endpoint.test";

/** Doubling from a second to twelve hours makes 22 attempts about 78 hours long. */
export const MAX_ATTEMPTS = 22;
const RETRIES: Backoff = { first_ms: 1_000, most_ms: 43_200_000 };
/** Deliveries that failed together must not come back together. */
const JITTER = 0.2;
/** No delivery waits longer for its next attempt. */
export const LONGEST_RETRY_MS = RETRIES.most_ms * (1 + JITTER);
/** The longest wait that a receiver may ask for by `Retry-After`. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** This many failures in a row, and an endpoint is asked by one attempt at a time, after a rest. */
const FAILURES_TO_REST = 10;
export const LONGEST_COOLDOWN_MS = 60_000;
const REST: Backoff = { first_ms: 1_000, most_ms: LONGEST_COOLDOWN_MS };
const MAX_IN_FLIGHT = 20;
/** An endpoint that has failed without a break for this long is disabled. */
export const DISABLE_AFTER_MS = 3 * 86_400_000;
/** Secrets that sign at the same time, at most: whoever rotates in a hurry. */
export const MAX_RETAINED_SECRETS = 5;

/** How an attempt ended. `error` is a word of ours; what the receiver has said is not kept. */
export type AttemptResult = {
  status_code: number | null;
  error: AttemptError | null;
  duration_ms: number;
  /** What the receiver asked for; 0 for nothing. */
  retry_after_ms: number;
};
export type AttemptError =
  | "timeout"
  | "connection_failed"
  | "redirect"
  | "http_status"
  | "url_refused";

/** The body of a webhook: the event with the transaction's own bytes. */
export function webhookBody(type: string, createdAtMs: number, dataText: string): string {
  const timestamp = new Date(createdAtMs).toISOString();
  return `{"type":"${type}","timestamp":"${timestamp}","data":${dataText}}`;
}

/** The URL that a transaction itself names, if it does. */
export function webhookUrlOf(event: EventRecord): string | null {
  if (event.data.includes('"webhook_url":null')) return null;
  return (JSON.parse(event.data) as { webhook_url: string | null }).webhook_url; // Our own text.
}

export function matchesFilter(filter: readonly string[], type: string): boolean {
  return filter.includes("*") || filter.includes(type);
}

/** How long to wait after the `attempts`-th failed attempt.
 *  @param askedMs the receiver's own wish
 *  @param random from 0 to 1. */
export function retryDelayMs(attempts: number, askedMs: number, random: number): number {
  const delay = delayMs(attempts, RETRIES);
  return Math.round(Math.max(delay * (1 - JITTER + 2 * JITTER * random), askedMs));
}

/** How many attempts an endpoint may have under way, by its failures in a row. */
export function inFlightLimit(failures: number): number {
  return needsCooldown(failures) ? 1 : MAX_IN_FLIGHT;
}

/** Whether an endpoint has failed so often in a row that it is to rest. */
export function needsCooldown(failures: number): boolean {
  return failures >= FAILURES_TO_REST;
}

/** How long the `rests`-th rest in a row is. */
export function cooldownMs(rests: number): number {
  return delayMs(rests, REST);
}
