/** Who is calling. API keys are looked up in D1 and remembered by this isolate for a short time; when D1
 *  cannot be asked, a key that was seen before is served a while longer, so that payments go on. */
import type { MiddlewareHandler } from "hono";
import { findKeyHolder, type KeyHolder } from "../../d1/merchants";
import { DatabaseUnavailable, openDatabase } from "../../d1/query";
import { hashApiKey, isApiKey, type Scope } from "../../domain/identity/api-key";
import { ageMs } from "../../domain/time/clock";
import { BoundedCache } from "../../runtime/bounded-cache";
import { Cooldown } from "../../runtime/cooldown";
import type { AppContext, AppEnv } from "../context";
import { Problem } from "../http/problem";
import { countFailedAuth, rejectLimitedAddress } from "./failed-auth-limit";
import { type Kind, limitRequests } from "./rate-limit";

/** A revoked key is refused everywhere after this long. */
export const KEY_FRESH_MS = 10_000;
/** A key that was good is served this long while D1 cannot say otherwise. */
export const KEY_STALE_MS = 3_600_000;
/** How long a request waits for D1 to say whose key it is: briefly when the key is known from before. */
const LOOKUP_LIMIT_MS = { known: 500, unknown: 2_000 };
/** After D1 has failed, cached keys are served without a lookup for this long. */
const LOOKUP_COOLDOWN_MS = 2_000;
/** About 2 MB of the isolate's memory. */
const MAX_REMEMBERED_KEYS = 10_000;

type Remembered = { hash: string; holder: KeyHolder; shards: number; asked_at_ms: number };

/** By the key itself, so that a request need not hash what the one before it has hashed. It is no further
 *  from being read here than in the requests that carry it. */
const remembered = new BoundedCache<Remembered>({ max_entries: MAX_REMEMBERED_KEYS });
const lookupCooldown = new Cooldown(LOOKUP_COOLDOWN_MS);

/** Drops what this isolate remembers of the key with this hash, or of all keys. */
export function forgetKeys(hash?: string): void {
  remembered.clear((known) => hash === undefined || known.hash === hash);
  lookupCooldown.end();
}

/** Lets a request pass when its key is good for `scope` and its merchant's quotas are not used up. */
export function authenticate(scope: Scope, kind: Kind = "request"): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { holder, shards } = await identify(c);
    c.set("merchant_id", holder.merchant_id);
    c.set("default_currency", holder.default_currency);
    if (shards !== c.get("config").transaction_shards) throw new Problem("shard_count_changed");
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

async function identify(c: AppContext): Promise<Remembered> {
  const header = c.req.header("Authorization");
  const key = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  // A key that was good here before does not suffer for what others send from its address.
  const isKnown = key !== undefined && remembered.has(key);
  if (!isKnown) rejectLimitedAddress(c, "api_key");
  if (!header) {
    const missing = unauthenticated(
      "api_key_missing",
      "Send the header Authorization: Bearer sk_…",
    );
    throw await countFailedAuth(c, "api_key", missing);
  }
  // A remembered key has passed the check of its form; anything else has to before D1 is asked.
  const isPossible = key !== undefined && (isKnown || isApiKey(key));
  const found = isPossible ? await lookUp(c, key) : undefined;
  const { expires_at_ms } = found?.holder ?? { expires_at_ms: 0 };
  if (!found || (expires_at_ms !== null && expires_at_ms <= Date.now())) {
    throw await countFailedAuth(c, "api_key", unauthenticated("api_key_invalid"));
  }
  return found;
}

async function lookUp(c: AppContext, key: string): Promise<Remembered | undefined> {
  const now = Date.now();
  const known = remembered.get(key);
  const age = ageMs(known?.asked_at_ms ?? 0, now);
  const isUsable = age < KEY_FRESH_MS || (age < KEY_STALE_MS && lookupCooldown.isActive(now));
  if (known && isUsable) return known;
  try {
    const { transaction_shards } = c.get("config");
    const db = openDatabase(c.env.DB);
    const limitMs = LOOKUP_LIMIT_MS[known && age < KEY_STALE_MS ? "known" : "unknown"];
    const hash = known?.hash ?? hashApiKey(key);
    const { holder, shards } = await findKeyHolder(db, hash, transaction_shards, limitMs);
    return remember(key, holder && { hash, holder, shards, asked_at_ms: now });
  } catch (fault) {
    if (!(fault instanceof DatabaseUnavailable)) throw fault;
    lookupCooldown.start(Date.now());
    c.get("log")("warn", "key_lookup.failed", {});
    if (known && age < KEY_STALE_MS) return known;
    throw new Problem("unavailable", { detail: "API keys cannot be verified at the moment." });
  }
}

function remember(key: string, found: Remembered | undefined): Remembered | undefined {
  if (found) remembered.set(key, found);
  else remembered.delete(key);
  return found;
}

/** Lets a request pass that carries the admin token. */
export const authenticateAdmin: MiddlewareHandler<AppEnv> = async (c, next) => {
  await requireToken(c, c.get("config").admin_token, "admin_token_invalid");
  await next();
};

/** Lets a request pass that carries the metrics token. The admin token does not: who watches may not act. */
export const authenticateMetrics: MiddlewareHandler<AppEnv> = async (c, next) => {
  await requireToken(c, c.get("config").metrics_token, "metrics_token_invalid");
  await next();
};

/** After too many wrong tokens from an address the right one is not even looked at: a guess must not pay. */
async function requireToken(
  c: AppContext,
  expected: string,
  code: "admin_token_invalid" | "metrics_token_invalid",
): Promise<void> {
  rejectLimitedAddress(c, "token");
  if (!carries(c, expected)) throw await countFailedAuth(c, "token", unauthenticated(code));
}

/** Whether a request carries this token; an empty one is carried by nobody. */
function carries(c: AppContext, expected: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1] ?? "";
  // Hashes have one length and leak nothing by the time it takes to compare them.
  return expected !== "" && sameText(hashApiKey(given), hashApiKey(expected));
}

function sameText(a: string, b: string): boolean {
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
