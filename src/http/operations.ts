/** Health, the interactive docs and the pages about problems: what is open to everyone. */
import { z } from "@hono/zod-openapi";
import { ask, databaseOf } from "../database/ask";
import { settings } from "../database/schema";
import { answer, answerJson } from "./answer";
import type { AppContext } from "./context";
import { DOCS_PAGE, DOCS_POLICY, DOCS_SCRIPT } from "./docs-page";
import { openApiDocument } from "./openapi";
import { type App, operation } from "./operation";
import { PROBLEMS, Problem, type ProblemCode } from "./problem";

const html = { "Content-Type": "text/html; charset=utf-8" };

/** Readiness is asked often and by machines with limits of their own. */
const CHECK_LIMIT_MS = 1_000;

const Health = z.object({ status: z.literal("ok") }).openapi("Health");
const Dependency = z.enum(["ok", "failing"]);
const Readiness = z
  .object({
    status: z.enum(["ready", "degraded", "unready"]),
    dependencies: z.object({ book: Dependency, transactions: Dependency, velocity: Dependency }),
  })
  .openapi("Readiness");

export function operationsRoutes(app: App): void {
  operation(app, {
    method: "get",
    path: "/health",
    summary: "Whether the Worker runs",
    tag: "Operations",
    answers: { 200: { description: "It does.", schema: Health } },
    problems: [],
    handle: (c) => answerJson(c, 200, { status: "ok" }),
  });
  operation(app, {
    method: "get",
    path: "/health/ready",
    summary: "Whether payments can be taken",
    description:
      "503 when an object cannot be reached. A failing book is `degraded`: payments go on and reach it later.",
    tag: "Operations",
    answers: {
      200: { description: "They can.", schema: Readiness },
      503: { description: "They cannot.", schema: Readiness },
    },
    problems: [],
    handle: ready,
  });
  app.get("/openapi.json", (c) => answerJson(c, 200, openApiDocument(app)));
  app.get("/docs", (c) =>
    answer(c, 200, DOCS_PAGE, { ...html, "Content-Security-Policy": DOCS_POLICY }),
  );
  app.get("/docs/start.js", (c) =>
    answer(c, 200, DOCS_SCRIPT, { "Content-Type": "text/javascript" }),
  );
  app.get("/docs-assets/:file", asset);
  app.get("/problems/:code", (c) => {
    const code = c.req.param("code");
    if (!Object.hasOwn(PROBLEMS, code)) throw new Problem("not_found");
    return answerJson(c, 200, { code, ...PROBLEMS[code as ProblemCode] }); // hasOwn has just said so.
  });
}

async function ready(c: AppContext): Promise<Response> {
  const { transaction_shards } = c.get("config");
  const [book, transactions, velocity] = await Promise.all([
    check(databaseOf(c.env.DB).select().from(settings).limit(1)),
    check(c.env.TRANSACTIONS.getByName(transaction_shards === 0 ? "ready" : "shard-0").ready()),
    check(c.env.VELOCITY.getByName("velocity-0").ready()),
  ]);
  const canPay = transactions === "ok" && velocity === "ok";
  const status = !canPay ? "unready" : book === "ok" ? "ready" : "degraded";
  return answerJson(c, canPay ? 200 : 503, {
    status,
    dependencies: { book, transactions, velocity },
  });
}

async function check(question: PromiseLike<unknown>): Promise<"ok" | "failing"> {
  return ask(question, CHECK_LIMIT_MS).then(
    () => "ok",
    () => "failing",
  );
}

/** A file of the docs page, which may be kept: its content changes only with a deployment. */
async function asset(c: AppContext): Promise<Response> {
  // Without the client's conditions: a file is answered whole or not at all.
  const found = await c.env.ASSETS?.fetch(new Request(c.req.url));
  if (!found?.ok) throw new Problem("not_found");
  const contentType = found.headers.get("Content-Type") ?? "application/octet-stream";
  return answer(c, 200, found.body, {
    "Content-Type": contentType,
    "Cache-Control": "public, max-age=3600",
  });
}
