#!/usr/bin/env bash
# `wrangler d1 export --local`, the SQL of a D1 database of Miniflare, executed on an empty database.
# Expected: the same rows, as from SQLite's own dump, which is exact.
# Seen with wrangler 4.164.0: a whole number above 2^53, such as a 64-bit id, is another number in the copy, and two such
# ids can become one. A REAL without decimals in a column without a type becomes an INTEGER, so that 7 / 2 is 3 in the
# copy. There is no error. Inside the database, and after `CAST(id AS TEXT)`, both are exact. Needs npm.
set -euo pipefail
VERSION=4.164.0
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "wrangler@$VERSION" > /dev/null
cat > wrangler.toml <<'TOML'
name = "t"
compatibility_date = "2026-10-01"
d1_databases = [
  { binding = "A", database_name = "original", database_id = "a" },
  { binding = "B", database_name = "copy", database_id = "b" },
]
TOML
cat > rows.sql <<'SQL'
CREATE TABLE t (id INTEGER, rate);
INSERT INTO t VALUES (9007199254740993, 7.0);
SQL
export CI=1 WRANGLER_SEND_METRICS=false
d1() { npx wrangler d1 "$@" --local 2> error.log || { cat error.log; exit 1; }; }
d1 execute original --file rows.sql > /dev/null
d1 export original --output dump.sql > /dev/null
d1 execute copy --file dump.sql > /dev/null
look() { d1 execute "$1" --json --command "SELECT CAST(id AS TEXT) || ' ' || (rate / 2) AS v FROM t" | grep -o '"v": ".*"'; }
ORIGINAL=$(look original)
COPY=$(look copy)
echo "wrangler $VERSION: the id, and rate / 2; expected: the same twice"
grep INSERT dump.sql
echo "original: $ORIGINAL"
echo "copy:     $COPY"
[ "$ORIGINAL" = '"v": "9007199254740993 3.5"' ]
[ "$COPY" = '"v": "9007199254740992 3"' ]
