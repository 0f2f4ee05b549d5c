/** The console's scripts and styles, which scripts/assets.mjs builds from `browser/`. */
import type { AppContext } from "../../api/context";
import { Problem } from "../../api/http/problem";
import { respond } from "../../api/http/response";
import type { Console } from "./define-page";

export function assetRoutes(app: Console): void {
  app.get("/console/assets/:file", serveAsset);
}

/** A file changes only with a deployment, and its name does not: a browser asks again after a few minutes. */
async function serveAsset(c: AppContext): Promise<Response> {
  const file = new URL(`/console-assets/${c.req.param("file")}`, c.req.url);
  const found = await c.env.ASSETS?.fetch(new Request(file));
  if (!found?.ok) throw new Problem("not_found");
  const contentType = found.headers.get("Content-Type") ?? "application/octet-stream";
  return respond(c, 200, contentType, found.body, { "Cache-Control": "public, max-age=300" });
}
