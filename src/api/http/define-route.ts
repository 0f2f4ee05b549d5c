/** Declaring an operation: its place in openapi.json and its handler, together. */
import { createRoute, type OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Handler, MiddlewareHandler } from "hono";
import type { z } from "zod";
import type { AppContext, AppEnv } from "../context";
import {
  documentRequest,
  type ParsedRequest,
  parseRequest,
  type RequestParts,
} from "./parse-request";
import { PROBLEMS, type ProblemCode } from "./problem";
import { Problem } from "./problem-schema";

export type App = OpenAPIHono<AppEnv>;

/** Groups of operations, each with what openapi.json says of it. */
export const TAGS = {
  Transactions: "Create a payment, charge it once, and find it again.",
  Events: "What happened, in order: of one transaction, and of all.",
  Risk: "The fraud rules, the lists they look at, and the payments that they hold for review.",
  Webhooks: "Endpoints that are sent every event, and the log of what was sent to them.",
  Merchants: "For the operator: merchants and their API keys.",
  Operations: "For the operator: health, and repairs.",
} as const;

/** Header fields of responses. openapi.ts describes each. */
export type HeaderName =
  | "Request-Id"
  | "Location"
  | "Idempotent-Replayed"
  | "Processor-Mode"
  | "Retry-After"
  | "RateLimit"
  | "RateLimit-Policy"
  | "WWW-Authenticate";

/** A successful response: its body, undefined for none, and the header fields that others have not. */
type Answer = {
  description: string;
  schema?: z.ZodType;
  headers?: readonly HeaderName[];
  /** What may be called next with something of this response. */
  links?: Record<string, Link>;
};

/** A link object of OpenAPI: an operation, and where its parameters are in the response. */
type Link = { operationId: string; parameters: Record<string, string>; description: string };

type Security = "api_key" | "admin_token" | "none";

type Operation<Parts extends RequestParts> = {
  method: "get" | "post" | "put" | "patch" | "delete";
  path: string;
  /** A verb and a noun in camelCase. Generated clients name their functions by it, so it must not change. */
  operationId: string;
  summary: string;
  description: string;
  tag: keyof typeof TAGS;
  security: Security;
  /** The parts that the handler receives parsed. */
  request?: Parts;
  /** By status. */
  answers: Record<number, Answer>;
  problems: ProblemCode[];
  /** Runs before the request is parsed: authentication and quotas. */
  before?: readonly MiddlewareHandler<AppEnv>[];
  handle: (c: AppContext, request: ParsedRequest<Parts>) => Response | Promise<Response>;
};

/** Problems that every operation may answer with, by what it asks for. */
const COMMON: Record<Security, ProblemCode[]> = {
  api_key: [
    "api_key_missing",
    "api_key_invalid",
    "scope_missing",
    "rate_limited",
    "too_many_failed_authentications",
    "unavailable",
    "shard_count_changed",
    "internal_error",
  ],
  admin_token: [
    "admin_token_invalid",
    "too_many_failed_authentications",
    "unavailable",
    "internal_error",
  ],
  none: [],
};

/** What every route that reads a body may answer. */
export const BODY_PROBLEMS = [
  "malformed_json",
  "invalid_request",
  "body_too_large",
  "unsupported_media_type",
] as const satisfies ProblemCode[];

/** Adds an operation to `app` and to openapi.json. Its handler runs after `before`, with the parsed request. */
export function defineRoute<Parts extends RequestParts = Record<never, never>>(
  app: App,
  operation: Operation<Parts>,
): void {
  const { method, path, operationId, summary, description, tag, security, answers } = operation;
  const problems = [...operation.problems, ...COMMON[security]];
  const route = createRoute({
    method,
    path,
    operationId,
    summary,
    description,
    tags: [tag],
    // An empty list says that an open operation is meant to be open.
    security: security === "none" ? [] : [{ [security]: [] }],
    ...(operation.request ? { request: documentRequest(operation.request) } : {}),
    responses: { ...successes(answers, security), ...failures(problems, security) },
  });
  app.openAPIRegistry.registerPath(route);
  const parts = operation.request ?? ({} as Parts); // Without a declaration there are no parts.
  const handler: Handler<AppEnv> = async (c) => operation.handle(c, await parseRequest(c, parts));
  app.on([method.toUpperCase()], [route.getRoutingPath()], ...(operation.before ?? []), handler);
}

/** Header fields of every response, by what an operation asks for. */
const COMMON_HEADERS: Record<Security, readonly HeaderName[]> = {
  api_key: ["Request-Id", "RateLimit", "RateLimit-Policy"],
  admin_token: ["Request-Id"],
  none: ["Request-Id"],
};

/** Where header fields are described. */
function headersOf(names: readonly HeaderName[]) {
  const entries = [...new Set(names)].map((name) => [
    name,
    { $ref: `#/components/headers/${name}` },
  ]);
  return { headers: Object.fromEntries(entries) };
}

function successes(answers: Record<number, Answer>, security: Security): RouteConfig["responses"] {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, headers = [], links }]) => [
      status,
      {
        description,
        ...headersOf([...headers, ...COMMON_HEADERS[security]]),
        ...(schema ? { content: { "application/json": { schema } } } : {}),
        ...(links ? { links } : {}),
      },
    ]),
  );
}

/** Header fields that come with a problem. */
const PROBLEM_HEADERS: Partial<Record<ProblemCode, readonly HeaderName[]>> = {
  api_key_missing: ["WWW-Authenticate"],
  api_key_invalid: ["WWW-Authenticate"],
  admin_token_invalid: ["WWW-Authenticate"],
  rate_limited: ["Retry-After"],
  backtest_running: ["Retry-After"],
  too_many_failed_authentications: ["Retry-After"],
  unavailable: ["Retry-After"],
  shard_count_changed: ["Retry-After"],
};
/** These come before anybody knows whose quotas count. */
const UNKNOWN_MERCHANT = new Set<ProblemCode>(["api_key_missing", "api_key_invalid"]);

function failures(codes: ProblemCode[], security: Security): RouteConfig["responses"] {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => {
      const isKnown = same.some((code) => !UNKNOWN_MERCHANT.has(code));
      const common = isKnown ? COMMON_HEADERS[security] : COMMON_HEADERS.none;
      const own = same.flatMap((code) => PROBLEM_HEADERS[code] ?? []);
      return [
        status,
        {
          description: same.map((code) => `\`${code}\``).join(", "),
          ...headersOf([...own, ...common]),
          content: { "application/problem+json": { schema: Problem } },
        },
      ];
    }),
  );
}
