/** The console: pages for operators, risk analysts and support, rendered by the Worker. A page reads and changes
 *  everything through the API (`http/api-client.ts`), so it can do what its key can, and nothing else. The overview also
 *  reads what has no route: totals of D1, and the state of the shards as the metrics have it. */
import { Hono } from "hono";
import type { AppContext, AppEnv } from "../api/context";
import { checkSettings, requestLog } from "../api/middleware/request-log";
import { describeFault } from "../observability/log";
import { signInRoutes } from "./access/sign-in";
import { assetRoutes } from "./http/assets";
import { NOT_FOUND, type ShownProblem, toShownProblem } from "./http/page-problem";
import { bareProblemPage, problemPage } from "./http/problem-page";
import { merchantPages } from "./merchants/routes";
import { overviewPage } from "./overview/routes";
import { paymentPages } from "./payments/routes";
import { reviewPages } from "./reviews/routes";
import { riskPages } from "./risk/routes";
import { webhookPages } from "./webhooks/routes";

const FAULT: ShownProblem = {
  status: 500,
  title: "Internal error",
  detail: "The page could not be made. The log has the reason under the request's id.",
};

function respondToFault(fault: Error, c: AppContext): Response | Promise<Response> {
  const shown = toShownProblem(fault);
  c.set("outcome", shown?.code ?? (shown ? "refused" : "internal_error"));
  if (shown?.retry_after !== undefined) c.set("retry_after", shown.retry_after);
  if (!shown) c.get("log")("error", "fault", { fault: describeFault(fault) });
  return problemPage(c, shown ?? FAULT);
}

function createConsole(): Hono<AppEnv> {
  // Not strict: a trailing slash is ignored.
  const app = new Hono<AppEnv>({ strict: false });
  app.use(requestLog((_, c) => bareProblemPage(c, FAULT)));
  app.use(checkSettings);
  assetRoutes(app);
  signInRoutes(app);
  overviewPage(app);
  merchantPages(app);
  paymentPages(app);
  webhookPages(app);
  reviewPages(app);
  riskPages(app);
  app.onError(respondToFault);
  app.notFound((c) => {
    c.set("outcome", "not_found");
    return problemPage(c, NOT_FOUND);
  });
  return app;
}

export const console = createConsole();

const CONSOLE_URL = /^https?:\/\/[^/]+\/console(?:[/?#]|$)/;

/** Whether a request is for the console. */
export function isForConsole(request: Request): boolean {
  return CONSOLE_URL.test(request.url);
}
