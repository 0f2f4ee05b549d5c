/** Requests whose every answer is held against what all answers promise: headers, the form of problems, one
 *  log line, openapi.json. Log lines are collected; texts with `CANARY` in them must never show up there. */
import { describe, expect, it, vi } from "vitest";
import document from "../../openapi.json";
import { app } from "../../src/api/app";
import { PROBLEMS, type ProblemCode } from "../../src/api/http/problem";
import { BASE, type ProblemBody, TRANSACTIONS } from "./api";
import { env, type TestEnv } from "./env";

/** In every free text, key and fault message that these tests send or throw. */
export const CANARY = "canary-5b1f";
/** Long enough that no time, duration or random id holds it by accident. */
export const CANARY_AMOUNT_MINOR = 739_113_791;
export const CANARY_AMOUNT = "7391137.91";

export type Bindings = Partial<Record<keyof TestEnv, unknown>>;
export type Asked = {
  method?: string | undefined;
  /** An API key or the admin token. */
  key?: string;
  headers?: Record<string, string>;
  /** Sent as it is, without a Content-Type of its own. */
  body?: string | Uint8Array | ReadableStream | undefined;
  /** Bindings other than the test's own. */
  env?: Bindings;
};

/** Straight into the app, with its log at its most talkative, and all promises checked. */
export async function ask(path: string, asked: Asked = {}): Promise<Response> {
  const { method = asked.body === undefined ? "GET" : "POST", body } = asked;
  const headers: Record<string, string> = { "Request-Id": "req_of-the-client", ...asked.headers };
  if (asked.key !== undefined) headers.Authorization = `Bearer ${asked.key}`;
  const request = new Request(`${BASE}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? utf8(body) : body }),
  });
  const strict = { LOG_LEVEL: "info", ALLOW_INSECURE_WEBHOOKS: "false" };
  const bindings = { ...env, ...strict, ...asked.env } as TestEnv; // Broken ones on purpose.
  const response = await app.fetch(request, bindings);
  expectHeaders(response, path);
  const said = isProblem(response) ? await expectProblem(response) : undefined;
  if (response.status >= 400 && method !== "HEAD" && path !== "/health/ready") {
    expect(said, `${method} ${path} answered ${response.status}`).toBeDefined();
  }
  expectLogLine(response, method);
  compareWithDocument(method, path, response.status, said?.code);
  return response;
}

const encoder = new TextEncoder();
/** JavaScript strings become bytes here, so that no Content-Type is made up for them. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** A create under a key of this test's own. */
export function createWith(
  key: string,
  idempotencyKey: string,
  body: Asked["body"],
  headers: Record<string, string> = {},
): Promise<Response> {
  const own = { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey };
  return ask(TRANSACTIONS, { key, body, headers: { ...own, ...headers } });
}

export const textOf = async (response: Response): Promise<string> => response.clone().text();
export const jsonOf = async <Body>(response: Response): Promise<Body> =>
  response.clone().json() as Promise<Body>;

/** The problem that an answer must be. @param why says in a failing test which request it was. */
export async function expectRefusal(
  response: Response,
  code: ProblemCode,
  why = "",
): Promise<ProblemBody> {
  expect(`${response.status} ${await textOf(response)}`, why).toContain(`"code":"${code}"`);
  return expectProblem(response);
}

export const pointersOf = ({ errors = [] }: ProblemBody): string[] => [
  ...new Set(errors.flatMap(({ pointer }) => pointer ?? [])),
];

export const parametersOf = ({ errors = [] }: ProblemBody): string[] => [
  ...new Set(errors.flatMap(({ parameter }) => parameter ?? [])),
];

export const headersOf = ({ errors = [] }: ProblemBody): string[] => [
  ...new Set(errors.flatMap(({ header }) => header ?? [])),
];

function isProblem(response: Response): boolean {
  return response.headers.get("Content-Type") === "application/problem+json" && !!response.body;
}

async function expectProblem(response: Response): Promise<ProblemBody> {
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const said = await jsonOf<ProblemBody>(response);
  const { errors, ...rest } = said;
  expect(Object.hasOwn(PROBLEMS, said.code), said.code).toBe(true);
  expect(rest).toEqual({
    type: `${BASE}/problems/${said.code}`,
    ...PROBLEMS[said.code as ProblemCode], // hasOwn has just said so.
    detail: expect.stringMatching(/^\S.*[.…]$/s),
    code: said.code,
    request_id: response.headers.get("Request-Id"),
  });
  expect(said.status).toBe(response.status);
  if (errors !== undefined) {
    expect(errors.length).toBeGreaterThan(0);
    for (const { message, ...place } of errors) {
      expect(message).toMatch(/\S/);
      // One place each, of one kind.
      const [[kind, name] = [], ...others] = Object.entries(place);
      expect(others).toEqual([]);
      expect(["pointer", "parameter", "header"]).toContain(kind);
      if (kind === "pointer") expect(name).toMatch(/^#/);
    }
  }
  if (response.status === 503) expect(response.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
  if (response.status === 401) expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
  return said;
}

const requestIds = new Set<string>();

function expectHeaders({ headers }: Response, path: string): void {
  const id = headers.get("Request-Id") ?? "";
  expect(id).toMatch(/^req_[0-9a-f]{32}$/);
  expect(requestIds.has(id)).toBe(false);
  requestIds.add(id);
  // The docs' scripts and styles are the only thing that may be kept.
  const caching = path.startsWith("/docs-assets/") ? /./ : /^no-store$/;
  expect(headers.get("Cache-Control")).toMatch(caching);
  expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(headers.get("Referrer-Policy")).toBe("no-referrer");
  expect(headers.get("Strict-Transport-Security")).toMatch(/^max-age=[1-9]\d{6,}/);
  const policy = headers.get("Content-Security-Policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  for (const name of ["Access-Control-Allow-Origin", "Server", "X-Powered-By", "Set-Cookie"]) {
    expect(headers.has(name), name).toBe(false);
  }
}

export type LogLine = Record<string, unknown>;
const written: string[] = [];
for (const method of ["log", "info", "debug", "warn", "error"] as const) {
  vi.spyOn(console, method).mockImplementation((...line) => {
    written.push(line.map(String).join(" "));
  });
}

/** All that was logged so far. */
export const logLines = (): LogLine[] => written.map((line) => JSON.parse(line) as LogLine);

/** What the log says of one request. */
export function logOf(requestId: string | null): LogLine[] {
  return written
    .filter((line) => line.includes(String(requestId)))
    .map((line) => JSON.parse(line) as LogLine);
}

const patterns = new Set(["none", ...app.routes.map(({ path }) => path)]);

function expectLogLine(response: Response, method: string): void {
  const id = response.headers.get("Request-Id");
  const lines = logOf(id).filter(({ event }) => event === "request");
  expect(lines).toMatchObject([{ level: "info", request_id: id, method, status: response.status }]);
  const [{ route, duration_ms, time, merchant_id } = {}] = lines;
  // Every response to a caller with a valid key carries its quotas, whatever the status.
  if (merchant_id && response.status !== 503) {
    expect(response.headers.get("RateLimit-Policy")).toMatch(/^"requests";q=\d+;w=\d+/);
  }
  expect(patterns).toContain(route);
  expect(duration_ms).toBeTypeOf("number");
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
}

/** To be called last: nothing in any log line of this file gives anything away. */
function expectQuietLogs(): void {
  expect(written.length).toBeGreaterThanOrEqual(requestIds.size);
  for (const line of written) {
    expect(() => JSON.parse(line), line).not.toThrow();
    for (const secret of [
      CANARY,
      env.ADMIN_TOKEN,
      env.METRICS_TOKEN,
      String(CANARY_AMOUNT_MINOR),
      CANARY_AMOUNT,
    ]) {
      expect(line).not.toContain(secret);
    }
    expect(line).not.toMatch(/sk_[a-z2-7]{8}/i);
    expect(line).not.toMatch(/bearer/i);
  }
}

type Schema = { $ref?: string };
type Operation = {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: object;
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
};

export type Route = { method: string; path: string; operation: Operation };

/** Every operation of the committed document. Its JSON has a type for each path; this is what they share. */
export const operations: Route[] = Object.entries(
  document.paths as unknown as Record<string, Record<string, Operation>>,
).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    operation,
  })),
);

const undocumented = new Set<string>();
const patternOf = (path: string) => new RegExp(`^${path.replace(/\{\w+\}/g, "[^/?]+")}/?(\\?|$)`);

/** Remembers answers that a client could not have expected from reading openapi.json. */
function compareWithDocument(method: string, asked: string, status: number, code?: string): void {
  const route = operations.find((one) => one.method === method && patternOf(one.path).test(asked));
  if (!route) return;
  const documented = route.operation.responses[status];
  if (!documented || (code && !documented.description.includes(`\`${code}\``))) {
    undocumented.add(`${method} ${route.path}: ${status} ${code ?? ""}`);
  }
}

/** To be called last: the answers of this file that openapi.json does not mention. */
const undocumentedAnswers = (): string[] => [...undocumented].sort();

/** Two tests about everything that a file has sent and received. To be called at the end of the file. */
export function checkWholeFile(): void {
  describe("the whole file", () => {
    it("No log line of this file contains a key, a token or a text of a client", () => {
      expectQuietLogs();
    });

    it("openapi.json documents every response that this file received", () => {
      expect(undocumentedAnswers()).toEqual([]);
    });
  });
}
