/** Answers, all made in one place: every one carries the request's id and the same protections. */
import type { AppContext } from "../context";

/** For answers that are data: never cached, never framed, never guessed at. */
const PROTECTION = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
};

/** Headers of one answer, which replace usual ones of the same name. */
type Own = Record<string, string>;

/** An answer without a body, and its headers. */
type Pattern = { response: Response; headers: Headers };

/** One for each set of headers that answers have. An answer writes its values over those of the one before it,
 *  and is a copy of the whole: a runtime copies headers for less than it takes to hand them out. */
const patterns = new Map<string, Pattern>();

function patternOf(status: number, type: string, policy: string, own: Own): Pattern {
  // With the names of what is an answer's own, so that it has nothing that another has left.
  const name = `${status} ${type} ${policy} ${Object.keys(own)}`;
  const known = patterns.get(name);
  if (known) return known;
  const response = new Response(null, { status, headers: PROTECTION });
  const { headers } = response;
  if (type) headers.set("Content-Type", type);
  if (policy) headers.set("RateLimit-Policy", policy);
  const pattern = { response, headers };
  patterns.set(name, pattern);
  return pattern;
}

/** @param type the media type; empty for an answer without a body */
export function respond(
  c: AppContext,
  status: number,
  type: string,
  body: BodyInit | null,
  own: Own = {},
): Response {
  const { policies = "", standings = "" } = c.get("quotas") ?? {};
  // The pattern is everybody's: nothing may be awaited before it is copied.
  const { response, headers } = patternOf(status, type, policies, own);
  headers.set("Request-Id", c.get("request_id"));
  if (standings) headers.set("RateLimit", standings);
  else headers.delete("RateLimit");
  for (const name in own) headers.set(name, own[name] ?? "");
  return new Response(body, response);
}

/** JSON text that is ready already. */
export function jsonTextResponse(c: AppContext, status: number, json: string, own?: Own): Response {
  return respond(c, status, "application/json", json, own);
}

export function jsonResponse(c: AppContext, status: number, value: unknown): Response {
  return jsonTextResponse(c, status, JSON.stringify(value));
}

/** A page of items that are JSON text already; they are not parsed to be written again. */
export function pageResponse(
  c: AppContext,
  items: string[],
  hasMore: boolean,
  next: string | undefined,
): Response {
  const nextCursor = JSON.stringify(next ?? null);
  const page = `{"data":[${items.join(",")}],"has_more":${hasMore},"next_cursor":${nextCursor}}`;
  return jsonTextResponse(c, 200, page);
}

/** A time as answers show it: RFC 3339, UTC, with milliseconds. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
