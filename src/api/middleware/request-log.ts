/** Middleware of every request: an id, a trace, a log line, and checked settings. */
import type { MiddlewareHandler } from "hono";
import { type Config, readConfig } from "../../config";
import { createLog, type Log, traceFields } from "../../observability/log";
import { continueTrace, randomHex } from "../../observability/trace-context";
import { logProcessorMode } from "../../processor/create";
import type { AppContext, AppEnv } from "../context";

/** Assigns an id and a trace to each request, and writes its log line after the response.
 *  @param onFault creates the response for a thrown value that is not an `Error`; Hono handles errors itself */
export function requestLog(
  onFault: (fault: Error, c: AppContext) => Response,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = Date.now();
    const random = randomHex();
    c.set("request_id", `req_${random}`);
    c.set("traceparent", continueTrace(c.req.header("traceparent"), random));
    c.set("log", buildLog(c, "info"));
    try {
      await next();
    } catch {
      // Hono handles an Error. Other thrown values get a response and a log line too.
      c.res = onFault(new TypeError("a value that is not an Error was thrown"), c);
    }
    c.get("log")("info", "request", {
      method: c.req.method,
      route: readRoute(c),
      status: c.res.status,
      duration_ms: Date.now() - startedMs,
      merchant_id: c.get("merchant_id"),
      transaction_id: c.get("transaction_id"),
      outcome: c.get("outcome"),
    });
  };
}

/** Checks the settings after the log is set up, so that wrong settings are logged. */
export const checkSettings: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = readConfig(c.env);
  c.set("config", config);
  if (config.log_level !== "info") c.set("log", buildLog(c, config.log_level));
  logProcessorMode(config, c.get("log"));
  await next();
};

function buildLog(c: AppContext, least: Config["log_level"]): Log {
  const request_id = c.get("request_id");
  return createLog(least, { request_id, ...traceFields(c.get("traceparent")) });
}

/** The pattern of the matched route, never the path itself. */
function readRoute(c: AppContext): string {
  return c.req.matchedRoutes.findLast(({ path }) => path !== "/*")?.path ?? "none";
}
