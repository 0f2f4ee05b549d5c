/** The cookies of a session. Scripts cannot read them, and no other site's request carries them. */
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { AppContext } from "../../api/context";

const NAME = "console-session";
const TOKEN = /^[0-9a-f]{64}$/;
/** Where a browser accepts plain HTTP, because nothing leaves the machine. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/** Whether the request came without encryption from this machine, as with `wrangler dev`. */
function isLocal(c: AppContext): boolean {
  const { protocol, hostname } = new URL(c.req.url);
  return protocol === "http:" && LOCAL_HOSTS.includes(hostname);
}

/** `__Host-`: the browser takes the cookie only from this host itself, encrypted, and for all paths (RFC 6265bis,
 *  section 4.1.3.2). */
const prefixOf = (c: AppContext) => (isLocal(c) ? undefined : ("host" as const));

export function readSessionCookie(c: AppContext): string | undefined {
  const token = getCookie(c, NAME, prefixOf(c));
  return token && TOKEN.test(token) ? token : undefined;
}

export function setSessionCookie(c: AppContext, token: string, lifetimeMs: number): void {
  setCookie(c, NAME, token, { ...options(c), maxAge: lifetimeMs / 1_000 });
}

export function clearSessionCookie(c: AppContext): void {
  deleteCookie(c, NAME, options(c));
}

/** The token of the form that was carried out last. */
const LAST_FORM = "console-last-form";
const LAST_FORM_S = 3_600;

/** Whether the form with this token was the last one that this browser had carried out: then it is sent again, by a
 *  reload of the page that it led to. */
export function wasCarriedOut(c: AppContext, token: string): boolean {
  return getCookie(c, LAST_FORM, prefixOf(c)) === token;
}

export function rememberCarriedOut(c: AppContext, token: string): void {
  setCookie(c, LAST_FORM, token, { ...options(c), maxAge: LAST_FORM_S });
}

function options(c: AppContext) {
  const prefix = prefixOf(c);
  return {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: prefix !== undefined,
    ...(prefix && { prefix }),
  } as const;
}
