#!/usr/bin/env bash
# D1 (Miniflare): a whole number that is bound to a statement arrives as a REAL, so arithmetic on it is not whole:
# 7 / 2 is 3.5, and a large product loses its last digits. A literal, or CAST(? AS INTEGER), is whole. Columns with
# the affinity INTEGER turn a bound number back into a whole one when it is stored, which hides this.
set -euo pipefail
VERSION=5.20261023.2-beta
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "miniflare@$VERSION"

cat > look.mjs <<'JS'
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    modules: true,
    script: "export default { fetch() { return new Response(); } }",
    d1Databases: ["DB"],
    cf: false,
  }),
);
const db = await miniflare.getD1Database("DB");
const sql = `SELECT typeof(?1) AS type, 7 / ?1 AS bound, 7 / 2 AS literal, 7 / CAST(?1 AS INTEGER) AS cast_,
  CAST(?2 * 4398046511104 + 1 AS TEXT) AS bound_product,
  CAST(CAST(?2 AS INTEGER) * 4398046511104 + 1 AS TEXT) AS cast_product`;
console.log(JSON.stringify(await db.prepare(sql).bind(2, 3000).first()));
await miniflare.dispose();
JS
seen=$(node look.mjs)
echo "miniflare $VERSION"
echo "expected: a bound 2 is an integer; 7 / 2 is 3; 3000 * 2^42 + 1 is 13194139533312001"
echo "seen:     $seen"
expected='{"type":"real","bound":3.5,"literal":3,"cast_":3,"bound_product":"13194139533312000.0","cast_product":"13194139533312001"}'
[ "$seen" = "$expected" ]
