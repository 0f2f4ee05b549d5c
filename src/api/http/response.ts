/** Builds all responses, each with the request's id and the same security headers. */
import { formatTime } from "../../domain/time/format-time";
import type { AppContext } from "../context";

/** For responses with data: no caching, no framing, no content sniffing. */
const PROTECTION = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
};

/** Header fields of one response. They replace default ones of the same name. */
type OwnHeaders = Record<string, string>;

/** A response without a body, and its headers. */
type Template = { response: Response; headers: Headers };

/** One template for each set of header names. A response overwrites the values of the previous one and copies the
 *  template, because copying headers is cheaper than setting each of them. */
const templates = new Map<string, Template>();

function findTemplate(status: number, type: string, policy: string, own: OwnHeaders): Template {
  // The name includes the own header names, so that no header of another response remains.
  const name = `${status} ${type} ${policy} ${Object.keys(own)}`;
  const known = templates.get(name);
  if (known) return known;
  const response = new Response(null, { status, headers: PROTECTION });
  const { headers } = response;
  if (type) headers.set("Content-Type", type);
  if (policy) headers.set("RateLimit-Policy", policy);
  const template = { response, headers };
  templates.set(name, template);
  return template;
}

/** @param type the media type; empty for a response without a body */
export function respond(
  c: AppContext,
  status: number,
  type: string,
  body: BodyInit | null,
  own: OwnHeaders = {},
): Response {
  const { policies = "", standings = "" } = c.get("quotas") ?? {};
  // The template is shared: nothing may be awaited before it is copied.
  const { response, headers } = findTemplate(status, type, policies, own);
  headers.set("Request-Id", c.get("request_id"));
  if (standings) headers.set("RateLimit", standings);
  else headers.delete("RateLimit");
  for (const name in own) headers.set(name, own[name] ?? "");
  return new Response(body, response);
}

/** A response with serialized JSON. */
export function jsonTextResponse(
  c: AppContext,
  status: number,
  json: string,
  own?: OwnHeaders,
): Response {
  return respond(c, status, "application/json", json, own);
}

export function jsonResponse(c: AppContext, status: number, value: unknown): Response {
  return jsonTextResponse(c, status, JSON.stringify(value));
}

/** A page of items that are serialized JSON. */
export function pageResponse(
  c: AppContext,
  items: string[],
  hasMore: boolean,
  next: string | undefined,
): Response {
  return jsonTextResponse(c, 200, `{${pageMembers(items, hasMore, next)}}`);
}

/** A page from the book.
 *  @param staleSinceMs the time since which changes may be missing; null when none are */
export function bookPageResponse(
  c: AppContext,
  items: string[],
  hasMore: boolean,
  next: string | undefined,
  staleSinceMs: number | null,
): Response {
  const members = pageMembers(items, hasMore, next);
  if (staleSinceMs === null) return jsonTextResponse(c, 200, `{${members},"stale_since":null}`);
  const ageS = Math.max(1, Math.ceil((Date.now() - staleSinceMs) / 1_000));
  const page = `{${members},"stale_since":"${formatTime(staleSinceMs)}"}`;
  return jsonTextResponse(c, 200, page, { "Data-Age": String(ageS) });
}

function pageMembers(items: string[], hasMore: boolean, next: string | undefined): string {
  const nextCursor = JSON.stringify(next ?? null);
  return `"data":[${items.join(",")}],"has_more":${hasMore},"next_cursor":${nextCursor}`;
}
