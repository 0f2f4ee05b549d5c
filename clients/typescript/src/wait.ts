/** Polls a resource until its outcome is known. */
import { OutcomePendingError, PaymentsCallError } from "./errors.js";
import { getResponse } from "./response.js";
import { pause } from "./signals.js";
import type { CallOptions } from "./transport.js";

const TIMEOUT_MS = 60_000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

export type WaitOptions = {
  /** How long to wait in all. Default: a minute. */
  timeoutMs?: number | undefined;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
};

type Poll<Resource> = {
  /** What is known already, such as the result of a call. */
  known: Resource | undefined;
  get: (options: CallOptions) => Promise<Resource>;
  isOver: (resource: Resource) => boolean;
};

/**
 * Gets the resource again, after `Retry-After` or growing pauses, until it has an outcome.
 * @throws OutcomePendingError, with the resource as it is, if that takes too long or the signal is aborted
 */
export async function waitFor<Resource extends object>(
  { known, get, isOver }: Poll<Resource>,
  { timeoutMs = TIMEOUT_MS, signal }: WaitOptions = {},
): Promise<Resource> {
  const deadlineMs = Date.now() + timeoutMs;
  let resource = known ?? (await get({ signal }));
  for (let polls = 0; !isOver(resource); polls += 1) {
    const growingMs = Math.min(FIRST_DELAY_MS * 2 ** polls, MAX_DELAY_MS);
    const { retryAfterS } = getResponse(resource) ?? {};
    const delayMs = retryAfterS === undefined ? growingMs : retryAfterS * 1000;
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0 || !(await pause(Math.min(delayMs, leftMs), signal))) {
      throw new OutcomePendingError(resource, timeoutMs);
    }
    resource = await getOrKeep(resource, get, signal);
  }
  return resource;
}

/** A get that an abort ends leaves what is known. */
async function getOrKeep<Resource>(
  known: Resource,
  get: Poll<Resource>["get"],
  signal: AbortSignal | undefined,
): Promise<Resource> {
  try {
    return await get({ signal });
  } catch (error) {
    if (signal?.aborted && error instanceof PaymentsCallError) return known;
    throw error;
  }
}
