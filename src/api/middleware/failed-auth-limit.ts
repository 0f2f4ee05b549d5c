/** Limits failed authentications by client address. */
import { clientNetwork } from "../../domain/identity/client-address";
import { isDue } from "../../domain/time/clock";
import type { Env } from "../../env";
import { BoundedCache } from "../../runtime/bounded-cache";
import { withTimeout } from "../../runtime/with-timeout";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";

/** API keys and the processor's signatures have one limiter, the deployment's own tokens a stricter one. */
export type Credential = "api_key" | "signature" | "token";

/** As in wrangler.toml, under [[ratelimits]]. */
const PERIOD_MS = 60_000;
const LIMITERS = {
  api_key: "FAILED_KEYS",
  signature: "FAILED_KEYS",
  token: "FAILED_TOKENS",
} as const satisfies Record<Credential, keyof Env>;
/** A slow limiter must not delay responses. */
const COUNT_LIMIT_MS = 500;
/** About 1 MB. An address that is evicted is limited again after its next failure. */
const MAX_LIMITED = 10_000;

/** The times until which this isolate refuses an address. */
const limitedUntilMs = new BoundedCache<number>({ max_entries: MAX_LIMITED });

/** Removes all limits of this isolate. */
export function resetFailedAuthLimits(): void {
  limitedUntilMs.clear();
}

/** @throws Problem if the client's address has failed too often in this period */
export function rejectLimitedAddress(c: AppContext, credential: Credential): void {
  if (limitedUntilMs.size === 0) return;
  const until = limitedUntilMs.get(buildName(c, credential)) ?? 0;
  if (!isDue(until, Date.now(), PERIOD_MS)) throw tooMany(until);
}

/** Counts a failure. @returns the problem to respond with: `failure`, or that there were too many */
export async function countFailedAuth(
  c: AppContext,
  credential: Credential,
  failure: Problem,
): Promise<Problem> {
  const name = buildName(c, credential);
  if (await isWithinLimit(c, credential, name)) return failure;
  // Periods are aligned to the clock. The limiter's own may differ; the next failure shows it.
  const until = (Math.floor(Date.now() / PERIOD_MS) + 1) * PERIOD_MS;
  limitedUntilMs.set(name, until);
  return tooMany(until);
}

/** Without a limiter, or if it does not respond, every failure is within the limit. */
async function isWithinLimit(
  c: AppContext,
  credential: Credential,
  name: string,
): Promise<boolean> {
  const limiter = c.env[LIMITERS[credential]];
  if (!limiter) return true;
  try {
    return (await withTimeout(COUNT_LIMIT_MS, limiter.limit({ key: name }))).success;
  } catch {
    c.get("log")("warn", "throttle.failed", {});
    return true;
  }
}

function buildName(c: AppContext, credential: Credential): string {
  // Cloudflare sets this header and removes one that a client sends.
  return `${credential}:${clientNetwork(c.req.header("CF-Connecting-IP"))}`;
}

function tooMany(untilMs: number): Problem {
  const waitS = Math.max(1, Math.ceil((untilMs - Date.now()) / 1_000));
  return new Problem("too_many_failed_authentications", {
    detail: `Too many failed authentication attempts from this address. Retry in ${waitS} seconds.`,
    headers: { "Retry-After": String(waitS) },
  });
}
