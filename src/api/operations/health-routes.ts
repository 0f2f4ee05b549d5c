/** Routes without authentication: health, the interactive docs, and the pages about problems. */
import { z } from "@hono/zod-openapi";
import type { AppContext } from "../context";
import { type App, defineRoute } from "../http/define-route";
import { openApiDocument } from "../http/openapi";
import { PROBLEMS, Problem, type ProblemCode } from "../http/problem";
import { jsonResponse, respond } from "../http/response";
import { DOCS_PAGE, DOCS_POLICY, DOCS_SCRIPT, DOCS_STYLE } from "./docs-page";
import { ready } from "./readiness";
import { Readiness } from "./readiness-schema";

const Health = z
  .object({ status: z.literal("healthy").openapi({ example: "healthy" }) })
  .openapi("Health");

export function openRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: "/health",
    operationId: "getHealth",
    summary: "Check that the Worker is running",
    description: "Does not check dependencies. For those, see `GET /health/ready`.",
    tag: "Operations",
    security: "none",
    responses: { 200: { description: "The Worker is running.", schema: Health } },
    problems: [],
    handle: (c) => jsonResponse(c, 200, { status: "healthy" }),
  });
  defineRoute(app, {
    method: "get",
    path: "/health/ready",
    operationId: "getReadiness",
    summary: "Check whether payments can be processed",
    description:
      "Responds within about a second, even if a dependency hangs. The result is shared by all requests for one second. Returns 503 only if payments cannot be processed: a Durable Object is unreachable, the shard count was changed, or no processor is configured. The status is `degraded` if a part fails that payments do not wait for: an outbox (D1, webhooks, velocity or the event stream), an event that the stream rejects, or charges that remain without an outcome. `outboxes` shows the backlog of each outbox.",
    tag: "Operations",
    security: "none",
    responses: {
      200: {
        description: "Payments can be processed: the status is `ready` or `degraded`.",
        schema: Readiness,
      },
      503: {
        description: "Payments cannot be processed: the status is `unready`.",
        schema: Readiness,
      },
    },
    problems: [],
    handle: ready,
  });
  app.get("/", (c) => respond(c, 302, "", null, { Location: "/docs" }));
  app.get("/openapi.json", (c) => jsonResponse(c, 200, openApiDocument(app)));
  app.get("/docs", (c) =>
    respond(c, 200, "text/html; charset=utf-8", DOCS_PAGE, {
      "Content-Security-Policy": DOCS_POLICY,
    }),
  );
  app.get("/docs/start.js", (c) => respond(c, 200, "text/javascript", DOCS_SCRIPT));
  app.get("/docs/style.css", (c) => respond(c, 200, "text/css", DOCS_STYLE));
  app.get("/docs-assets/:file", asset);
  app.get("/problems/:code", (c) => {
    const code = c.req.param("code");
    if (!Object.hasOwn(PROBLEMS, code)) throw new Problem("not_found");
    return jsonResponse(c, 200, { code, ...PROBLEMS[code as ProblemCode] }); // Checked by hasOwn.
  });
}

/** A file of the docs page. It may be cached, because it changes only with a deployment. */
async function asset(c: AppContext): Promise<Response> {
  // The client's conditional and range headers are dropped: a file is always sent whole.
  const found = await c.env.ASSETS?.fetch(new Request(c.req.url));
  if (!found?.ok) throw new Problem("not_found");
  const contentType = found.headers.get("Content-Type") ?? "application/octet-stream";
  return respond(c, 200, contentType, found.body, {
    "Cache-Control": "public, max-age=3600",
  });
}
