/** The session of a signed-in browser: a random token in a cookie, of which D1 has the SHA-256. It stands for an API key
 *  or the admin token, by hash, and ends with it. A session is cached by this isolate as API keys are. */
import { waitUntil } from "cloudflare:workers";
import type { AppContext } from "../../api/context";
import {
  findSessionHolder,
  isAdminPrincipal,
  KEY_FRESH_MS,
  KEY_REFRESH_MS,
  KEY_STALE_MS,
} from "../../api/middleware/authenticate";
import type { Principal } from "../../api/middleware/principal";
import {
  deleteSession,
  deleteSessionsOf,
  findSession,
  insertSession,
  type StoredSession,
} from "../../d1/console-sessions";
import type { KeyHolder } from "../../d1/merchants";
import { DatabaseUnavailable, openDatabase } from "../../d1/query";
import { hashSha256Hex, signHmacText } from "../../domain/identity/sha256";
import { formatHex } from "../../domain/text/hex";
import { RefreshedCache } from "../../runtime/cache/refreshed-cache";
import { SingleFlight } from "../../runtime/single-flight";
import { clearSessionCookie, readSessionCookie, setSessionCookie } from "./cookie";

const HOUR_MS = 3_600_000;
const SESSION_MS = 8 * HOUR_MS;
const TOKEN_BYTES = 32;
const LOOKUP_LIMIT_MS = 2_000;
const CACHED_WAIT_MS = 500;
const MAX_CACHED_SESSIONS = 1_000;
const LOOKUPS_WHILE_FAILING = 8;

/** A session that is valid now. */
export type Session = {
  /** SHA-256 of the cookie's token. */
  id: string;
  principal: Principal;
  expires_at_ms: number;
  /** Of an API key's session: the merchant and the scopes that the key has now. */
  holder: KeyHolder | undefined;
  /** Proves that a form was made for this session: a MAC under the cookie's token, which no other site can read. */
  csrf: string;
};

const cache = new RefreshedCache<StoredSession | undefined>({
  refresh_after_ms: KEY_REFRESH_MS,
  fresh_ms: KEY_FRESH_MS,
  usable_ms: KEY_STALE_MS,
  wait_ms: { cached: CACHED_WAIT_MS, uncached: LOOKUP_LIMIT_MS },
  uncached_reads_while_failing: LOOKUPS_WHILE_FAILING,
  max_entries: MAX_CACHED_SESSIONS,
});
const lookups = new SingleFlight<string, StoredSession | undefined>();

/** Removes all sessions from this isolate's cache. */
export function forgetSessions(): void {
  cache.clear();
}

/** Opens a session and sets its cookie. A session that the browser had before ends. @throws DatabaseUnavailable */
export async function openSession(c: AppContext, { kind, credential }: Principal): Promise<void> {
  const token = formatHex(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
  const now = Date.now();
  const expires_at = now + SESSION_MS;
  const db = openDatabase(c.env.DB);
  const earlier = readSessionCookie(c);
  await insertSession(db, { id: toId(token), kind, credential, created_at: now, expires_at });
  if (earlier !== undefined) await end(c, toId(earlier));
  setSessionCookie(c, token, SESSION_MS);
}

/** The request's session. A cookie whose session has ended is deleted.
 *  @returns undefined when there is none; `ended` when the browser had one
 *  @throws Problem, DatabaseUnavailable, DependencyFailing or TimeoutError if it cannot be verified */
export async function findCurrentSession(c: AppContext): Promise<Session | "ended" | undefined> {
  const token = readSessionCookie(c);
  if (token === undefined) return undefined;
  const session = await verify(c, token);
  if (session) return session;
  clearSessionCookie(c);
  return "ended";
}

async function verify(c: AppContext, token: string): Promise<Session | undefined> {
  const id = toId(token);
  const stored = await cache.get(id, {
    reads: lookups,
    read: () => findSession(openDatabase(c.env.DB), id, LOOKUP_LIMIT_MS),
    keep: waitUntil,
  });
  if (!stored || stored.expires_at <= Date.now()) return undefined;
  const principal = { kind: stored.kind, credential: stored.credential };
  const holder = await findSessionHolder(c, principal);
  if (!holder && !isAdminPrincipal(c, principal)) return undefined;
  const csrf = signHmacText(token, "csrf", "hex");
  return { id, principal, expires_at_ms: stored.expires_at, holder, csrf };
}

/** Ends the session and deletes its cookie, which nothing else has: so the browser is signed out also while D1 fails.
 *  @param scope `all`: every session of the same key or token
 *  @returns whether D1 has it */
export async function closeSession(
  c: AppContext,
  session: Session,
  scope: "this" | "all",
): Promise<boolean> {
  clearSessionCookie(c);
  try {
    if (scope === "all") await endAll(c, session.principal.credential);
    else await end(c, session.id);
    return true;
  } catch (fault) {
    if (!(fault instanceof DatabaseUnavailable)) throw fault;
    c.get("log")("warn", "session_end.failed", {});
    return false;
  }
}

async function endAll(c: AppContext, credential: string): Promise<void> {
  await deleteSessionsOf(openDatabase(c.env.DB), credential);
  cache.clear((stored) => stored.credential === credential);
}

async function end(c: AppContext, id: string): Promise<void> {
  await deleteSession(openDatabase(c.env.DB), id);
  cache.clear((stored) => stored.id === id);
}

const toId = (token: string): string => hashSha256Hex(`console-session:${token}`);
