/** What happens to every request before its route: an id, a trace, a log line, and checked settings. */
import type { MiddlewareHandler } from "hono";
import { type Config, readConfig } from "../../config";
import { createLog, type Log, traceFields } from "../../observability/log";
import { continueTrace, randomHex } from "../../observability/trace-context";
import { logProcessorMode } from "../../processor/create";
import type { AppContext, AppEnv } from "../context";

/** Gives each request an id and a trace, and writes its log line when it has its response.
 *  @param onFault makes the response of a value that was thrown and is no `Error`; Hono handles errors itself */
export function requestLog(
  onFault: (fault: Error, c: AppContext) => Response,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = Date.now();
    const drawn = randomHex();
    c.set("request_id", `req_${drawn}`);
    c.set("traceparent", continueTrace(c.req.header("traceparent"), drawn));
    c.set("log", logOf(c, "info"));
    try {
      await next();
    } catch {
      // Hono answers what is an Error. Whatever else is thrown has its line and its answer, too.
      c.res = onFault(new TypeError("something that is no Error was thrown"), c);
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
}

/** Wrong settings stop every request here, where there is already a log to name them. */
export const checkSettings: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = readConfig(c.env);
  c.set("config", config);
  if (config.log_level !== "info") c.set("log", logOf(c, config.log_level));
  logProcessorMode(config, c.get("log"));
  await next();
};

function logOf(c: AppContext, least: Config["log_level"]): Log {
  const request_id = c.get("request_id");
  return createLog(least, { request_id, ...traceFields(c.get("traceparent")) });
}

/** The pattern that matched, never the path itself. */
function routeOf(c: AppContext): string {
  return c.req.matchedRoutes.findLast(({ path }) => path !== "/*")?.path ?? "none";
}
