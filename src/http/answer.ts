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

type Headers = Record<string, string>;

export function answer(
  c: AppContext,
  status: number,
  body: BodyInit | null,
  headers: Headers = {},
): Response {
  const requestId = { "Request-Id": c.get("request_id") };
  const limits = c.get("limit_headers");
  return new Response(body, {
    status,
    headers: { ...PROTECTION, ...requestId, ...limits, ...headers },
  });
}

/** JSON text that is ready already. */
export function answerText(
  c: AppContext,
  status: number,
  json: string,
  headers?: Headers,
): Response {
  return answer(c, status, json, { "Content-Type": "application/json", ...headers });
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
