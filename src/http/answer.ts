/** Answers, all made in one place: every one carries the request's id and the same protections. */
import type { AppContext } from "./context";

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

/** Answers without a body that others are made after, by what many have in common: copying the headers of a
 *  whole answer costs a runtime less than writing them one by one. */
const patterns = new Map<string, Response>();

function patternOf(status: number, type: string, policy: string): Response {
  const name = `${status} ${type} ${policy}`;
  let pattern = patterns.get(name);
  if (!pattern) {
    const headers = new Headers(PROTECTION);
    if (type) headers.set("Content-Type", type);
    if (policy) headers.set("RateLimit-Policy", policy);
    pattern = new Response(null, { status, headers });
    patterns.set(name, pattern);
  }
  return pattern;
}

/** @param type the media type; empty for an answer without a body */
export function answer(
  c: AppContext,
  status: number,
  type: string,
  body: BodyInit | null,
  own?: Own,
): Response {
  const quotas = c.get("quotas");
  const response = new Response(body, patternOf(status, type, quotas?.policies ?? ""));
  const { headers } = response;
  headers.append("Request-Id", c.get("request_id"));
  if (quotas?.standings) headers.append("RateLimit", quotas.standings);
  for (const name in own) headers.set(name, own[name] ?? "");
  return response;
}

/** JSON text that is ready already. */
export function answerText(c: AppContext, status: number, json: string, own?: Own): Response {
  return answer(c, status, "application/json", json, own);
}

export function answerJson(c: AppContext, status: number, value: unknown): Response {
  return answerText(c, status, JSON.stringify(value));
}

/** A page of items that are JSON text already; they are not parsed to be written again. */
export function answerPage(
  c: AppContext,
  items: string[],
  hasMore: boolean,
  next: string | undefined,
): Response {
  const nextCursor = JSON.stringify(next ?? null);
  const page = `{"data":[${items.join(",")}],"has_more":${hasMore},"next_cursor":${nextCursor}}`;
  return answerText(c, 200, page);
}

/** A time as answers show it: RFC 3339, UTC, with milliseconds. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
