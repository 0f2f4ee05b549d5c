/** The HTTP API: middleware, routes, and the handling of errors. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { NotFoundHandler } from "hono";
import { SettingsError } from "../config";
import { describeFault } from "../observability/log";
import { archiveRoutes } from "./archive/routes";
import { bookRoutes } from "./books/routes";
import type { AppContext, AppEnv } from "./context";
import { erasureRoutes } from "./erasures/routes";
import { eventRoutes } from "./events/event-routes";
import { Problem, problemResponse, toFaultCode } from "./http/problem";
import { apiKeyRoutes } from "./merchants/api-key-routes";
import { merchantRoutes } from "./merchants/routes";
import { checkSettings, requestLog } from "./middleware/request-log";
import { openRoutes } from "./operations/health-routes";
import { metricsRoute } from "./operations/metrics-route";
import { rebuildRoute } from "./operations/rebuild-route";
import { resolveRoutes } from "./operations/resolve-routes";
import { stripeRoutes } from "./processors/stripe-routes";
import { reconciliationRoutes } from "./reconciliation/routes";
import { refundRoutes } from "./refunds/routes";
import { riskBacktestRoute } from "./risk/backtest-routes";
import { riskListRoutes } from "./risk/list-routes";
import { riskRuleRoutes } from "./risk/rule-routes";
import { batchRoute } from "./transactions/batch-route";
import { captureRoute } from "./transactions/capture-route";
import { reviewRoutes } from "./transactions/review-routes";
import { transactionRoutes } from "./transactions/routes";
import { webhookDeliveryRoutes } from "./webhooks/delivery-routes";
import { webhookEndpointRoutes } from "./webhooks/endpoint-routes";

function respondToFault(fault: Error, c: AppContext): Response {
  if (fault instanceof Problem) {
    c.set("outcome", fault.code);
    return problemResponse(c, fault.code, fault.details);
  }
  const code = toFaultCode(fault);
  c.set("outcome", code);
  const reason = fault instanceof SettingsError ? { reason: fault.message } : {};
  c.get("log")("error", "fault", { fault: describeFault(fault), ...reason });
  return problemResponse(c, code);
}

/** 404, or 405 if the path exists for other methods. */
function respondNotFound(app: OpenAPIHono<AppEnv>): NotFoundHandler<AppEnv> {
  return (c) => {
    const { path } = c.req; // Without the trailing slash that is ignored.
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

function createApp(): OpenAPIHono<AppEnv> {
  // Not strict: a trailing slash is ignored.
  const app = new OpenAPIHono<AppEnv>({ strict: false });
  app.use(requestLog(respondToFault));
  app.use(checkSettings);
  transactionRoutes(app);
  batchRoute(app);
  captureRoute(app);
  refundRoutes(app);
  reviewRoutes(app);
  erasureRoutes(app);
  eventRoutes(app);
  riskRuleRoutes(app);
  riskListRoutes(app);
  riskBacktestRoute(app);
  webhookEndpointRoutes(app);
  webhookDeliveryRoutes(app);
  merchantRoutes(app);
  apiKeyRoutes(app);
  openRoutes(app);
  rebuildRoute(app);
  resolveRoutes(app);
  stripeRoutes(app);
  reconciliationRoutes(app);
  archiveRoutes(app);
  bookRoutes(app);
  metricsRoute(app);
  app.onError(respondToFault);
  app.notFound(respondNotFound(app));
  return app;
}

export const app = createApp();
