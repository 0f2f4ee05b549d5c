/** Declares an operation: its description in openapi.json and its handler. */
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

/** Groups of operations, with their descriptions in openapi.json. */
export const TAGS = {
  Transactions: "Create a payment, charge it once, and retrieve it.",
  Refunds: "Money of a completed payment that goes back to the customer.",
  Customers: "Erase a customer's data.",
  Events: "The history of one transaction, or of all transactions, in order.",
  Risk: "Fraud rules, the lists they use, backtests, and reviews of held payments.",
  Webhooks: "Endpoints that receive events, and the log of deliveries.",
  Merchants: "Operator only: merchants and their API keys.",
  Processors: "Called by the payment processor, which reports events.",
  Operations: "Operator only: health checks, reconciliation and repairs.",
} as const;

/** Header fields of responses. openapi.ts describes each. */
export type HeaderName =
  | "Request-Id"
  | "Location"
  | "ETag"
  | "Idempotent-Replayed"
  | "Processor-Mode"
  | "Retry-After"
  | "Data-Age"
  | "RateLimit"
  | "RateLimit-Policy"
  | "WWW-Authenticate";

/** A successful response: its body, if any, and the header fields beyond those of every response. */
type SuccessResponse = {
  description: string;
  schema?: z.ZodType;
  /** The body is bytes of no type. */
  isBinary?: true;
  headers?: readonly HeaderName[];
  /** Operations that can follow, with parameters from this response. */
  links?: Record<string, Link>;
};

/** A link object of OpenAPI: an operation, and where the response contains its parameters. */
type Link = { operationId: string; parameters: Record<string, string>; description: string };

type Security = "api_key" | "admin_token" | "stripe_signature" | "none";

type Operation<Parts extends RequestParts> = {
  method: "get" | "post" | "put" | "patch" | "delete";
  path: string;
  /** A verb and a noun in camelCase. Generated clients name their functions after it, so it must not change. */
  operationId: string;
  summary: string;
  description: string;
  tag: keyof typeof TAGS;
  security: Security;
  /** The parts that the handler receives parsed. */
  request?: Parts;
  /** By status. */
  responses: Record<number, SuccessResponse>;
  problems: ProblemCode[];
  /** Runs before the request is parsed: authentication and quotas. */
  before?: readonly MiddlewareHandler<AppEnv>[];
  handle: (c: AppContext, request: ParsedRequest<Parts>) => Response | Promise<Response>;
};

/** Problems that every operation may return, by its authentication. */
const COMMON: Record<Security, ProblemCode[]> = {
  api_key: [
    "api_key_missing",
    "api_key_invalid",
    "scope_missing",
    "rate_limited",
    "too_many_failed_authentications",
    "unavailable",
    "shard_count_changed",
    "book_count_reduced",
    "internal_error",
  ],
  admin_token: [
    "admin_token_invalid",
    "too_many_failed_authentications",
    "unavailable",
    "internal_error",
  ],
  stripe_signature: ["signature_invalid", "too_many_failed_authentications", "internal_error"],
  none: [],
};

/** Problems that every route with a body may return. */
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
  const { method, path, operationId, summary, description, tag, security, responses } = operation;
  const problems = [...operation.problems, ...COMMON[security]];
  const route = createRoute({
    method,
    path,
    operationId,
    summary,
    description,
    tags: [tag],
    // An empty list declares an operation without authentication.
    security: security === "none" ? [] : [{ [security]: [] }],
    ...(operation.request ? { request: documentRequest(operation.request) } : {}),
    responses: { ...buildSuccesses(responses, security), ...buildFailures(problems, security) },
  });
  app.openAPIRegistry.registerPath(route);
  const parts = operation.request ?? ({} as Parts); // Without a declaration there are no parts.
  const handler: Handler<AppEnv> = async (c) => operation.handle(c, await parseRequest(c, parts));
  app.on([method.toUpperCase()], [route.getRoutingPath()], ...(operation.before ?? []), handler);
}

/** Header fields of every response, by the operation's authentication. */
const COMMON_HEADERS: Record<Security, readonly HeaderName[]> = {
  api_key: ["Request-Id", "RateLimit", "RateLimit-Policy"],
  admin_token: ["Request-Id"],
  stripe_signature: ["Request-Id"],
  none: ["Request-Id"],
};

/** References to the descriptions of header fields. */
function buildHeaderRefs(names: readonly HeaderName[]) {
  const entries = [...new Set(names)].map((name) => [
    name,
    { $ref: `#/components/headers/${name}` },
  ]);
  return { headers: Object.fromEntries(entries) };
}

function buildSuccesses(
  responses: Record<number, SuccessResponse>,
  security: Security,
): RouteConfig["responses"] {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { description, headers = [], links, ...body }]) => [
      status,
      {
        description,
        ...buildHeaderRefs([...headers, ...COMMON_HEADERS[security]]),
        ...buildContent(body),
        ...(links ? { links } : {}),
      },
    ]),
  );
}

function buildContent({ schema, isBinary }: Pick<SuccessResponse, "schema" | "isBinary">) {
  if (isBinary) {
    return { content: { "application/octet-stream": { schema: BINARY } } };
  }
  return schema ? { content: { "application/json": { schema } } } : {};
}

/** The form for which code generators have a type. */
const BINARY = { type: "string", format: "binary" } as const;

/** Additional header fields of a problem. */
const PROBLEM_HEADERS: Partial<Record<ProblemCode, readonly HeaderName[]>> = {
  api_key_missing: ["WWW-Authenticate"],
  api_key_invalid: ["WWW-Authenticate"],
  admin_token_invalid: ["WWW-Authenticate"],
  rate_limited: ["Retry-After"],
  backtest_running: ["Retry-After"],
  too_many_failed_authentications: ["Retry-After"],
  unavailable: ["Retry-After"],
  webhook_secret_missing: ["Retry-After"],
  shard_count_changed: ["Retry-After"],
  book_count_reduced: ["Retry-After"],
};
/** These occur before the merchant is identified, so no quota applies yet. */
const UNKNOWN_MERCHANT = new Set<ProblemCode>(["api_key_missing", "api_key_invalid"]);

function buildFailures(codes: ProblemCode[], security: Security): RouteConfig["responses"] {
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
          ...buildHeaderRefs([...own, ...common]),
          content: { "application/problem+json": { schema: Problem } },
        },
      ];
    }),
  );
}
