#!/usr/bin/env bash
# Miniflare's D1 (the binding is workerd's): a typed array is bound by its elements and not by its bytes. Each element is one byte of
# the blob, so larger values lose their upper bits, and a DataView is an empty blob. Nothing is thrown. The SQLite of a Durable
# Object, in the same runtime, stores the bytes.
set -euo pipefail
VERSION=5.20261023.2-beta
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "miniflare@$VERSION" node@22

cat > worker.js <<'JS'
import { DurableObject } from "cloudflare:workers";
const values = () => ({
  uint8: new Uint8Array([1, 2]),
  int16: new Int16Array([1, 258]),
  data_view: new DataView(new Uint8Array([1, 2]).buffer),
});
export class Files extends DurableObject {
  store(name) {
    return this.ctx.storage.sql.exec("SELECT hex(?) AS stored", values()[name]).one().stored;
  }
}
export default {
  async fetch(_, env) {
    const seen = {};
    for (const [name, value] of Object.entries(values())) {
      const d1 = await env.DB.prepare("SELECT hex(?) AS stored").bind(value).first("stored");
      seen[name] = { d1, object: await env.FILES.getByName("one").store(name) };
    }
    return Response.json(seen);
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
  durableObjects: { FILES: { className: "Files", useSQLite: true } },
}));
console.log(await (await miniflare.dispatchFetch("http://localhost/")).text());
await miniflare.dispose();
JS
seen=$(node_modules/.bin/node run.mjs)
echo "miniflare $VERSION"
echo 'expected: {"uint8":{"d1":"0102","object":"0102"},"int16":{"d1":"01000201","object":"01000201"},"data_view":{"d1":"0102","object":"0102"}}'
echo "seen:     $seen"
[ "$seen" = '{"uint8":{"d1":"0102","object":"0102"},"int16":{"d1":"0102","object":"01000201"},"data_view":{"d1":"","object":"0102"}}' ]
