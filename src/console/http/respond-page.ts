/** Builds the responses of the console. */
import type { AppContext } from "../../api/context";
import { RETRY_AFTER_S } from "../../api/http/problem";
import { respond } from "../../api/http/response";

/** Scripts, styles and data of this origin alone, nothing inline, and no frame. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS = {
  "Content-Security-Policy": POLICY,
  // With no-referrer browsers send forms with `Origin: null`.
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** A page. @param html a whole document */
export function htmlResponse(c: AppContext, status: number, html: string): Response {
  const headers = { ...HEADERS, ...retryHeaders(c, status) };
  return withCookies(c, respond(c, status, "text/html; charset=utf-8", html, headers));
}

/** When a page that is refused for now can be loaded again, in seconds. */
function retryHeaders(c: AppContext, status: number): Record<string, string> {
  if (status !== 429 && status !== 503) return {};
  const wait = c.get("retry_after") ?? (status === 503 ? RETRY_AFTER_S : undefined);
  return wait === undefined ? {} : { "Retry-After": wait };
}

/** Leads the browser to a page of the console with GET, so that loading it again repeats no action. */
export function redirect(c: AppContext, path: string): Response {
  return withCookies(c, respond(c, 303, "", null, { Location: path }));
}

/** Cookies that were set on the context: responses are built apart from it. */
function withCookies(c: AppContext, response: Response): Response {
  for (const cookie of c.res.headers.getSetCookie()) response.headers.append("Set-Cookie", cookie);
  return response;
}
