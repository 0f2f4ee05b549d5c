#!/usr/bin/env bash
# Miniflare's D1: meta.changes of a statement counts the rows that its triggers write too, unlike SQLite's changes(), which D1 returns
# for the same statement when it is selected. So "changes === 1" is no proof that one row was inserted.
set -euo pipefail
VERSION=5.20261023.2-beta
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "miniflare@$VERSION" node@22

cat > worker.js <<'JS'
export default {
  async fetch(_, { DB }) {
    await DB.batch([
      DB.prepare("CREATE TABLE orders (id INTEGER PRIMARY KEY)"),
      DB.prepare("CREATE TABLE log (order_id INTEGER)"),
      DB.prepare("CREATE TRIGGER note AFTER INSERT ON orders BEGIN INSERT INTO log VALUES (NEW.id), (NEW.id); END"),
    ]);
    const [inserted, selected] = await DB.batch([
      DB.prepare("INSERT INTO orders VALUES (1)"),
      DB.prepare("SELECT changes() AS changes"),
    ]);
    return Response.json({ meta: inserted.meta.changes, sqlite: selected.results[0].changes });
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
}));
console.log(await (await miniflare.dispatchFetch("http://localhost/")).text());
await miniflare.dispose();
JS
seen=$(node_modules/.bin/node run.mjs)
echo "miniflare $VERSION"
echo 'expected: {"meta":1,"sqlite":1}'
echo "seen:     $seen"
[ "$seen" = '{"meta":3,"sqlite":1}' ]
