#!/usr/bin/env bash
# workerd: the same rows of a Durable Object's SQLite take twice as long by `cursor.toArray()` as by `cursor.raw()`, although the arrays are
# made into the same objects by JavaScript afterwards. Each object of `toArray()` is made member by member from outside of V8's compiled
# code, so `raw()` and a literal are quicker for any table with more than a few columns.
set -euo pipefail
VERSION=5.20261023.2-beta
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "miniflare@$VERSION" node@22

cat > worker.js <<'JS'
import { DurableObject } from "cloudflare:workers";
const ROWS = 20_000;
export class Table extends DurableObject {
  fill() {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE people (id INTEGER PRIMARY KEY, a INT, b INT, c INT, d INT, e INT, text TEXT, f TEXT, g TEXT, h TEXT)");
    sql.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO people SELECT i, i, i, i, i, i, 'a text of row ' || i, NULL, NULL, NULL FROM n`);
  }
  read(how) {
    let characters = 0;
    for (let after = 0; after < ROWS; after += 200) {
      const cursor = this.ctx.storage.sql.exec("SELECT * FROM people WHERE id > ? ORDER BY id LIMIT 200", after);
      const rows =
        how === "raw"
          ? Array.from(cursor.raw(), ([id, a, b, c, d, e, text, f, g, h]) => ({ id, a, b, c, d, e, text, f, g, h }))
          : cursor.toArray();
      for (const { text } of rows) characters += text.length;
    }
    return characters;
  }
}
export default {
  async fetch(request, env) {
    const table = env.TABLE.getByName("one");
    const how = new URL(request.url).pathname.slice(1);
    return Response.json((how === "fill" ? await table.fill() : await table.read(how)) ?? null);
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
  durableObjects: { TABLE: { className: "Table", useSQLite: true } },
}));
const call = async (how) => (await miniflare.dispatchFetch(`http://localhost/${how}`)).json();
const ms = { raw: [], toArray: [] };
const seen = new Set();
await call("fill");
for (let round = 0; round < 12; round++) {
  for (const how of ["raw", "toArray"]) {
    const startedAt = performance.now();
    seen.add(await call(how));
    if (round > 2) ms[how].push(performance.now() - startedAt);
  }
}
await miniflare.dispose();
const median = (all) => all.sort((one, other) => one - other)[Math.floor(all.length / 2)];
const [raw, toArray] = [median(ms.raw), median(ms.toArray)];
console.log(`seen:     raw() ${raw.toFixed(0)} ms, toArray() ${toArray.toFixed(0)} ms: ${(toArray / raw).toFixed(2)} times`);
process.exit(seen.size === 1 && toArray / raw > 1.4 ? 0 : 1);
JS
echo "miniflare $VERSION"
echo "expected: 20,000 rows of 10 columns take as long by toArray() as by raw() and a literal"
node_modules/.bin/node run.mjs
