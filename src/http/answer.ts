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

/** Answers without a body, by status, that others are made after: copying the headers of a whole answer costs
 *  a runtime less than reading them one by one. */
const patterns = new Map<number, Response>();

function patternOf(status: number): Response {
  let pattern = patterns.get(status);
  if (!pattern) {
    pattern = new Response(null, { status, headers: PROTECTION });
    patterns.set(status, pattern);
  }
  return pattern;
}

export function answer(
  c: AppContext,
  status: number,
  body: BodyInit | null,
  headers: Headers = {},
): Response {
  const response = new Response(body, patternOf(status));
  response.headers.set("Request-Id", c.get("request_id"));
  setAll(response, c.get("limit_headers"));
  setAll(response, headers);
  return response;
}

function setAll(response: Response, headers: Headers = {}): void {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
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
