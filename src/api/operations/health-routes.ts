/** Health, the interactive docs and the pages about problems: what is open to everyone. */
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
    summary: "Whether the Worker runs",
    description: "It asks nothing else: see `GET /health/ready` for what it needs.",
    tag: "Operations",
    security: "none",
    answers: { 200: { description: "The Worker is running.", schema: Health } },
    problems: [],
    handle: (c) => jsonResponse(c, 200, { status: "healthy" }),
  });
  defineRoute(app, {
    method: "get",
    path: "/health/ready",
    operationId: "getReadiness",
    summary: "Whether payments can be taken",
    description:
      "Answers within about a second, whatever hangs, with a result that was made a second ago at most and is shared by all who ask. 503 only for what stops payments: an object cannot be reached, the shard count was changed, or no processor is set. `degraded` when something that payments do not wait for is failing: an outbox (the book, webhooks, velocity, the stream), an event that the stream refuses, or a processor that leaves charges without an outcome. `outboxes` tells how far each is behind.",
    tag: "Operations",
    security: "none",
    answers: {
      200: { description: "Ready, or degraded.", schema: Readiness },
      503: { description: "Not ready.", schema: Readiness },
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
    return jsonResponse(c, 200, { code, ...PROBLEMS[code as ProblemCode] }); // hasOwn has just said so.
  });
}

/** A file of the docs page, which may be kept: its content changes only with a deployment. */
async function asset(c: AppContext): Promise<Response> {
  // Without the client's conditions: a file is answered whole or not at all.
  const found = await c.env.ASSETS?.fetch(new Request(c.req.url));
  if (!found?.ok) throw new Problem("not_found");
  const contentType = found.headers.get("Content-Type") ?? "application/octet-stream";
  return respond(c, 200, contentType, found.body, {
    "Cache-Control": "public, max-age=3600",
  });
}
