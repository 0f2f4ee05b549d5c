/** Declaring an operation: its place in openapi.json and its handler, together. */
import { createRoute, type OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Handler, MiddlewareHandler } from "hono";
import type { z } from "zod";
import type { AppContext, AppEnv } from "./context";
import { PROBLEMS, type ProblemCode } from "./problem";
import { Problem } from "./schema";

export type App = OpenAPIHono<AppEnv>;

type Operation = {
  method: "get" | "post" | "put" | "patch" | "delete";
  path: string;
  summary: string;
  description?: string;
  tag: "Transactions" | "Events" | "Risk" | "Webhooks" | "Merchants" | "Operations";
  security?: "api_key" | "admin_token";
  request?: RouteConfig["request"];
  /** Successful statuses with their bodies; undefined for none. */
  answers: Record<number, { description: string; schema?: z.ZodType }>;
  problems: ProblemCode[];
  before?: readonly MiddlewareHandler<AppEnv>[];
  handle: (c: AppContext) => Response | Promise<Response>;
};

/** Problems that every operation behind a credential may answer with. */
const COMMON: Record<"api_key" | "admin_token", ProblemCode[]> = {
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
};

/** What every route that reads a body may answer. */
export const BODY_PROBLEMS = [
  "malformed_json",
  "invalid_request",
  "body_too_large",
  "unsupported_media_type",
] as const satisfies ProblemCode[];

/** A JSON body in the form that openapi.json wants. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema, required = true) {
  return { required, content: { "application/json": { schema } } };
}

export function operation(app: App, given: Operation): void {
  const {
    method,
    path,
    summary,
    description,
    tag,
    security,
    request,
    answers,
    before = [],
  } = given;
  const problems = [...given.problems, ...(security ? COMMON[security] : [])];
  const route = createRoute({
    method,
    path,
    summary,
    ...(description ? { description } : {}),
    tags: [tag],
    ...(security ? { security: [{ [security]: [] }] } : {}),
    ...(request ? { request } : {}),
    responses: { ...successes(answers), ...failures(problems) },
  });
  app.openAPIRegistry.registerPath(route);
  const handler: Handler<AppEnv> = (c) => given.handle(c);
  app.on([method.toUpperCase()], [route.getRoutingPath()], ...before, handler);
}

function successes(answers: Operation["answers"]): RouteConfig["responses"] {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema }]) => [
      status,
      schema ? { description, content: { "application/json": { schema } } } : { description },
    ]),
  );
}

/** Header fields that come with a problem; openapi.ts describes them. */
const FIELDS: Partial<Record<ProblemCode, string[]>> = {
  rate_limited: ["Retry-After", "RateLimit", "RateLimit-Policy"],
  backtest_running: ["Retry-After"],
  too_many_failed_authentications: ["Retry-After"],
  unavailable: ["Retry-After"],
  shard_count_changed: ["Retry-After"],
};

/** Where the fields of these problems are described; nothing when they have none. */
function fieldsOf(codes: ProblemCode[]) {
  const names = new Set(codes.flatMap((code) => FIELDS[code] ?? []));
  if (names.size === 0) return {};
  const entries = [...names].map((name) => [name, { $ref: `#/components/headers/${name}` }]);
  return { headers: Object.fromEntries(entries) };
}

function failures(codes: ProblemCode[]): RouteConfig["responses"] {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\``).join(", "),
        ...fieldsOf(same),
        content: { "application/problem+json": { schema: Problem } },
      },
    ]),
  );
}
