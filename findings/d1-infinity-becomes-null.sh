#!/usr/bin/env bash
# Miniflare's D1 (the binding is workerd's): Infinity is bound as NULL, without an error, because parameters travel as JSON. The SQLite of
# a Durable Object, in the same runtime, binds it as a REAL, so the same query finds other rows.
set -euo pipefail
VERSION=5.20261023.2-beta
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "miniflare@$VERSION" node@22

cat > worker.js <<'JS'
import { DurableObject } from "cloudflare:workers";
const QUERY = "SELECT typeof(?1) AS type, 5 < ?1 AS is_below";
export class Limits extends DurableObject {
  compare(limit) {
    return this.ctx.storage.sql.exec(QUERY, limit).one();
  }
}
export default {
  async fetch(_, env) {
    const d1 = await env.DB.prepare(QUERY).bind(Infinity).first();
    const object = await env.LIMITS.getByName("one").compare(Infinity);
    return Response.json({ d1, object });
  },
};
JS
cat > run.mjs <<'JS'
import { readFileSync } from "node:fs";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
const miniflare = new Miniflare(convertV4MiniflareOptions({
  cf: false,
  modules: true,
  compatibilityDate: "2026-10-01",
  script: readFileSync("worker.js", "utf8"),
  d1Databases: ["DB"],
  durableObjects: { LIMITS: { className: "Limits", useSQLite: true } },
}));
console.log(await (await miniflare.dispatchFetch("http://localhost/")).text());
await miniflare.dispose();
JS
seen=$(node_modules/.bin/node run.mjs)
echo "miniflare $VERSION"
echo 'expected: {"d1":{"type":"real","is_below":1},"object":{"type":"real","is_below":1}}, or an error'
echo "seen:     $seen"
[ "$seen" = '{"d1":{"type":"null","is_below":null},"object":{"type":"real","is_below":1}}' ]
