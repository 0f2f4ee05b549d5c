/** Authentication. API keys are read from D1 and cached by this isolate for a short time. If D1 is unavailable, cached
 *  keys remain valid longer, so that payments continue. */
import { waitUntil } from "cloudflare:workers";
import type { MiddlewareHandler } from "hono";
import {
  type DeploymentCounts,
  findKeyHolder,
  type KeyHolder,
  noteKeyUse,
} from "../../d1/merchants";
import { type Database, DatabaseUnavailable, openDatabase } from "../../d1/query";
import { hashApiKey, isApiKey, type Scope } from "../../domain/identity/api-key";
import { DependencyFailing, RefreshedCache } from "../../runtime/cache/refreshed-cache";
import { SingleFlight } from "../../runtime/single-flight";
import { TimeoutError } from "../../runtime/with-timeout";
import type { AppContext, AppEnv } from "../context";
import { Problem } from "../http/problem";
import { countFailedAuth, rejectLimitedAddress } from "./failed-auth-limit";
import { findPrincipal, type Principal } from "./principal";
import { type Kind, limitRequests } from "./rate-limit";

/** A revoked key is refused by every isolate after this long. */
export const KEY_FRESH_MS = 10_000;
/** A cached key remains valid this long while D1 is unavailable. */
export const KEY_STALE_MS = 3_600_000;
/** A key in use is read again at this age. When D1 hangs, the read has timed out before the key is `KEY_FRESH_MS` old,
 *  so that no request waits for D1. */
export const KEY_REFRESH_MS = 5_000;
/** Time limit of a read of D1, longer than any healthy one takes. */
const LOOKUP_LIMIT_MS = 2_000;
/** How long a request waits for D1 that can use the cached key otherwise. */
const CACHED_WAIT_MS = 500;
/** Requests with other keys that wait for D1 while it is known to fail; more would only fill the memory. */
const LOOKUPS_WHILE_FAILING = 32;
const HOUR_MS = 3_600_000;
/** About 2 MB of the isolate's memory. */
const MAX_CACHED_KEYS = 10_000;

type CachedKey = { hash: string; holder: KeyHolder; counts: DeploymentCounts };

/** Cached holders by key. The key itself and not its hash, so that a key is hashed once; it is as exposed here as in the
 *  requests that contain it. */
const keyCache = new RefreshedCache<CachedKey | undefined>({
  refresh_after_ms: KEY_REFRESH_MS,
  fresh_ms: KEY_FRESH_MS,
  usable_ms: KEY_STALE_MS,
  wait_ms: { cached: CACHED_WAIT_MS, uncached: LOOKUP_LIMIT_MS },
  uncached_reads_while_failing: LOOKUPS_WHILE_FAILING,
  max_entries: MAX_CACHED_KEYS,
});
const lookups = new SingleFlight<string, CachedKey | undefined>();

/** Removes the key with this hash, or all keys, from this isolate's cache. */
export function forgetKeys(hash?: string): void {
  keyCache.clear((cached) => hash === undefined || cached.hash === hash);
}

/** Requires a valid API key with `scope`, and consumes the merchant's quotas. */
export function authenticate(scope: Scope, kind: Kind = "request"): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { holder, counts } = await identify(c);
    c.set("merchant_id", holder.merchant_id);
    c.set("book", holder.book);
    c.set("default_currency", holder.default_currency);
    const { transaction_shards, books } = c.get("config");
    if (counts.shards !== transaction_shards) throw new Problem("shard_count_changed");
    if (counts.books > books) throw new Problem("book_count_reduced");
    const limiting = limitRequests(c, kind);
    if (limiting) await limiting;
    if (!holder.scopes.includes(scope)) {
      throw new Problem("scope_missing", {
        detail: `The API key does not have the scope ${scope}.`,
      });
    }
    await next();
  };
}

async function identify(c: AppContext): Promise<CachedKey> {
  const principal = findPrincipal(c.req.raw);
  if (principal) {
    const found = principal.kind === "api_key" && (await findByHash(c, principal.credential));
    if (!found) throw unauthenticated("api_key_invalid");
    return found;
  }
  const header = c.req.header("Authorization");
  const key = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  // A cached key is accepted even if its address is limited because of other clients.
  const isCached = key !== undefined && keyCache.has(key);
  if (!isCached) rejectLimitedAddress(c, "api_key");
  if (!header) {
    const missing = unauthenticated(
      "api_key_missing",
      "Send the header Authorization: Bearer sk_…",
    );
    throw await countFailedAuth(c, "api_key", missing);
  }
  // Only a key with a valid format is read from D1. A cached key was checked before.
  const isPossible = key !== undefined && (isCached || isApiKey(key));
  const found = isPossible ? await lookUp(c, key, () => hashApiKey(key)) : undefined;
  if (!found || hasExpired(found)) {
    throw await countFailedAuth(c, "api_key", unauthenticated("api_key_invalid"));
  }
  return found;
}

function hasExpired({ holder: { expires_at_ms } }: CachedKey): boolean {
  return expires_at_ms !== null && expires_at_ms <= Date.now();
}

/** The holder of the valid key with this hash. @throws Problem if keys cannot be verified */
async function findByHash(c: AppContext, hash: string): Promise<CachedKey | undefined> {
  // No key has this form, so the names of both kinds of entries differ.
  const found = await lookUp(c, `hash ${hash}`, () => hash);
  return found && !hasExpired(found) ? found : undefined;
}

/** The holder that a session's API key has now, or undefined when the key has been revoked or has expired.
 *  @throws Problem if keys cannot be verified */
export async function findSessionHolder(
  c: AppContext,
  { kind, credential }: Principal,
): Promise<KeyHolder | undefined> {
  return kind === "api_key" ? (await findByHash(c, credential))?.holder : undefined;
}

/** Whether a session was opened with the admin token of now. */
export function isAdminPrincipal(c: AppContext, { kind, credential }: Principal): boolean {
  const { admin_token } = c.get("config");
  return kind === "admin" && admin_token !== "" && isSameHash(credential, hashApiKey(admin_token));
}

/** Verifies an API key or the admin token that was entered to sign in. A wrong one counts like one of a request. A right key
 *  takes a request of the merchant's quota, because each session is a row in D1. @throws Problem */
export async function verifyCredential(c: AppContext, text: string): Promise<Principal> {
  const credential = hashApiKey(text);
  const kind = text.startsWith("sk_") ? "api_key" : "admin";
  if (kind === "admin") {
    rejectLimitedAddress(c, "token");
    if (isAdminPrincipal(c, { kind, credential })) return { kind, credential };
    throw await countFailedAuth(c, "token", unauthenticated("admin_token_invalid"));
  }
  rejectLimitedAddress(c, "api_key");
  const found = isApiKey(text) ? await findByHash(c, credential) : undefined;
  if (!found) throw await countFailedAuth(c, "api_key", unauthenticated("api_key_invalid"));
  c.set("merchant_id", found.holder.merchant_id);
  await limitRequests(c, "request");
  return { kind, credential };
}

/** @param hash is called for a key that is not cached */
async function lookUp(
  c: AppContext,
  name: string,
  hash: () => string,
): Promise<CachedKey | undefined> {
  try {
    return await keyCache.get(name, {
      reads: lookups,
      read: (cached) => readKey(c, cached?.hash ?? hash()),
      keep: waitUntil,
    });
  } catch (fault) {
    const isOutage = [DatabaseUnavailable, DependencyFailing, TimeoutError].some(
      (kind) => fault instanceof kind,
    );
    if (!isOutage) throw fault;
    throw new Problem("unavailable", { detail: "API keys cannot be verified at the moment." });
  }
}

async function readKey(c: AppContext, hash: string): Promise<CachedKey | undefined> {
  const { transaction_shards } = c.get("config");
  try {
    const db = openDatabase(c.env.DB);
    const { holder, counts } = await findKeyHolder(db, hash, transaction_shards, LOOKUP_LIMIT_MS);
    if (!holder) return undefined;
    const found = { hash, holder, counts };
    if (!hasExpired(found)) noteUse(db, holder);
    return found;
  } catch (fault) {
    c.get("log")("warn", "key_lookup.failed", {});
    throw fault;
  }
}

/** Notes the hour in which a key is used, which no request waits for. The key is read every few seconds while it is in use,
 *  and once it has the hour nothing is written; if the write fails, the next read repeats it. */
function noteUse(db: Database, { key_id, last_used_at_ms }: KeyHolder): void {
  const now = Date.now();
  const hourStartMs = now - (now % HOUR_MS);
  if (last_used_at_ms !== null && last_used_at_ms >= hourStartMs) return;
  waitUntil(noteKeyUse(db, key_id, hourStartMs).catch(() => undefined));
}

/** Requires the admin token. */
export const authenticateAdmin: MiddlewareHandler<AppEnv> = async (c, next) => {
  const principal = findPrincipal(c.req.raw);
  if (principal && !isAdminPrincipal(c, principal)) throw unauthenticated("admin_token_invalid");
  if (!principal) await requireToken(c, c.get("config").admin_token, "admin_token_invalid");
  await next();
};

/** Requires the metrics token. The admin token is not accepted, so that both roles stay separate. */
export const authenticateMetrics: MiddlewareHandler<AppEnv> = async (c, next) => {
  await requireToken(c, c.get("config").metrics_token, "metrics_token_invalid");
  await next();
};

/** After too many wrong tokens from an address the correct one is refused too, so that guessing cannot succeed. */
async function requireToken(
  c: AppContext,
  expected: string,
  code: "admin_token_invalid" | "metrics_token_invalid",
): Promise<void> {
  rejectLimitedAddress(c, "token");
  if (!hasToken(c, expected)) throw await countFailedAuth(c, "token", unauthenticated(code));
}

/** Whether a request has this token. An empty `expected` never matches. */
function hasToken(c: AppContext, expected: string): boolean {
  const token = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1] ?? "";
  // Comparing hashes of equal length does not leak the token through timing.
  return expected !== "" && isSameHash(hashApiKey(token), hashApiKey(expected));
}

/** Compares in a time that does not depend on where the texts differ. */
export function isSameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}

function unauthenticated(
  code: "api_key_missing" | "api_key_invalid" | "admin_token_invalid" | "metrics_token_invalid",
  detail?: string,
): Problem {
  const error = code === "api_key_missing" ? "" : ', error="invalid_token"';
  return new Problem(code, {
    ...(detail ? { detail } : {}),
    headers: { "WWW-Authenticate": `Bearer realm="payments"${error}` },
  });
}
