import { clientNetwork } from "../../domain/identity/client-address";
import { isDue } from "../../domain/time/clock";
import type { Env } from "../../env";
import { BoundedCache } from "../../runtime/bounded-cache";
import { withTimeout } from "../../runtime/with-timeout";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";

/** API keys by one limiter, the deployment's own tokens by a stricter one. */
export type Credential = "api_key" | "token";

/** As in wrangler.toml, under [[ratelimits]]. */
const PERIOD_MS = 60_000;
const LIMITERS = { api_key: "FAILED_KEYS", token: "FAILED_TOKENS" } as const satisfies Record<
  Credential,
  keyof Env
>;
/** Counting is no reason to keep anybody waiting. */
const COUNT_LIMIT_MS = 500;
/** About 1 MB. An address that is evicted is held back again after its next failure. */
const MAX_HELD_BACK = 10_000;

/** Until when an address is held back, as far as this isolate knows. */
const heldBackUntilMs = new BoundedCache<number>({ max_entries: MAX_HELD_BACK });

/** Lets everyone start anew in this isolate. */
export function resetFailedAuthLimits(): void {
  heldBackUntilMs.clear();
}

/** @throws Problem when the client's address has failed too often in this period */
export function rejectLimitedAddress(c: AppContext, credential: Credential): void {
  if (heldBackUntilMs.size === 0) return;
  const until = heldBackUntilMs.get(nameOf(c, credential)) ?? 0;
  if (!isDue(until, Date.now(), PERIOD_MS)) throw tooMany(until);
}

/** Counts a failure. @returns the problem to answer with: `failure`, or that there were too many */
export async function countFailedAuth(
  c: AppContext,
  credential: Credential,
  failure: Problem,
): Promise<Problem> {
  const name = nameOf(c, credential);
  if (await hasPatience(c, credential, name)) return failure;
  // Whole periods of the clock. Where the limiter's own are others, the next failure finds out.
  const until = (Math.floor(Date.now() / PERIOD_MS) + 1) * PERIOD_MS;
  heldBackUntilMs.set(name, until);
  return tooMany(until);
}

/** Where there is no limiter, or it does not answer, nobody is held back. */
async function hasPatience(c: AppContext, credential: Credential, name: string): Promise<boolean> {
  const limiter = c.env[LIMITERS[credential]];
  if (!limiter) return true;
  try {
    return (await withTimeout(COUNT_LIMIT_MS, limiter.limit({ key: name }))).success;
  } catch {
    c.get("log")("warn", "throttle.failed", {});
    return true;
  }
}

function nameOf(c: AppContext, credential: Credential): string {
  // Cloudflare sets this header itself; what a client sends under its name never arrives.
  return `${credential}:${clientNetwork(c.req.header("CF-Connecting-IP"))}`;
}

function tooMany(untilMs: number): Problem {
  const waitS = Math.max(1, Math.ceil((untilMs - Date.now()) / 1_000));
  return new Problem("too_many_failed_authentications", {
    detail: `Too many failed authentication attempts from this address. Retry in ${waitS} seconds.`,
    headers: { "Retry-After": String(waitS) },
  });
}
