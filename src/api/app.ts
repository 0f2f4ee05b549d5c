/** The HTTP face: what happens to every request, and which routes there are. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler, NotFoundHandler } from "hono";
import { type Config, configOf, SettingsFault } from "../config";
import { DatabaseUnavailable } from "../d1/query";
import { faultOf, type Log, logFrom, tracedBy } from "../observability/log";
import { continueTrace, drawnHex } from "../observability/trace-context";
import { announceProcessor } from "../processor/create";
import type { AppContext, AppEnv } from "./context";
import { Problem, problemResponse } from "./http/problem";
import { merchantRoutes } from "./merchants/routes";
import { openRoutes } from "./operations/health-routes";
import { metricsRoute } from "./operations/metrics-route";
import { rebuildRoute } from "./operations/rebuild-route";
import { resolveChargeRoute } from "./operations/resolve-charge-route";
import { riskBacktestRoute } from "./risk/backtest-routes";
import { riskListRoutes } from "./risk/list-routes";
import { riskRuleRoutes } from "./risk/rule-routes";
import { eventRoutes } from "./transactions/event-routes";
import { reviewRoutes } from "./transactions/review-routes";
import { transactionRoutes } from "./transactions/routes";
import { webhookDeliveryRoutes } from "./webhooks/delivery-routes";
import { webhookEndpointRoutes } from "./webhooks/endpoint-routes";

const observe: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedMs = Date.now();
  const drawn = drawnHex();
  c.set("request_id", `req_${drawn}`);
  c.set("traceparent", continueTrace(c.req.header("traceparent"), drawn));
  c.set("log", logOf(c, "info"));
  try {
    await next();
  } catch {
    // Hono answers what is an Error. Whatever else is thrown has its line and its answer, too.
    c.res = answerFault(new TypeError("something that is no Error was thrown"), c);
  }
  c.get("log")("info", "request", {
    method: c.req.method,
    route: routeOf(c),
    status: c.res.status,
    duration_ms: Date.now() - startedMs,
    merchant_id: c.get("merchant_id"),
    transaction_id: c.get("transaction_id"),
    outcome: c.get("outcome"),
  });
};

/** Wrong settings stop every request here, where there is already a log to name them. */
const configure: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = configOf(c.env);
  c.set("config", config);
  if (config.log_level !== "info") c.set("log", logOf(c, config.log_level));
  announceProcessor(config, c.get("log"));
  await next();
};

function logOf(c: AppContext, least: Config["log_level"]): Log {
  const request_id = c.get("request_id");
  return logFrom(least, { request_id, ...tracedBy(c.get("traceparent")) });
}

/** The pattern that matched, never the path itself. */
function routeOf(c: AppContext): string {
  return c.req.matchedRoutes.findLast(({ path }) => path !== "/*")?.path ?? "none";
}

function answerFault(fault: Error, c: AppContext): Response {
  if (fault instanceof Problem) {
    c.set("outcome", fault.code);
    return problemResponse(c, fault.code, fault.details);
  }
  const code =
    fault instanceof DatabaseUnavailable || isPlatformFault(fault)
      ? "unavailable"
      : "internal_error";
  c.set("outcome", code);
  const reason = fault instanceof SettingsFault ? { reason: fault.message } : {};
  c.get("log")("error", "fault", { fault: faultOf(fault), ...reason });
  return problemResponse(c, code);
}

/** Durable Objects say of their faults whether the platform was the cause: moved, restarted or overloaded. */
function isPlatformFault(fault: Error): boolean {
  return ["retryable", "durableObjectReset", "overloaded"].some(
    (sign) => (fault as unknown as Record<string, unknown>)[sign] === true,
  );
}

/** 404, or 405 when the address exists for other methods. */
function nothingHere(app: OpenAPIHono<AppEnv>): NotFoundHandler<AppEnv> {
  return (c) => {
    const { path } = c.req; // Without the one trailing slash that is let pass.
    const methods = app.routes
      .filter((route) => route.method !== "ALL" && matches(route.path, path))
      .flatMap(({ method }) => (method === "GET" ? [method, "HEAD"] : method));
    const code = methods.length > 0 ? "method_not_allowed" : "not_found";
    const allow = [...new Set(methods)].join(", ");
    c.set("outcome", code);
    return problemResponse(c, code, methods.length > 0 ? { headers: { Allow: allow } } : {});
  };
}

function matches(pattern: string, path: string): boolean {
  const parts = path.split("/");
  const names = pattern.split("/");
  return (
    parts.length === names.length &&
    names.every((name, at) => name === parts[at] || (name.startsWith(":") && parts[at] !== ""))
  );
}

function makeApp(): OpenAPIHono<AppEnv> {
  // Not strict: a trailing slash is let pass.
  const app = new OpenAPIHono<AppEnv>({ strict: false });
  app.use(observe);
  app.use(configure);
  transactionRoutes(app);
  reviewRoutes(app);
  eventRoutes(app);
  riskRuleRoutes(app);
  riskListRoutes(app);
  riskBacktestRoute(app);
  webhookEndpointRoutes(app);
  webhookDeliveryRoutes(app);
  merchantRoutes(app);
  openRoutes(app);
  rebuildRoute(app);
  resolveChargeRoute(app);
  metricsRoute(app);
  app.onError(answerFault);
  app.notFound(nothingHere(app));
  return app;
}

export const app = makeApp();
